-- One row is a date that is a holiday, or on which the City is closed for one.
-- Reads: chicago.dates. Writes: nothing. Run by: tasks/warehouse/nowcast.py.

select dates.date
from chicago.dates
where dates.holiday_name is not null or dates.actual_holiday_name is not null;
