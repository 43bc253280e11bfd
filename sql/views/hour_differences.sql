-- One row is an hour of a day of the week (168), or an hour of any day (24, day_of_week 0), with its crimes at a known
-- time in the whole weeks of the newest two years, and how far they differ by more than chance from what is expected.
-- Reads: pipeline.hour_counts, which follows the crimes, chicago.daily_crimes.
-- Run by: tasks/warehouse/views.py; refreshed when the data changed.
--
-- Expected of an hour of any day: a 24th of all. Of an hour of a weekday: the crimes of the weekday by the share of the
-- hour, as if the days of the week had the same hours. Whole weeks are what strays (see weekday_differences): the
-- variance is that of each week's part in the difference (linearised, Student's t with the weeks less one). q by
-- Benjamini and Hochberg over the 168 and over the 24. docs/methods.md.

create materialized view chicago.hour_differences as
with week_days as (
    select
        daily_crimes.date,
        date_trunc('week', daily_crimes.date) as monday,
        cast(extract(isodow from daily_crimes.date) as smallint) as day_of_week,
        count(*) over (partition by date_trunc('week', daily_crimes.date)) as days
    from chicago.daily_crimes
    where
        daily_crimes.is_complete
        and daily_crimes.date >= (
            select date_trunc('week', max(newest.date)) - interval '104 weeks'
            from chicago.daily_crimes as newest
            where newest.is_complete
        )
),

counts as (
    select
        week_days.monday,
        week_days.day_of_week,
        hours.hour,
        -- 00:01 is as much of an unknown time as 00:00.
        coalesce(hour_counts.crimes - hour_counts.at_one_past_midnight, 0) as crimes
    from week_days
    -- 24 rows on the right.
    cross join generate_series(0, 23) as hours (hour)
    -- Left: an hour without a crime is a 0.
    left join pipeline.hour_counts
        on
            week_days.date = hour_counts.date
            and hours.hour = hour_counts.hour
            and not hour_counts.is_unknown_time
    where week_days.days = 7
),

week_counts as (
    select
        counts.monday,
        counts.day_of_week,
        counts.hour,
        cast(counts.crimes as double precision) as crimes,
        cast(sum(counts.crimes) over (partition by counts.monday, counts.day_of_week) as double precision) as of_day,
        cast(sum(counts.crimes) over (partition by counts.monday, counts.hour) as double precision) as of_hour,
        cast(sum(counts.crimes) over (partition by counts.monday) as double precision) as of_week
    from counts
),

totals as (
    select
        week_counts.day_of_week,
        week_counts.hour,
        sum(week_counts.of_day) as of_day,
        sum(week_counts.of_hour) as of_hour,
        nullif(sum(week_counts.of_week), 0) as of_all
    from week_counts
    group by week_counts.day_of_week, week_counts.hour
),

parts as (
    select
        week_counts.day_of_week,
        week_counts.hour,
        week_counts.monday,
        week_counts.crimes,
        totals.of_day * totals.of_hour / totals.of_all as expected,
        week_counts.crimes
        - week_counts.of_day * totals.of_hour / totals.of_all
        - week_counts.of_hour * totals.of_day / totals.of_all
        + week_counts.of_week * totals.of_day * totals.of_hour / power(totals.of_all, 2) as part
    from week_counts
    -- Inner: each hour of a weekday has its totals.
    inner join totals
        on
            week_counts.day_of_week = totals.day_of_week
            and week_counts.hour = totals.hour
    union all
    select
        cast(0 as smallint) as day_of_week,
        week_counts.hour,
        week_counts.monday,
        week_counts.of_hour as crimes,
        totals.of_all / 24 as expected,
        week_counts.of_hour - week_counts.of_week * totals.of_hour / totals.of_all as part
    from week_counts
    -- Inner: as above; Monday's row has the hour of all days too.
    inner join totals
        on
            week_counts.day_of_week = totals.day_of_week
            and week_counts.hour = totals.hour
    where week_counts.day_of_week = 1
),

