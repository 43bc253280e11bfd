-- One row: the complete month with most crimes a day.
-- Reads: chicago.crime_growth_by_month. Writes: nothing. Run by: tasks/shown/report.py.

select
    to_char(make_date(growth.year, growth.month, 1), 'FMMonth YYYY') as month_title,
    round(growth.crimes_per_day, 1) as crimes_per_day
from chicago.crime_growth_by_month as growth
where growth.is_complete
order by growth.crimes_per_day desc nulls last
limit 1;
