-- One row is a day of the week: how many crimes it has, a day, and its rank; and one for the crimes of which the day is
-- not known.
-- Reads: chicago.daily_crimes, chicago.weekday_differences. Run by: tasks/warehouse/views.py.

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
    case when counts.crimes_per_day is not null then rank() over by_crimes_per_day end as rank,
    weekday_differences.change_pct,
    weekday_differences.change_low_pct,
    weekday_differences.change_high_pct,
    weekday_differences.q_value,
    weekday_differences.is_unusual,
    weekday_differences.rank_from,
    weekday_differences.rank_to
from weekdays
-- Left: a weekday without a crime keeps its row.
left join counts on weekdays.day_of_week is not distinct from counts.day_of_week
-- Left: with few weeks nothing is known of chance.
left join chicago.weekday_differences on weekdays.day_of_week = weekday_differences.day_of_week
window by_crimes_per_day as (order by counts.crimes_per_day desc nulls last);

comment on view chicago.crimes_by_day_of_week is
'One row is a day of the week, compared per day, and one the crimes of unknown days: those at 00:00 or 00:01 on the first of a month.
Unit: rows of crimes: an incident is one, and so is each victim of a homicide.
Definition: violent_per_day is of summary UCR''s violent index by FBI code, which leaves out the simple assaults that NIBRS counts.
Base: crimes a day; change_pct is in percent of the mean of the seven days of a week.
Period: crimes and share are of all days held, rates of complete days, change_pct of whole weeks.
Chance: ranges of 19 in 20, and is_unusual over the seven days; rank_from to rank_to are the ranks that it leaves.
Lateness: crimes and share have weeks that still fill; it hardly tells days of the week apart.
Do not call a day the first whose ranks rank_from to rank_to overlap with others: it is one of some.';

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

comment on column chicago.crimes_by_day_of_week.change_pct is
'This day against the mean of the seven days of its week, in percent, over whole weeks. Null: fewer than 8 are held.';

comment on column chicago.crimes_by_day_of_week.change_low_pct is
'Lower end of the range that chance leaves for change_pct, 19 of 20. Null as change_pct.';

comment on column chicago.crimes_by_day_of_week.change_high_pct is 'Upper end of that range. Null as change_pct.';

comment on column chicago.crimes_by_day_of_week.q_value is
'False-discovery rate of change_pct among the seven days. Null as change_pct.';

comment on column chicago.crimes_by_day_of_week.is_unusual is
'Whether q_value is below 0.05: more or fewer crimes than the mean day. Null as change_pct.';

comment on column chicago.crimes_by_day_of_week.rank_from is
'Best rank by crimes a day that chance leaves to this day, of seven. Null as change_pct.';

comment on column chicago.crimes_by_day_of_week.rank_to is
'Worst rank that chance leaves to it. Null as change_pct.';
