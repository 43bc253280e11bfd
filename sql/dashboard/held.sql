-- One row: the first and the last date that we hold, and of the complete ones; all null where we hold none.
-- Reads: chicago.daily_crimes. Run by: dashboard/app.py, for each page.

select
    min(daily_crimes.date) as first_date,
    max(daily_crimes.date) as last_date,
    min(daily_crimes.date) filter (where daily_crimes.is_complete) as first_complete_date,
    max(daily_crimes.date) filter (where daily_crimes.is_complete) as last_complete_date
from chicago.daily_crimes;
