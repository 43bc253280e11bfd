-- One row: the district with the highest share of arrests.
-- Reads: chicago.police_rank_by_arrest. Writes: nothing. Run by: tasks/shown/report.py.

select
    ranked.district,
    ranked.district_name,
    round(ranked.arrest_percentage, 1) as arrest_percentage
from chicago.police_rank_by_arrest as ranked
where ranked.district is not null
order by ranked.arrest_percentage desc nulls last
limit 1;
