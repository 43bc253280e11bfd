-- One row: the first and last date of the calendar; nulls when it is empty.
-- Reads: chicago.dates. Writes: nothing. Run by: tasks/warehouse/reference.py.

select
    min(dates.date) as first_date,
    max(dates.date) as last_date
from chicago.dates;
