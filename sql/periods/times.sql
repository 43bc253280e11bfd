-- Makes the sums of places by hour and by watch follow what changed and the days of last_year.
--
-- A group (a place, a weekday, an hour or a watch of it) is a sum over the days, and over their squares. So each day's
-- part (a cell) that has changed, or that has entered or left last_year, is counted as it is now, and as it was:
-- less what came and more what went. What it has now is added, if last_year has it now; what it had is taken, if
-- last_year had it. A cell that has neither changed nor moved brings as much as it takes.
-- A watch is of last_year if all its days are, the evening before included, and held.
-- Counts are integers all the way: PostgreSQL's sum of what a sum gave is a numeric, which takes three times as long.
-- Reads: changed_crimes, new_periods, chicago.crimes, chicago.fbi_codes, chicago.watches, pipeline.counted_periods.
-- Writes: pipeline.time_sums. Run by: tasks/warehouse/periods.py, after changes.sql.

create temporary table time_changes on commit drop as
with spans as materialized (
    select
        coalesce(
            (
                select daterange(counted_periods.first_date, counted_periods.last_date, '[]')
                from pipeline.counted_periods
                where counted_periods.period = 'last_year' and counted_periods.is_held
            ),
            'empty'
        ) as days_before,
        coalesce(
            (
                select daterange(new_periods.first_date, new_periods.last_date, '[]')
                from new_periods
                where new_periods.period = 'last_year' and new_periods.is_held
            ),
            'empty'
        ) as days_now
),

changed as materialized (
    select
        cast(changed_crimes.date_of_occurrence as date) as date,
        chicago.known_hour(changed_crimes.date_of_occurrence) as hour,
        changed_crimes.beat,
        changed_crimes.district,
        cast(sum(changed_crimes.crimes) as integer) as crimes,
        cast(coalesce(sum(changed_crimes.crimes) filter (where fbi_codes.is_violent), 0) as integer) as violent
    from changed_crimes
    -- Left: codes can be newer than the list.
    left join chicago.fbi_codes on changed_crimes.fbi_code = fbi_codes.fbi_code
    -- One row on the right.
    cross join spans
    where
        cast(changed_crimes.date_of_occurrence as date) <@ spans.days_before
        or cast(changed_crimes.date_of_occurrence as date) <@ spans.days_now
    group by
        cast(changed_crimes.date_of_occurrence as date),
        chicago.known_hour(changed_crimes.date_of_occurrence),
        changed_crimes.beat,
        changed_crimes.district
    -- A crime that has changed in something else came and went.
    having
        sum(changed_crimes.crimes) <> 0
        or coalesce(sum(changed_crimes.crimes) filter (where fbi_codes.is_violent), 0) <> 0
),

touched as (
    select cast(moved.date as date) as date
    from spans
    cross join
        lateral unnest(
            (datemultirange(spans.days_now) - datemultirange(spans.days_before))
            + (datemultirange(spans.days_before) - datemultirange(spans.days_now))
        ) as moved_spans (days)
    -- As many rows on the right as days.
    cross join
        lateral generate_series(
            lower(moved_spans.days), upper(moved_spans.days) - 1, interval '1 day'
        ) as moved (date)
    union all
    select changed.date
    from changed
),

-- A cell of a day has crimes of it and, of the first watch, of the evening before; and the evening of a day is of the
-- watch of the next. So the cells of a touched day and of the next need the crimes of both, and of the day before.
read_spans as (
    select unnest(range_agg(daterange(touched.date - 1, touched.date + 1, '[]'))) as days
    from touched
),

held as (
    select
        cast(crimes.date_of_occurrence as date) as date,
        chicago.known_hour(crimes.date_of_occurrence) as hour,
        crimes.beat,
        crimes.district,
        cast(count(*) as integer) as crimes,
        cast(count(*) filter (where fbi_codes.is_violent) as integer) as violent
    from read_spans
    inner join chicago.crimes
        on lower(read_spans.days) <= crimes.date_of_occurrence and upper(read_spans.days) > crimes.date_of_occurrence
    -- Left: as above.
    left join chicago.fbi_codes on crimes.fbi_code = fbi_codes.fbi_code
    group by
        cast(crimes.date_of_occurrence as date),
        chicago.known_hour(crimes.date_of_occurrence),
        crimes.beat,
        crimes.district
),

hours as materialized (
    select
        held.date,
        held.hour,
        held.beat,
        held.district,
        held.crimes,
        held.violent,
        0 as crimes_come,
        0 as violent_come
    from held
    union all
    select
        changed.date,
        changed.hour,
        changed.beat,
        changed.district,
        0 as crimes,
        0 as violent,
        changed.crimes as crimes_come,
        changed.violent as violent_come
    from changed
),

district_hours as materialized (
    select
        cast(hours.district as text) as place,
        hours.date,
        hours.hour,
        cast(sum(hours.crimes) as integer) as crimes,
        cast(sum(hours.violent) as integer) as violent,
        cast(sum(hours.crimes_come) as integer) as crimes_come,
        cast(sum(hours.violent_come) as integer) as violent_come
    from hours
    group by hours.district, hours.date, hours.hour
),

