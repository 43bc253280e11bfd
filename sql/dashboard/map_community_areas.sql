-- One row is a community area, published or estimated of the block, with a crime of those asked for; one, without a
-- place, is those of none.
-- Reads: chicago.crimes_enriched, chicago.community_area_estimates, of which crime_community_areas is made too.
-- Run by: dashboard/site/city_map.py.
-- Parameters: first_date, last_date, and the filters, which let all through where they are null: kind, violent,
-- time_of_day, district, ward. Of two years at most: those days are found by their index.

select
    cast(coalesce(crimes_enriched.community_area, estimates.community_area) as text) as area,
    count(*) as crimes,
    count(*) filter (where crimes_enriched.is_violent) as violent,
    count(*) filter (where crimes_enriched.arrest) as arrests
from chicago.crimes_enriched
-- Left: a crime can have no point, or one that was published with its area.
left join chicago.community_area_estimates as estimates
    on crimes_enriched.latitude = estimates.latitude and crimes_enriched.longitude = estimates.longitude
where
    crimes_enriched.date_of_occurrence >= cast(:first_date as date)
    and crimes_enriched.date_of_occurrence < cast(:last_date as date) + 1
    and (cast(:kind as text) is null or crimes_enriched.primary_type = cast(:kind as text))
    and (cast(:violent as boolean) is null or coalesce(crimes_enriched.is_violent, false) = cast(:violent as boolean))
    and (cast(:district as smallint) is null or crimes_enriched.district = cast(:district as smallint))
    and (cast(:ward as smallint) is null or crimes_enriched.ward = cast(:ward as smallint))
    and (cast(:time_of_day as text) is null or crimes_enriched.time_of_day = cast(:time_of_day as text))
group by coalesce(crimes_enriched.community_area, estimates.community_area)
order by crimes desc, area asc;
