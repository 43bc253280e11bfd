-- One row: crimes a day on holidays and on other days.
-- Reads: chicago.holiday_vs_non_holiday_crimes. Writes: nothing. Run by: tasks/shown/report.py.

select
    round(max(compared.crimes_per_day) filter (where compared.is_holiday), 1) as holiday,
    round(max(compared.crimes_per_day) filter (where not compared.is_holiday), 1) as other
from chicago.holiday_vs_non_holiday_crimes as compared;
