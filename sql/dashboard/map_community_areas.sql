-- One row is a community area, published or estimated of the block, with a crime of those asked for; one, without a
-- place, is those of none.
-- Reads: chicago.crime_community_areas, chicago.crimes_enriched. Run by: dashboard/site/city_map.py.
-- Parameters: first_date, last_date, and the filters, which let all through where they are null: kind, violent,
-- time_of_day, district, ward. Of two years at most: those days are found by their index.

select
    cast(crime_community_areas.community_area as text) as area,
    count(*) as crimes,
    count(*) filter (where crimes_enriched.is_violent) as violent,
    count(*) filter (where crimes_enriched.arrest) as arrests
from chicago.crimes_enriched
-- Left: each crime has one row there; should one be missing, its area is unknown.
left join chicago.crime_community_areas on crimes_enriched.crime_id = crime_community_areas.crime_id
where
    crimes_enriched.date_of_occurrence >= cast(:first_date as date)
    and crimes_enriched.date_of_occurrence < cast(:last_date as date) + 1
    and (cast(:kind as text) is null or crimes_enriched.primary_type = cast(:kind as text))
    and (cast(:violent as boolean) is null or coalesce(crimes_enriched.is_violent, false) = cast(:violent as boolean))
    and (cast(:district as smallint) is null or crimes_enriched.district = cast(:district as smallint))
    and (cast(:ward as smallint) is null or crimes_enriched.ward = cast(:ward as smallint))
    and (cast(:time_of_day as text) is null or crimes_enriched.time_of_day = cast(:time_of_day as text))
group by crime_community_areas.community_area
order by crimes desc, area asc;
