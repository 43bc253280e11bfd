-- One row says that the sums of places by hour and watch differ from counting the crimes of last_year anew: in how many
-- groups, and one of them, as JSON, with what of it is too much (below 0: too little). None: they are the same.
-- Last_year is the one that the sums are of, and what a refresh has yet to bring in is taken out again. Written on its
-- own, and not as times.sql counts, so that a mistake of one is seen.
-- Reads: chicago.crimes, chicago.fbi_codes, chicago.watches, pipeline.crime_changes, pipeline.counted_periods,
-- pipeline.time_sums. Writes: nothing. Run by: tasks/warehouse/counts.py.

with last_year as (
    select
        counted_periods.first_date,
        counted_periods.last_date
    from pipeline.counted_periods
    where counted_periods.period = 'last_year' and counted_periods.is_held
),

counted_crimes as (
    select
        1 as weight,
        crimes.date_of_occurrence,
        crimes.beat,
        crimes.district,
        crimes.fbi_code
    from chicago.crimes
    where crimes.date_of_occurrence >= (select last_year.first_date from last_year)
    union all
    select
        -crime_changes.crimes as weight,
        crime_changes.date_of_occurrence,
        crime_changes.beat,
        crime_changes.district,
        crime_changes.fbi_code
    from pipeline.crime_changes
),

timed as (
    select
        counted_crimes.weight,
        counted_crimes.weight * coalesce(cast(codes.is_violent as integer), 0) as violent_weight,
        date_trunc('day', counted_crimes.date_of_occurrence) as day,
        case
            when
                date_part('hour', counted_crimes.date_of_occurrence) > 0
                or date_part('minute', counted_crimes.date_of_occurrence) > 1
                then cast(date_part('hour', counted_crimes.date_of_occurrence) as smallint)
        end as hour,
        counted_crimes.beat,
        cast(counted_crimes.district as text) as district,
        last_year.first_date,
        last_year.last_date
    from counted_crimes
    inner join last_year
        on
            counted_crimes.date_of_occurrence >= last_year.first_date
            and counted_crimes.date_of_occurrence < last_year.last_date + 1
    left join chicago.fbi_codes as codes on counted_crimes.fbi_code = codes.fbi_code
),

held_days as (
    select timed.day
    from timed
    group by timed.day
    having sum(timed.weight) > 0
),

-- A watch that goes over midnight is of the day on which it ends.
watch_hours as (
    select
        watches.watch,
        cast(hours.hour % 24 as smallint) as hour,
        interval '1 day' * cast(watches.starts_at_hour > watches.ends_at_hour and hours.hour < 24 as integer)
            as ends_in,
        watches.starts_at_hour > watches.ends_at_hour as has_eve
    from chicago.watches
    cross join
        lateral generate_series(
            watches.starts_at_hour,
            watches.ends_at_hour + 24 * cast(watches.starts_at_hour > watches.ends_at_hour as integer) - 1
        ) as hours (hour)
),

parts as (
    select
        hours.counted,
        hours.place,
        timed.day,
        timed.hour as part,
        timed.weight,
        timed.violent_weight
    from timed
    -- Two rows on the right.
    cross join lateral (values ('beat hour', timed.beat), ('district hour', timed.district)) as hours (counted, place)
    union all
    select
        'district watch' as counted,
        timed.district as place,
        timed.day + coalesce(watch_hours.ends_in, interval '0') as day,
        watch_hours.watch as part,
        timed.weight,
        timed.violent_weight
    from timed
    left join watch_hours on timed.hour = watch_hours.hour
    where
        timed.hour is null
        or (
            timed.day + watch_hours.ends_in <= timed.last_date
            and timed.day + watch_hours.ends_in in (select held_days.day from held_days)
            and (
                not watch_hours.has_eve
                or timed.day + watch_hours.ends_in - interval '1 day' in (select held_days.day from held_days)
            )
        )
),

days as (
    select
        parts.counted,
        parts.place,
        parts.part,
        parts.day,
        sum(parts.weight) as crimes,
        sum(parts.violent_weight) as violent
    from parts
    group by parts.counted, parts.place, parts.part, parts.day
),

entries as (
    select
        days.counted,
        days.place,
        cast(date_part('isodow', days.day) as smallint) as day_of_week,
        days.part,
        -days.crimes as crimes,
        -days.crimes * days.crimes as crimes_squared,
        -days.violent as violent,
        -days.violent * days.violent as violent_squared
    from days
    union all
    select
        sums.counted,
        sums.place,
        sums.day_of_week,
        sums.part,
        sums.crimes,
        sums.crimes_squared,
        sums.violent,
        sums.violent_squared
    from pipeline.time_sums as sums
),

differing as (
    select
        jsonb_build_object(
            'counted', entries.counted, 'place', entries.place, 'day_of_week', entries.day_of_week,
            'part', entries.part
        ) as place,
        jsonb_build_object(
            'crimes', sum(entries.crimes), 'crimes_squared', sum(entries.crimes_squared),
            'violent', sum(entries.violent), 'violent_squared', sum(entries.violent_squared)
        ) as surplus
    from entries
    group by entries.counted, entries.place, entries.day_of_week, entries.part
    having
        sum(entries.crimes) <> 0 or sum(entries.crimes_squared) <> 0
        or sum(entries.violent) <> 0 or sum(entries.violent_squared) <> 0
)

select
    'time_sums' as table_name,
    count(*) as group_count,
    cast((array_agg(differing.place order by differing.place))[1] as text) as place,
    cast((array_agg(differing.surplus order by differing.place))[1] as text) as surplus
from differing
having count(*) > 0;
