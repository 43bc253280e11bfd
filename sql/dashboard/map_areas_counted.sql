-- One row is a police district, beat or ward with its crimes of all days held; one, without a place, is those of none.
-- Reads: chicago.place_cube. Run by: dashboard/site/city_map.py, where all days are asked for.
-- Parameters: layer (district, beat or ward), kind, violent (null: all).

with crimes as (
    select
        case cast(:layer as text)
            when 'district' then cast(place_cube.district as text)
            when 'beat' then place_cube.beat
            when 'ward' then cast(place_cube.ward as text)
        end as area,
        place_cube.is_violent,
        place_cube.crimes,
        place_cube.arrests
    from chicago.place_cube
    where
        (cast(:kind as text) is null or place_cube.primary_type = cast(:kind as text))
        and (cast(:violent as boolean) is null or place_cube.is_violent = cast(:violent as boolean))
)

select
    crimes.area,
    cast(sum(crimes.crimes) as bigint) as crimes,
    cast(coalesce(sum(crimes.crimes) filter (where crimes.is_violent), 0) as bigint) as violent,
    cast(sum(crimes.arrests) as bigint) as arrests
from crimes
group by crimes.area
order by crimes desc, crimes.area asc;
