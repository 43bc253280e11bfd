-- One row: the district with most arrests over those expected of its kinds of crime; none where chance is not excluded.
-- Reads: chicago.police_rank_by_arrest. Writes: nothing. Run by: tasks/shown/report.py.

select
    ranked.district,
    ranked.district_name,
    round(ranked.standardized_arrest_ratio, 2) as ratio,
    round(ranked.standardized_arrest_ratio_low, 2) as ratio_low,
    round(ranked.standardized_arrest_ratio_high, 2) as ratio_high
from chicago.police_rank_by_arrest as ranked
where
    ranked.standardized_arrest_ratio_rank = 1
    and ranked.standardized_arrest_ratio_low > 1
order by ranked.district
limit 1;
