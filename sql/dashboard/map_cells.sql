-- One row is a cell of 1,000 feet with a crime of those asked for; one, without a place, is those that have no point.
-- Reads: chicago.crimes_enriched, chicago.crime_map_totals. Run by: dashboard/site/city_map.py.
-- Parameters: first_date, last_date, and the filters, which let all through where they are null: kind, violent,
-- time_of_day, district, ward. Of two years at most: those days are found by their index.

with cells as (
    select
        crimes_enriched.x_coordinate / 1000 as cell_x,
        crimes_enriched.y_coordinate / 1000 as cell_y,
        avg(crimes_enriched.latitude) as latitude,
        avg(crimes_enriched.longitude) as longitude,
        count(*) as crimes,
        count(*) filter (where crimes_enriched.is_violent) as violent,
        count(*) filter (where crimes_enriched.arrest) as arrests
    from chicago.crimes_enriched
    where
        crimes_enriched.date_of_occurrence >= cast(:first_date as date)
        and crimes_enriched.date_of_occurrence < cast(:last_date as date) + 1
        and (cast(:kind as text) is null or crimes_enriched.primary_type = cast(:kind as text))
        and (
            cast(:violent as boolean) is null
            or coalesce(crimes_enriched.is_violent, false) = cast(:violent as boolean)
        )
        and (cast(:district as smallint) is null or crimes_enriched.district = cast(:district as smallint))
        and (cast(:ward as smallint) is null or crimes_enriched.ward = cast(:ward as smallint))
        and (cast(:time_of_day as text) is null or crimes_enriched.time_of_day = cast(:time_of_day as text))
    group by
        crimes_enriched.x_coordinate / 1000,
        crimes_enriched.y_coordinate / 1000
)

select
    cells.cell_x,
    cells.cell_y,
    -- A cell without a crime before the last run has no counted centre yet: the middle of its crimes stands for it.
    cast(coalesce(crime_map_totals.latitude, cells.latitude) as double precision) as latitude,
    cast(coalesce(crime_map_totals.longitude, cells.longitude) as double precision) as longitude,
    cells.crimes,
    cells.violent,
    cells.arrests
from cells
-- Left: the crimes without a point have no cell, and a new cell is not counted yet.
left join chicago.crime_map_totals
    on
        cells.cell_x = crime_map_totals.cell_x
        and cells.cell_y = crime_map_totals.cell_y
order by cells.crimes desc, cells.cell_x asc, cells.cell_y asc;
