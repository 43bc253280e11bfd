-- One row: crimes a day of the holidays that are compared, what their weekdays give around them, and whether that is
-- more than chance.
-- Reads: chicago.holiday_vs_non_holiday_crimes. Writes: nothing. Run by: tasks/shown/report.py.

select
    compared.compared_days as days,
    round(compared.expected_per_day * (1 + compared.change_pct / 100), 1) as holiday,
    round(compared.expected_per_day, 1) as expected,
    case
        when not compared.is_unusual then 'no more than chance'
        when compared.change_pct > 0 then round(compared.change_pct, 1) || ' % more'
        else round(-compared.change_pct, 1) || ' % fewer'
    end as verdict
from chicago.holiday_vs_non_holiday_crimes as compared
where compared.is_holiday;
