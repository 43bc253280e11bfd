-- One row is a holiday, its eve, or the night or day after it, in the district asked for, against ordinary days.
-- Reads: chicago.crimes_by_holiday_and_district. Run by: dashboard/site/staffing.py. Parameters: district.

select
    crimes_by_holiday_and_district.holiday_name,
    crimes_by_holiday_and_district.part,
    crimes_by_holiday_and_district.last_date,
    crimes_by_holiday_and_district.days,
    crimes_by_holiday_and_district.crimes,
    crimes_by_holiday_and_district.expected_crimes as expected,
    crimes_by_holiday_and_district.expected_crimes_low as expected_low,
    crimes_by_holiday_and_district.expected_crimes_high as expected_high,
    crimes_by_holiday_and_district.is_unusual
from chicago.crimes_by_holiday_and_district
where
    crimes_by_holiday_and_district.district = cast(:district as smallint)
    and crimes_by_holiday_and_district.days > 0
order by
    crimes_by_holiday_and_district.is_unusual desc nulls last,
    crimes_by_holiday_and_district.last_date desc,
    crimes_by_holiday_and_district.part asc;
