-- One row is a day of the week and a watch in the district asked for: what one such watch has, and its spread.
-- Reads: chicago.crimes_by_district_and_watch. Run by: dashboard/site/district.py, staffing.py. Parameters: district.

select
    crimes_by_district_and_watch.day_of_week,
    crimes_by_district_and_watch.day_of_week_name,
    crimes_by_district_and_watch.watch,
    crimes_by_district_and_watch.watch_name,
    crimes_by_district_and_watch.watches,
    crimes_by_district_and_watch.crimes,
    crimes_by_district_and_watch.expected_crimes,
    sqrt(crimes_by_district_and_watch.crimes_variance) as crimes_spread,
    crimes_by_district_and_watch.expected_violent,
    sqrt(crimes_by_district_and_watch.violent_variance) as violent_spread
from chicago.crimes_by_district_and_watch
where
    crimes_by_district_and_watch.district = cast(:district as smallint)
    and crimes_by_district_and_watch.watch is not null
order by crimes_by_district_and_watch.watch, crimes_by_district_and_watch.day_of_week;
