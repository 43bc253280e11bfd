-- One row is a kind of crime in the ward asked for, with its share in the city.
-- Reads: chicago.place_cube. Run by: dashboard/site/wards.py. Parameters: ward.

select
    place_cube.primary_type,
    cast(sum(place_cube.crimes) filter (where place_cube.ward = cast(:ward as smallint)) as bigint) as crimes,
    sum(place_cube.crimes) filter (where place_cube.ward = cast(:ward as smallint))
    / sum(sum(place_cube.crimes) filter (where place_cube.ward = cast(:ward as smallint))) over () as share,
    sum(place_cube.crimes) / sum(sum(place_cube.crimes)) over () as city_share
from chicago.place_cube
group by place_cube.primary_type
order by crimes desc nulls last, place_cube.primary_type asc;
