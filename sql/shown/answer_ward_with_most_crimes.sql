-- One row: the ward with most crimes, and its most common kind.
-- Reads: chicago.ward_crimes_summary. Writes: nothing. Run by: tasks/shown/report.py.

select
    wards.ward,
    wards.alderman,
    wards.total_crimes,
    wards.most_common_crime
from chicago.ward_crimes_summary as wards
where wards.ward is not null
order by wards.total_crimes desc
limit 1;
