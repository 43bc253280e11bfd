-- One row is a period over which places are counted, and whether it is held: last_year, the year before it, the year to
-- date, and the year before to the same day. As they were at the last refresh, which the counts by period are of.
-- Reads: pipeline.counted_periods. Run by: tasks/warehouse/views.py.
--
-- 364 days are 52 whole weeks, so that both years have the same weekdays. The days held of last_year can be fewer: a
-- rate per day stays what it is. The others are compared by their counts, and are not held unless every day is.

create view chicago.place_periods as
select
    counted_periods.period,
    counted_periods.first_date,
    counted_periods.last_date,
    counted_periods.days,
    counted_periods.is_held
from pipeline.counted_periods
order by counted_periods.number;

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
