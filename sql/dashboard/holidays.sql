-- One row is the date of a holiday on the basis asked for.
-- Reads: chicago.crimes_by_holiday_date. Run by: dashboard/site/when.py. Parameters: basis.

select
    crimes_by_holiday_date.date,
    crimes_by_holiday_date.holiday_name,
    crimes_by_holiday_date.crimes,
    crimes_by_holiday_date.is_complete,
    crimes_by_holiday_date.ordinary_days,
    crimes_by_holiday_date.expected,
    crimes_by_holiday_date.expected_low,
    crimes_by_holiday_date.expected_high,
    crimes_by_holiday_date.dispersion,
    crimes_by_holiday_date.change_pct,
    crimes_by_holiday_date.is_unusual,
    crimes_by_holiday_date.stands_out,
    crimes_by_holiday_date.violent,
    crimes_by_holiday_date.violent_expected,
    crimes_by_holiday_date.violent_expected_low,
    crimes_by_holiday_date.violent_expected_high,
    crimes_by_holiday_date.violent_change_pct,
    crimes_by_holiday_date.violent_stands_out
from chicago.crimes_by_holiday_date
where crimes_by_holiday_date.basis = :basis
order by crimes_by_holiday_date.date;
