-- One row: the ward with most crimes of the last year, and its most common kind.
-- Reads: chicago.ward_crimes_summary. Writes: nothing. Run by: tasks/shown/report.py.

select
    wards.ward,
    wards.alderman,
    wards.last_year,
    wards.last_year_days,
    wards.last_year_most_common_crime
from chicago.ward_crimes_summary as wards
where wards.last_year_rank = 1 and wards.last_year > 0
order by wards.ward
limit 1;
