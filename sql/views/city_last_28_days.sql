-- One row is a count of the whole city (all crimes, violent, property, arrests, domestic): the newest 28 complete
-- days against the 28 before and the same 28 a year before.
-- Reads: chicago.daily_crimes. Run by: tasks/warehouse/views.py.

create view chicago.city_last_28_days as
with newest as (
    select max(daily_crimes.date) as last_date
    from chicago.daily_crimes
    where daily_crimes.is_complete
),

held_periods as (
    select
        newest.last_date,
        -- 364 days are 52 whole weeks: the same weekdays a year before.
        count(*) filter (where daily_crimes.date > newest.last_date - 28) = 28 as holds_last,
        count(*) filter (
            where daily_crimes.date between newest.last_date - 55 and newest.last_date - 28
        ) = 28 as holds_previous,
        count(*) filter (
            where daily_crimes.date between newest.last_date - 391 and newest.last_date - 364
        ) = 28 as holds_last_year
    from chicago.daily_crimes
    -- One row on the right.
    cross join newest
    where daily_crimes.is_complete
    group by newest.last_date
),

day_counts as (
    select
        daily_crimes.date,
        counts.place,
        counts.counted,
        counts.crimes
    from chicago.daily_crimes
    -- Five rows on the right: each day has all five counts.
    cross join
        lateral (
            values
            (1, 'crimes', daily_crimes.crimes),
            (2, 'violent', daily_crimes.violent),
            (3, 'property', daily_crimes.property),
            (4, 'arrests', daily_crimes.arrests),
            (5, 'domestic', daily_crimes.domestic)
        ) as counts (place, counted, crimes)
    where daily_crimes.is_complete
),

sums as (
    select
        day_counts.place,
        day_counts.counted,
        held_periods.last_date,
        case
            when held_periods.holds_last
                then sum(day_counts.crimes) filter (where day_counts.date > held_periods.last_date - 28)
        end as last_28_days,
        case
            when held_periods.holds_previous
                then sum(day_counts.crimes) filter (
                    where day_counts.date between held_periods.last_date - 55 and held_periods.last_date - 28
                )
        end as previous_28_days,
        case
            when held_periods.holds_last_year
                then sum(day_counts.crimes) filter (
                    where day_counts.date between held_periods.last_date - 391 and held_periods.last_date - 364
                )
        end as same_28_days_last_year
    from day_counts
    -- One row on the right.
    cross join held_periods
    group by
        day_counts.place, day_counts.counted, held_periods.last_date,
        held_periods.holds_last, held_periods.holds_previous, held_periods.holds_last_year
)

select
    sums.counted,
    sums.last_date - 27 as first_date,
    sums.last_date,
    cast(sums.last_28_days as bigint) as last_28_days,
    cast(sums.previous_28_days as bigint) as previous_28_days,
    round(100 * (sums.last_28_days / nullif(sums.previous_28_days, 0) - 1), 2) as change_pct,
    cast(sums.same_28_days_last_year as bigint) as same_28_days_last_year,
    round(100 * (sums.last_28_days / nullif(sums.same_28_days_last_year, 0) - 1), 2) as year_change_pct
from sums
order by sums.place;

comment on view chicago.city_last_28_days is
'One row is a count of the whole city: the newest 28 complete days against the 28 before and a year before.';

comment on column chicago.city_last_28_days.counted is
'Key. What is counted: crimes, violent, property, arrests or domestic, as in daily_crimes.';

comment on column chicago.city_last_28_days.first_date is 'First of the newest 28 complete days.';

comment on column chicago.city_last_28_days.last_date is 'Last of them: the newest complete day.';

comment on column chicago.city_last_28_days.last_28_days is
'Crimes of the newest 28 complete days. Null: we do not hold them whole.';

comment on column chicago.city_last_28_days.previous_28_days is
'Crimes of the 28 days before those. Null: we do not hold them whole.';

comment on column chicago.city_last_28_days.change_pct is
'last_28_days less previous_28_days in percent of it. Null: one is not held, or there were none.';

comment on column chicago.city_last_28_days.same_28_days_last_year is
'Crimes of the 28 days that lie 364 days before last_28_days. Null: we do not hold them whole.';

comment on column chicago.city_last_28_days.year_change_pct is
'last_28_days less same_28_days_last_year in percent of it. Null: one is not held, or there were none.';
