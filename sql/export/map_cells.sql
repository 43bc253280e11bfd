-- One row is a cell of the map as a feature of GeoJSON (RFC 7946): the cell's centre in degrees (EPSG:4326), the
-- number of its crimes, and of each kind. The crimes without coordinates are on no map.
-- Reads: chicago.crime_map_cells. Run by: tasks/commands/export.py.

with kinds as (
    select
        crime_map_cells.cell_x,
        crime_map_cells.cell_y,
        crime_map_cells.longitude,
        crime_map_cells.latitude,
        crime_map_cells.primary_description,
        sum(crime_map_cells.crimes) as crimes,
        sum(crime_map_cells.crimes) filter (where crime_map_cells.is_violent) as violent,
        max(crime_map_cells.latest_date) as latest_date
    from chicago.crime_map_cells
    where crime_map_cells.cell_x is not null
    group by
        crime_map_cells.cell_x,
        crime_map_cells.cell_y,
        crime_map_cells.longitude,
        crime_map_cells.latitude,
        crime_map_cells.primary_description
)

select
    cast(
        json_build_object(
            'type', 'Feature',
            'id', kinds.cell_x || '-' || kinds.cell_y,
            'geometry', json_build_object(
                'type', 'Point', 'coordinates', json_build_array(kinds.longitude, kinds.latitude)
            ),
            'properties', json_build_object(
                'cell_x', kinds.cell_x,
                'cell_y', kinds.cell_y,
                'cell_feet', 1000,
                'crimes', sum(kinds.crimes),
                'violent', coalesce(sum(kinds.violent), 0),
                'latest_date', max(kinds.latest_date),
                'kinds', json_object_agg(
                    kinds.primary_description, kinds.crimes
                    order by kinds.crimes desc, kinds.primary_description asc
                )
            )
        ) as text
    ) as feature
from kinds
group by kinds.cell_x, kinds.cell_y, kinds.longitude, kinds.latitude
order by kinds.cell_x, kinds.cell_y;
