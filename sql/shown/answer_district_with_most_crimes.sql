-- One row: the district with most crimes of the last year.
-- Reads: chicago.crimes_by_district. Writes: nothing. Run by: tasks/shown/report.py.

select
    districts.district,
    districts.district_name,
    districts.last_year,
    districts.last_year_days
from chicago.crimes_by_district as districts
where districts.last_year_rank = 1 and districts.last_year > 0
order by districts.district
limit 1;
