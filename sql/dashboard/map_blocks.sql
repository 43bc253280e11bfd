-- One row is a block with a crime of those asked for, at the middle of its points, in a rectangle of the map.
-- Reads: chicago.crimes_enriched. Run by: dashboard/site/city_map.py, where one looks so near that blocks are apart.
-- Parameters: south, west, north, east (degrees), first_date, last_date, and the filters, which let all through where
-- they are null: kind, violent, time_of_day, district, ward. Of two years at most: those days are found by their index.

select
    crimes_enriched.block,
    cast(avg(crimes_enriched.latitude) as double precision) as latitude,
    cast(avg(crimes_enriched.longitude) as double precision) as longitude,
    count(*) as crimes,
    count(*) filter (where crimes_enriched.is_violent) as violent,
    count(*) filter (where crimes_enriched.arrest) as arrests
from chicago.crimes_enriched
where
    crimes_enriched.date_of_occurrence >= cast(:first_date as date)
    and crimes_enriched.date_of_occurrence < cast(:last_date as date) + 1
    and crimes_enriched.latitude between cast(:south as double precision) and cast(:north as double precision)
    and crimes_enriched.longitude between cast(:west as double precision) and cast(:east as double precision)
    and (cast(:kind as text) is null or crimes_enriched.primary_type = cast(:kind as text))
    and (cast(:violent as boolean) is null or coalesce(crimes_enriched.is_violent, false) = cast(:violent as boolean))
    and (cast(:district as smallint) is null or crimes_enriched.district = cast(:district as smallint))
    and (cast(:ward as smallint) is null or crimes_enriched.ward = cast(:ward as smallint))
    and (cast(:time_of_day as text) is null or crimes_enriched.time_of_day = cast(:time_of_day as text))
group by crimes_enriched.block
order by crimes desc, crimes_enriched.block asc;
