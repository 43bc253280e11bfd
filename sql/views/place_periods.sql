-- One row is a period over which places are counted, and whether it is held: last_year, the year before it, the year to
-- date, and the year before to the same day.
-- Reads: chicago.daily_crimes. Run by: tasks/warehouse/views.py.
--
-- 364 days are 52 whole weeks, so that both years have the same weekdays. The days held of last_year can be fewer: a
-- rate per day stays what it is. The others are compared by their counts, and are not held unless every day is.

create view chicago.place_periods as
with newest as (
    select max(daily_crimes.date) as last_date
    from chicago.daily_crimes
    where daily_crimes.is_complete
),

spans as (
    select
        spans.place,
        spans.period,
        spans.first_date,
        spans.last_date
    from newest
    -- Four rows on the right.
    cross join
        lateral (
            values
            (1, 'last_year', newest.last_date - 363, newest.last_date),
            (2, 'year_before', newest.last_date - 727, newest.last_date - 364),
            (3, 'year_to_date', cast(date_trunc('year', newest.last_date) as date), newest.last_date),
            (
                4,
                'year_to_date_before',
                cast(date_trunc('year', newest.last_date) - interval '1 year' as date),
                -- The 28th for 29 February.
                cast(newest.last_date - interval '1 year' as date)
            )
        ) as spans (place, period, first_date, last_date)
),

held_days as (
    select
        spans.place,
        spans.period,
        spans.first_date,
        spans.last_date,
        min(daily_crimes.date) as first_held_date,
        count(daily_crimes.date) as days
    from spans
    -- Left: a period of which no day is held keeps its row.
    left join chicago.daily_crimes
        on
            daily_crimes.is_complete
            and daily_crimes.date between spans.first_date and spans.last_date
    group by spans.place, spans.period, spans.first_date, spans.last_date
)

select
    held_days.period,
    case
        when held_days.period = 'last_year' then held_days.first_held_date
        else held_days.first_date
    end as first_date,
    held_days.last_date,
    held_days.days,
    case
        when held_days.period = 'last_year' then held_days.days > 0
        else coalesce(held_days.days = held_days.last_date - held_days.first_date + 1, false)
    end as is_held
from held_days
order by held_days.place;

comment on view chicago.place_periods is
'One row is a period over which places are counted, of complete days alone.
Unit: Chicago local dates, and a number of days.
Base: the days of daily_crimes that are complete.
Period: last_year is the newest 364 complete days, or those of them that are held; year_before the 364 before; the two years to date begin on 1 January.
Chance: nothing is compared; 364 days are 52 weeks, so that both years have the same weekdays.
Lateness: the newest complete day lacks about 2 % of its rows, a whole last_year less than 1 %, a year to date in January as much as its newest days.
Do not read a null count as none: its period is not held whole.';

comment on column chicago.place_periods.period is
'Key. last_year: the newest 364 complete days, or those of them that are held. year_before: the 364 days before. year_to_date: from 1 January. year_to_date_before: the year before to the same day.';

comment on column chicago.place_periods.first_date is
'First Chicago local date; of last_year, the first that is held. Null: no day is complete.';

comment on column chicago.place_periods.last_date is 'Last Chicago local date. Null: no day is complete.';

comment on column chicago.place_periods.days is 'Complete days of it that we hold: see daily_crimes.';

comment on column chicago.place_periods.is_held is
'Whether all its days are complete and held; of last_year, whether any is.';
