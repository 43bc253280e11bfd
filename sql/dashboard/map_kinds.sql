-- One row is a cell of 1,000 feet with its crimes of all days that are of a kind, or violent, or both.
-- Reads: chicago.crime_map_cells. Run by: dashboard/site/city_map.py, where all days are asked for.
-- The crimes without a point are not counted by kind. Parameters: kind, violent (null: all).

select
    crime_map_cells.cell_x,
    crime_map_cells.cell_y,
    cast(max(crime_map_cells.latitude) as double precision) as latitude,
    cast(max(crime_map_cells.longitude) as double precision) as longitude,
    cast(sum(crime_map_cells.crimes) as bigint) as crimes,
    cast(coalesce(sum(crime_map_cells.crimes) filter (where crime_map_cells.is_violent), 0) as bigint) as violent
from chicago.crime_map_cells
where
    crime_map_cells.cell_x is not null
    and (cast(:kind as text) is null or crime_map_cells.primary_description = cast(:kind as text))
    and (cast(:violent as boolean) is null or crime_map_cells.is_violent = cast(:violent as boolean))
group by crime_map_cells.cell_x, crime_map_cells.cell_y
order by crimes desc, crime_map_cells.cell_x asc, crime_map_cells.cell_y asc;
