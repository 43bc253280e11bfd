-- One row is a date, from the first asked for, and the crimes of the district asked for.
-- Reads: chicago.daily_crimes, chicago.daily_cube. Run by: dashboard/site/district.py.
-- Parameters: district, first_date.

select
    daily_crimes.date,
    daily_crimes.is_complete,
    coalesce(daily_cube.crimes, 0) as crimes
from chicago.daily_crimes
-- Left: a day without a crime in the district counts none.
left join chicago.daily_cube
    on
        daily_crimes.date = daily_cube.date
        and daily_cube.district = cast(:district as smallint)
where daily_crimes.date >= cast(:first_date as date)
order by daily_crimes.date;
