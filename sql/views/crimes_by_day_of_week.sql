-- One row is a day of the week: how many crimes it has, a day, and its rank; and one for the crimes of which the day is
-- not known.
-- Reads: chicago.daily_crimes. Run by: tasks/warehouse/views.py.

create view chicago.crimes_by_day_of_week as
with weekdays as (
    select
        cast(numbers.day_of_week as smallint) as day_of_week,
        -- 1 January 2001 was a Monday.
        to_char(date '2000-12-31' + numbers.day_of_week, 'FMDay') as day_of_week_name
    from generate_series(1, 7) as numbers (day_of_week)
    union all
    -- The row of unknown days is always there.
    select
        null as day_of_week,
        'unknown' as day_of_week_name
),

counts as (
    select
        extract(isodow from daily_crimes.date) as day_of_week,
        count(*) filter (where daily_crimes.is_complete) as days,
        sum(daily_crimes.crimes - daily_crimes.crimes_of_unknown_day) as crimes,
        avg(daily_crimes.crimes - daily_crimes.crimes_of_unknown_day) filter (where daily_crimes.is_complete)
            as crimes_per_day,
        avg(daily_crimes.violent - daily_crimes.violent_of_unknown_day) filter (where daily_crimes.is_complete)
            as violent_per_day
    from chicago.daily_crimes
    group by extract(isodow from daily_crimes.date)
    union all
    select
        null as day_of_week,
        0 as days,
        sum(daily_crimes.crimes_of_unknown_day) as crimes,
        null as crimes_per_day,
        null as violent_per_day
    from chicago.daily_crimes
)

select
    weekdays.day_of_week,
    weekdays.day_of_week_name,
    coalesce(counts.days, 0) as days,
    cast(coalesce(counts.crimes, 0) as bigint) as crimes,
    round(counts.crimes_per_day, 2) as crimes_per_day,
    round(counts.violent_per_day, 2) as violent_per_day,
    round(counts.crimes / nullif(sum(counts.crimes) over (), 0), 4) as share,
    case when counts.crimes_per_day is not null then rank() over by_crimes_per_day end as rank
from weekdays
-- Left: a weekday without a crime keeps its row.
left join counts on weekdays.day_of_week is not distinct from counts.day_of_week
window by_crimes_per_day as (order by counts.crimes_per_day desc nulls last);

comment on view chicago.crimes_by_day_of_week is
'One row is a day of the week, compared per day, and one the crimes of unknown days: those at 00:00 or 00:01 on the first of a month.';

comment on column chicago.crimes_by_day_of_week.day_of_week is
'1 Monday to 7 Sunday (ISO 8601). Null: the crimes of unknown days, which have no rank.';

comment on column chicago.crimes_by_day_of_week.day_of_week_name is 'Monday to Sunday, and unknown.';

comment on column chicago.crimes_by_day_of_week.days is 'Complete days: see daily_crimes. 0 for unknown.';

comment on column chicago.crimes_by_day_of_week.crimes is
'Crimes of all days; they add up to the rows of crimes.';

comment on column chicago.crimes_by_day_of_week.crimes_per_day is
'Crimes of a known day, a day, over complete days. Null: there are none.';

comment on column chicago.crimes_by_day_of_week.violent_per_day is
'Violent index crimes of a known day, a day, over complete days. Null: there are none.';

comment on column chicago.crimes_by_day_of_week.share is 'Share of all crimes, 0 to 1. Null: no crime.';

comment on column chicago.crimes_by_day_of_week.rank is
'Rank by crimes_per_day, 1 the most. Null: no complete day.';
