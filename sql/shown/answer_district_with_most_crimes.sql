-- One row: the district with most crimes.
-- Reads: chicago.police_rank_by_arrest. Writes: nothing. Run by: tasks/shown/report.py.

select
    ranked.district,
    ranked.district_name,
    ranked.total_crimes
from chicago.police_rank_by_arrest as ranked
where ranked.district is not null
order by ranked.total_crimes desc
limit 1;
