-- One row is a calendar month that we hold something of.
-- Reads: chicago.crime_growth_by_month. Run by: dashboard/site/when.py.

select
    make_date(crime_growth_by_month.year, crime_growth_by_month.month, 1) as month,
    crime_growth_by_month.is_complete,
    crime_growth_by_month.days,
    crime_growth_by_month.crimes,
    crime_growth_by_month.crimes_per_day,
    crime_growth_by_month.growth_pct,
    crime_growth_by_month.year_growth_pct
from chicago.crime_growth_by_month
order by crime_growth_by_month.year, crime_growth_by_month.month;
