-- One row is a day of the week and an hour in the district asked for: what one such hour has, and its spread.
-- Reads: chicago.crimes_by_district_and_hour. Run by: dashboard/site/staffing.py. Parameters: district.

select
    crimes_by_district_and_hour.day_of_week,
    crimes_by_district_and_hour.day_of_week_name,
    crimes_by_district_and_hour.hour,
    crimes_by_district_and_hour.days,
    crimes_by_district_and_hour.crimes,
    crimes_by_district_and_hour.expected_crimes as crimes_per_day,
    sqrt(crimes_by_district_and_hour.crimes_variance) as crimes_spread,
    crimes_by_district_and_hour.expected_violent,
    sqrt(crimes_by_district_and_hour.violent_variance) as violent_spread
from chicago.crimes_by_district_and_hour
where
    crimes_by_district_and_hour.district = cast(:district as smallint)
    and crimes_by_district_and_hour.hour is not null
order by crimes_by_district_and_hour.day_of_week, crimes_by_district_and_hour.hour;
