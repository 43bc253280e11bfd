-- Says whether the counts add up to the crimes: the same number of crimes in each table, no group that has less than a
-- crime, and the same sum of marks. A crime's mark in a table is a number made of the group that it is counted in, and
-- weighed by what is counted of it there: a crime that is counted in another group than its own, and one that changed
-- places with another, leave the number of crimes as it is, and not the sum of marks. Which group is wrong is said by
-- recount.sql. It reads all crimes, which a large warehouse does once in some days (see same_number.sql).
-- Reads: chicago.crimes, chicago.fbi_codes, pipeline.primary_type_spellings, the tables of counts.
-- Run by: tasks/warehouse/counts.py.

with placed as (
    select
        cast(crimes.date_of_occurrence as date) as date,
        cast(crimes.date_of_occurrence as time) as time_of_day,
        crimes.district,
        crimes.beat,
        crimes.ward,
        crimes.iucr,
        crimes.fbi_code,
        crimes.x_coordinate is not null and crimes.y_coordinate is not null as has_point,
        cast(floor(crimes.x_coordinate / cast(1000 as double precision)) as integer) as cell_x,
        cast(floor(crimes.y_coordinate / cast(1000 as double precision)) as integer) as cell_y,
        coalesce(primary_type_spellings.primary_type, crimes.primary_description) as primary_type,
        coalesce(fbi_codes.is_violent, false) as is_violent,
        coalesce(fbi_codes.is_property, false) as is_property,
        cast(crimes.arrest as integer) as arrest,
        cast(crimes.domestic as integer) as domestic,
        cast(cast(crimes.date_of_occurrence as time) in ('00:00', '00:01') as integer) as at_placeholder_time
    from chicago.crimes
    -- Left: most kinds have one spelling, and codes can be newer than the list.
    left join pipeline.primary_type_spellings on crimes.primary_description = primary_type_spellings.published
    left join chicago.fbi_codes on crimes.fbi_code = fbi_codes.fbi_code
),

held as (
    select
        count(*) as crimes,
        sum(
            cast(hash_record(row(placed.date, placed.district)) as bigint)
            * (
                1 + 3 * placed.arrest + 5 * placed.domestic + 7 * cast(placed.is_violent as integer)
                + 11 * cast(placed.is_property as integer)
                + placed.at_placeholder_time * (13 + 17 * cast(placed.is_violent as integer))
            )
        ) as daily_marks,
        sum(
            cast(
                hash_record(
                    row(
                        placed.date,
                        cast(extract(hour from placed.time_of_day) as smallint),
                        placed.time_of_day = '00:00'
                    )
                ) as bigint
            )
            * case placed.time_of_day when '00:01' then 4 when '12:00' then 6 else 1 end
        ) as hour_marks,
        sum(
            cast(
                hash_record(row(placed.beat, placed.district, placed.ward, placed.primary_type, placed.fbi_code))
                as bigint
            )
            * (1 + 3 * placed.arrest + 5 * placed.domestic)
        ) as place_marks,
        sum(
            hash_record(
                case
                    when placed.has_point
                        then row(placed.cell_x, placed.cell_y, placed.primary_type, placed.is_violent)
                    else row(cast(null as integer), cast(null as integer), cast(null as text), cast(null as boolean))
                end
            )
        ) as cell_marks,
        sum(hash_record(row(placed.iucr))) as code_marks
    from placed
),

counted as (
    select
        sum(daily_counts.crimes) as crimes,
        min(daily_counts.crimes) as smallest,
        sum(
            cast(hash_record(row(daily_counts.date, daily_counts.district)) as bigint)
            * (
                daily_counts.crimes + 3 * daily_counts.arrests + 5 * daily_counts.domestic + 7 * daily_counts.violent
                + 11 * daily_counts.property + 13 * daily_counts.at_placeholder_time
                + 17 * daily_counts.violent_at_placeholder_time
            )
        ) as marks,
        max(held.daily_marks) as held_marks,
        max(held.crimes) as held_crimes
    from held
    -- Left: there may be no crime.
    left join pipeline.daily_counts on true
    union all
    select
        sum(hour_counts.crimes) as crimes,
        min(hour_counts.crimes) as smallest,
        sum(
            cast(
                hash_record(row(hour_counts.date, hour_counts.hour, hour_counts.is_unknown_time)) as bigint
            )
            * (hour_counts.crimes + 3 * hour_counts.at_one_past_midnight + 5 * hour_counts.at_exact_noon)
        ) as marks,
        max(held.hour_marks) as held_marks,
        max(held.crimes) as held_crimes
    from held
    -- Left: as above, and so below.
    left join pipeline.hour_counts on true
    union all
    select
        sum(place_counts.crimes) as crimes,
        min(place_counts.crimes) as smallest,
        sum(
            cast(
                hash_record(
                    row(
                        place_counts.beat,
                        place_counts.district,
                        place_counts.ward,
                        place_counts.primary_type,
                        place_counts.fbi_code
                    )
                ) as bigint
            )
            * (place_counts.crimes + 3 * place_counts.arrests + 5 * place_counts.domestic)
        ) as marks,
        max(held.place_marks) as held_marks,
        max(held.crimes) as held_crimes
    from held
    left join pipeline.place_counts on true
    union all
    select
        sum(cell_counts.crimes) as crimes,
        min(cell_counts.crimes) as smallest,
        sum(
            hash_record(
                row(
                    cell_counts.cell_x,
                    cell_counts.cell_y,
                    cell_counts.primary_type,
                    cell_counts.is_violent
                )
            )
            * cell_counts.crimes
        ) as marks,
        max(held.cell_marks) as held_marks,
        max(held.crimes) as held_crimes
    from held
    left join pipeline.cell_counts on true
    union all
    select
        sum(code_counts.crimes) as crimes,
        min(code_counts.crimes) as smallest,
        sum(hash_record(row(code_counts.iucr)) * code_counts.crimes) as marks,
        max(held.code_marks) as held_marks,
        max(held.crimes) as held_crimes
    from held
    left join pipeline.code_counts on true
)

select
    bool_and(
        coalesce(counted.crimes, 0) = counted.held_crimes
        and coalesce(counted.smallest > 0, true)
        and counted.marks is not distinct from counted.held_marks
    ) as adds_up
from counted;
