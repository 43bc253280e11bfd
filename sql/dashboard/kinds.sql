-- One row is a kind of crime, the most frequent first.
-- Reads: chicago.place_cube. Run by: dashboard/site/city_map.py.

select
    place_cube.primary_type,
    cast(sum(place_cube.crimes) as bigint) as crimes
from chicago.place_cube
group by place_cube.primary_type
order by crimes desc, place_cube.primary_type asc;