differences as (
    select
        parts.day_of_week,
        parts.hour,
        count(*) as weeks,
        sum(parts.crimes) as crimes,
        max(parts.expected) as expected,
        sqrt(count(*)) * stddev_samp(parts.part) as standard_error
    from parts
    group by parts.day_of_week, parts.hour
    -- Fewer weeks say too little of how they stray, and fewer crimes nothing.
    having count(*) >= 8 and max(parts.expected) >= 5
),

tests as (
    select
        differences.day_of_week,
        differences.hour,
        differences.day_of_week = 0 as is_of_any_day,
        differences.weeks,
        differences.crimes,
        differences.expected,
        differences.standard_error
        * chicago.z_to_t(chicago.normal_quantile(0.975), differences.weeks - 1) as half_range,
        chicago.normal_p_value(
            chicago.t_to_z(
                (differences.crimes - differences.expected) / nullif(differences.standard_error, 0),
                differences.weeks - 1
            )
        ) as p_value
    from differences
),

ranked as (
    select
        tests.day_of_week,
        tests.hour,
        tests.is_of_any_day,
        tests.weeks,
        tests.crimes,
        tests.expected,
        tests.half_range,
        tests.p_value,
        tests.p_value * count(tests.p_value) over (partition by tests.is_of_any_day)
        / row_number() over (
            partition by tests.is_of_any_day
            order by tests.p_value asc nulls last, tests.day_of_week asc, tests.hour asc
        ) as step
    from tests
),

corrected as (
    select
        ranked.day_of_week,
        ranked.hour,
        ranked.weeks,
        ranked.crimes,
        ranked.expected,
        ranked.half_range,
        case
            when ranked.p_value is not null
                then min(ranked.step) over (
                    partition by ranked.is_of_any_day
                    order by ranked.p_value desc nulls first, ranked.day_of_week desc, ranked.hour desc
                    rows unbounded preceding
                )
        end as q_value
    from ranked
)

select
    corrected.day_of_week,
    cast(corrected.hour as smallint) as hour,
    cast(corrected.weeks as integer) as weeks,
    cast(corrected.crimes as bigint) as crimes,
    round(cast(corrected.expected as numeric), 2) as expected,
    round(cast(greatest(corrected.crimes - corrected.half_range, 0) as numeric), 2) as low,
    round(cast(corrected.crimes + corrected.half_range as numeric), 2) as high,
    round(cast(corrected.q_value as numeric), 4) as q_value,
    corrected.q_value < 0.05 as is_unusual
from corrected;

create unique index hour_differences_key on chicago.hour_differences (day_of_week, hour);

comment on materialized view chicago.hour_differences is
'One row is an hour of a day of the week, or of any day, against what is expected of it.
Base of crimes_by_hour and crimes_by_weekday_and_hour. No row where fewer than 8 whole weeks are held, or fewer than 5 crimes are expected.
Unit: rows of crimes at a known time: incidents, and each victim of a homicide.
Period: the whole weeks of the newest two years: hours of long ago say nothing of a shift today.';

comment on column chicago.hour_differences.day_of_week is 'Key. 1 Monday to 7 Sunday (ISO 8601); 0: any day.';

comment on column chicago.hour_differences.hour is 'Key. Hour of the day, 0 to 23, Chicago wall clock.';

comment on column chicago.hour_differences.weeks is 'Weeks from Monday to Sunday of seven complete days, in the newest two years.';

comment on column chicago.hour_differences.crimes is 'Crimes of those weeks at a known time.';

comment on column chicago.hour_differences.expected is
'Of any day: a 24th of all crimes. Of a weekday: its crimes by the hour''s share of all.';

comment on column chicago.hour_differences.low is
'Lower end of the range that chance leaves for crimes if expected is so, 19 of 20.';

comment on column chicago.hour_differences.high is 'Upper end of that range.';

comment on column chicago.hour_differences.q_value is
'False-discovery rate among the 168, or the 24. Null: all weeks are alike.';

comment on column chicago.hour_differences.is_unusual is
'Whether q_value is below 0.05: more or fewer than expected. Null: all weeks are alike.';
