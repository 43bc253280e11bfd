-- One row is a day of the week, with how far its crimes differ from those of the others by more than chance.
-- Reads: chicago.daily_crimes. Run by: tasks/warehouse/views.py; refreshed when the data changed.
--
-- A week is drawn as a whole: what the season, the weather or a habit does to it, it does to all of its days, so that
-- days are compared within the week and the weeks are what strays (a paired t test). Weeks from Monday to Sunday of
-- seven complete days. Each day against the mean of its week, and each pair of days; q by Benjamini and Hochberg over
-- the seven and over the 21. The ranks that chance leaves to a day are those between the days that surely have more and
-- the days that surely have fewer. docs/methods.md.

create materialized view chicago.weekday_differences as
with days as (
    select
        cast(extract(isodow from daily_crimes.date) as smallint) as day_of_week,
        cast(daily_crimes.crimes - daily_crimes.crimes_of_unknown_day as double precision) as crimes,
        date_trunc('week', daily_crimes.date) as monday,
        count(*) over (partition by date_trunc('week', daily_crimes.date)) as days,
        avg(daily_crimes.crimes - daily_crimes.crimes_of_unknown_day)
            over (partition by date_trunc('week', daily_crimes.date)) as week_mean
    from chicago.daily_crimes
    where daily_crimes.is_complete
),

whole_weeks as (
    select
        days.day_of_week,
        days.monday,
        days.crimes,
        cast(days.week_mean as double precision) as week_mean
    from days
    where days.days = 7
),

differences as (
    select
        whole_weeks.day_of_week,
        0 as other_day,
        count(*) as weeks,
        avg(whole_weeks.week_mean) as mean,
        avg(whole_weeks.crimes - whole_weeks.week_mean) as mean_difference,
        stddev_samp(whole_weeks.crimes - whole_weeks.week_mean) / sqrt(count(*)) as standard_error
    from whole_weeks
    group by whole_weeks.day_of_week
    union all
    select
        whole_weeks.day_of_week,
        other_days.day_of_week as other_day,
        count(*) as weeks,
        avg(other_days.crimes) as mean,
        avg(whole_weeks.crimes - other_days.crimes) as mean_difference,
        stddev_samp(whole_weeks.crimes - other_days.crimes) / sqrt(count(*)) as standard_error
    from whole_weeks
    -- Inner: each of the other days of the week; a pair once.
    inner join whole_weeks as other_days
        on
            whole_weeks.monday = other_days.monday
            and whole_weeks.day_of_week < other_days.day_of_week
    group by whole_weeks.day_of_week, other_days.day_of_week
),

tests as (
    select
        differences.day_of_week,
        differences.other_day,
        differences.other_day = 0 as is_of_week,
        differences.weeks,
        differences.mean,
        differences.mean_difference as difference,
        differences.standard_error
        * chicago.z_to_t(chicago.normal_quantile(0.975), differences.weeks - 1) as half_range,
        chicago.normal_p_value(
            chicago.t_to_z(differences.mean_difference / nullif(differences.standard_error, 0), differences.weeks - 1)
        ) as p_value
    from differences
    -- Fewer weeks say too little of how they stray.
    where differences.weeks >= 8
),

ranked as (
    select
        tests.day_of_week,
        tests.other_day,
        tests.is_of_week,
        tests.weeks,
        tests.mean,
        tests.difference,
        tests.half_range,
        tests.p_value,
        tests.p_value * count(tests.p_value) over (partition by tests.is_of_week)
        / row_number() over (
            partition by tests.is_of_week
            order by tests.p_value asc nulls last, tests.day_of_week asc, tests.other_day asc
        ) as step
    from tests
),

corrected as (
    select
        ranked.day_of_week,
        ranked.other_day,
        ranked.is_of_week,
        ranked.weeks,
        ranked.mean,
        ranked.difference,
        ranked.half_range,
        case
            when ranked.p_value is not null
                then min(ranked.step) over (
                    partition by ranked.is_of_week
                    order by ranked.p_value desc nulls first, ranked.day_of_week desc, ranked.other_day desc
                    rows unbounded preceding
                )
        end as q_value
    from ranked
),

-- Each pair from either side.
sides as (
    select
        corrected.day_of_week,
        corrected.difference,
        corrected.q_value
    from corrected
    where not corrected.is_of_week
    union all
    select
        corrected.other_day as day_of_week,
        -corrected.difference as difference,
        corrected.q_value
    from corrected
    where not corrected.is_of_week
),

ranks as (
    select
        sides.day_of_week,
        1 + count(*) filter (where sides.q_value < 0.05 and sides.difference < 0) as rank_from,
        7 - count(*) filter (where sides.q_value < 0.05 and sides.difference > 0) as rank_to
    from sides
    group by sides.day_of_week
)

select
    corrected.day_of_week,
    cast(corrected.weeks as integer) as weeks,
    round(cast(100 * corrected.difference / nullif(corrected.mean, 0) as numeric), 2) as change_pct,
    round(cast(100 * (corrected.difference - corrected.half_range) / nullif(corrected.mean, 0) as numeric), 2)
        as change_low_pct,
    round(cast(100 * (corrected.difference + corrected.half_range) / nullif(corrected.mean, 0) as numeric), 2)
        as change_high_pct,
    round(cast(corrected.q_value as numeric), 4) as q_value,
    corrected.q_value < 0.05 as is_unusual,
    cast(ranks.rank_from as integer) as rank_from,
    cast(ranks.rank_to as integer) as rank_to
from corrected
-- Inner: each day is in six pairs.
inner join ranks on corrected.day_of_week = ranks.day_of_week
where corrected.is_of_week;

create unique index weekday_differences_key on chicago.weekday_differences (day_of_week);

comment on materialized view chicago.weekday_differences is
'One row is a day of the week against the mean of its week, and the ranks that chance leaves to it.
Base of crimes_by_day_of_week. No row where fewer than 8 whole weeks are held.
Unit: rows of crimes of a known day: incidents, and each victim of a homicide.
Period: all weeks from Monday to Sunday of seven complete days.';

comment on column chicago.weekday_differences.day_of_week is 'Key. 1 Monday to 7 Sunday (ISO 8601).';

comment on column chicago.weekday_differences.weeks is 'Weeks from Monday to Sunday of seven complete days.';

comment on column chicago.weekday_differences.change_pct is
'Crimes of this day less the mean of the seven days of its week, in percent of that.';

comment on column chicago.weekday_differences.change_low_pct is
'Lower end of the range that chance leaves for change_pct, 19 of 20.';

comment on column chicago.weekday_differences.change_high_pct is 'Upper end of that range.';

comment on column chicago.weekday_differences.q_value is
'False-discovery rate of change_pct among the seven days. Null: all weeks are alike.';

comment on column chicago.weekday_differences.is_unusual is
'Whether q_value is below 0.05: more or fewer than the mean day. Null: all weeks are alike.';

comment on column chicago.weekday_differences.rank_from is
'Best rank by crimes a day that chance leaves: one more than the days that have more beyond chance.';

comment on column chicago.weekday_differences.rank_to is
'Worst rank that chance leaves. Days whose ranks overlap are tied.';
