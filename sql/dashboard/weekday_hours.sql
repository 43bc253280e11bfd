-- One row is an hour of a day of the week, over complete days, those at an unknown time left out.
-- Reads: chicago.crimes_by_weekday_and_hour. Run by: dashboard/site/when.py.

select
    crimes_by_weekday_and_hour.day_of_week,
    crimes_by_weekday_and_hour.day_of_week_name,
    crimes_by_weekday_and_hour.hour,
    crimes_by_weekday_and_hour.days,
    crimes_by_weekday_and_hour.crimes_per_day_without_placeholders as crimes_per_day
from chicago.crimes_by_weekday_and_hour
order by crimes_by_weekday_and_hour.day_of_week, crimes_by_weekday_and_hour.hour;