days as (
    select
        district_hours.date,
        sum(district_hours.crimes) > 0 as is_held,
        sum(district_hours.crimes) > sum(district_hours.crimes_come) as was_held
    from district_hours
    group by district_hours.date
),

cells as (
    select
        'beat hour' as counted,
        hours.beat as place,
        hours.date,
        hours.date as first_date,
        hours.hour as part,
        cast(sum(hours.crimes) as integer) as crimes,
        cast(sum(hours.violent) as integer) as violent,
        cast(sum(hours.crimes_come) as integer) as crimes_come,
        cast(sum(hours.violent_come) as integer) as violent_come
    from hours
    group by hours.beat, hours.date, hours.hour
    union all
    select
        'district hour' as counted,
        district_hours.place,
        district_hours.date,
        district_hours.date as first_date,
        district_hours.hour as part,
        district_hours.crimes,
        district_hours.violent,
        district_hours.crimes_come,
        district_hours.violent_come
    from district_hours
    union all
    select
        'district watch' as counted,
        district_hours.place,
        watch_days.date,
        watch_days.first_date,
        watches.watch as part,
        cast(sum(district_hours.crimes) as integer) as crimes,
        cast(sum(district_hours.violent) as integer) as violent,
        cast(sum(district_hours.crimes_come) as integer) as crimes_come,
        cast(sum(district_hours.violent_come) as integer) as violent_come
    from district_hours
    -- Left: an unknown time is of no watch.
    left join chicago.watches
        on chicago.is_hour_of_watch(district_hours.hour, watches.starts_at_hour, watches.ends_at_hour)
    -- One row on the right: the first watch of a day starts on the evening before.
    cross join
        lateral (
            values (
                case
                    when watches.starts_at_hour > watches.ends_at_hour and district_hours.hour >= watches.starts_at_hour
                        then district_hours.date + 1
                    else district_hours.date
                end,
                case
                    when watches.starts_at_hour > watches.ends_at_hour and district_hours.hour < watches.ends_at_hour
                        then district_hours.date - 1
                    else district_hours.date
                end
            )
        ) as watch_days (date, first_date)
    -- Each hour is of one watch, unless the list of them has not come yet.
    where district_hours.hour is null or watches.watch is not null
    group by district_hours.place, watch_days.date, watch_days.first_date, watches.watch
),

-- Materialized, since each sum below would ask anew which cell is and was of last_year.
weighed as materialized (
    select
        cells.counted,
        cells.place,
        cast(extract(isodow from cells.date) as smallint) as day_of_week,
        cells.part,
        cells.crimes,
        cells.violent,
        cells.crimes - cells.crimes_come as crimes_before,
        cells.violent - cells.violent_come as violent_before,
        cast(
            coalesce(
                days.is_held and first_days.is_held
                and cells.first_date >= lower(spans.days_now) and cells.date < upper(spans.days_now),
                false
            ) as integer
        ) as is_now,
        cast(
            coalesce(
                days.was_held and first_days.was_held
                and cells.first_date >= lower(spans.days_before) and cells.date < upper(spans.days_before),
                false
            ) as integer
        ) as was_before
    from cells
    -- Left, both: a day without a crime, now and before, has no row, and its watch is not counted, nor was it.
    left join days on cells.date = days.date
    left join days as first_days on cells.first_date = first_days.date
    -- One row on the right.
    cross join spans
)

select
    weighed.counted,
    weighed.place,
    weighed.day_of_week,
    weighed.part,
    sum(weighed.is_now * weighed.crimes - weighed.was_before * weighed.crimes_before) as crimes,
    sum(
        weighed.is_now * weighed.crimes * weighed.crimes
        - weighed.was_before * weighed.crimes_before * weighed.crimes_before
    ) as crimes_squared,
    sum(weighed.is_now * weighed.violent - weighed.was_before * weighed.violent_before) as violent,
    sum(
        weighed.is_now * weighed.violent * weighed.violent
        - weighed.was_before * weighed.violent_before * weighed.violent_before
    ) as violent_squared
from weighed
where
    weighed.is_now <> weighed.was_before
    or weighed.crimes <> weighed.crimes_before
    or weighed.violent <> weighed.violent_before
group by weighed.counted, weighed.place, weighed.day_of_week, weighed.part;

insert into pipeline.time_sums (
    counted, place, day_of_week, part, crimes, crimes_squared, violent, violent_squared
)
select
    time_changes.counted,
    time_changes.place,
    time_changes.day_of_week,
    time_changes.part,
    time_changes.crimes,
    time_changes.crimes_squared,
    time_changes.violent,
    time_changes.violent_squared
from time_changes
on conflict (counted, place, day_of_week, part) do update
    set
        crimes = time_sums.crimes + excluded.crimes,
        crimes_squared = time_sums.crimes_squared + excluded.crimes_squared,
        violent = time_sums.violent + excluded.violent,
        violent_squared = time_sums.violent_squared + excluded.violent_squared;

delete from pipeline.time_sums
where
    time_sums.crimes = 0 and time_sums.crimes_squared = 0
    and time_sums.violent = 0 and time_sums.violent_squared = 0;

drop table time_changes;
