-- One row is a date that we hold, from the first asked for, the newest last.
-- Reads: chicago.daily_crimes. Run by: dashboard/site/overview.py. Parameters: first_date.

select
    daily_crimes.date,
    daily_crimes.crimes,
    daily_crimes.violent,
    daily_crimes.property,
    daily_crimes.arrests,
    daily_crimes.domestic,
    daily_crimes.is_complete,
    daily_crimes.mean_7_days,
    daily_crimes.mean_28_days
from chicago.daily_crimes
where daily_crimes.date >= cast(:first_date as date)
order by daily_crimes.date;
