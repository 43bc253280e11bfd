-- One row is a ward; the last, without a number, the crimes of unknown ones.
-- Reads: chicago.ward_crimes_summary. Run by: dashboard/site/wards.py.

select
    ward_crimes_summary.ward,
    ward_crimes_summary.alderman,
    ward_crimes_summary.last_year,
    ward_crimes_summary.last_year_from,
    ward_crimes_summary.last_year_to,
    ward_crimes_summary.last_year_rank,
    ward_crimes_summary.last_year_violent,
    ward_crimes_summary.last_year_most_common_crime,
    ward_crimes_summary.year_to_date,
    ward_crimes_summary.year_to_date_before,
    ward_crimes_summary.total_crimes,
    ward_crimes_summary.total_crimes_rank,
    ward_crimes_summary.total_crimes_rank_from,
    ward_crimes_summary.total_crimes_rank_to,
    ward_crimes_summary.arrest_rate,
    ward_crimes_summary.ward_phone,
    ward_crimes_summary.email
from chicago.ward_crimes_summary
order by ward_crimes_summary.ward nulls last;
