-- One row is a police district; the last, without a number, the crimes of unknown ones.
-- Reads: chicago.crimes_by_district, chicago.police_rank_by_arrest. Run by: dashboard/site/districts.py, district.py.

select
    crimes_by_district.district,
    crimes_by_district.district_name,
    crimes_by_district.crimes,
    crimes_by_district.violent,
    crimes_by_district.property,
    crimes_by_district.arrest_rate,
    crimes_by_district.domestic_share,
    crimes_by_district.last_28_days,
    crimes_by_district.previous_28_days,
    crimes_by_district.corrected_change_pct,
    crimes_by_district.same_28_days_last_year,
    crimes_by_district.year_corrected_change_pct,
    crimes_by_district.change_low_pct,
    crimes_by_district.change_high_pct,
    crimes_by_district.change_is_unusual,
    crimes_by_district.year_change_is_unusual,
    crimes_by_district.crimes_rank,
    crimes_by_district.crimes_rank_from,
    crimes_by_district.crimes_rank_to,
    crimes_by_district.violent_rank,
    crimes_by_district.arrest_rate_rank,
    crimes_by_district.last_year,
    crimes_by_district.last_year_violent,
    crimes_by_district.last_year_property,
    crimes_by_district.last_year_from,
    crimes_by_district.last_year_to,
    crimes_by_district.year_before,
    crimes_by_district.year_to_date,
    crimes_by_district.year_to_date_before,
    crimes_by_district.last_year_rank,
    crimes_by_district.last_year_violent_rank,
    police_rank_by_arrest.last_year_arrests,
    police_rank_by_arrest.expected_arrests,
    police_rank_by_arrest.standardized_arrest_ratio,
    police_rank_by_arrest.standardized_arrest_ratio_low,
    police_rank_by_arrest.standardized_arrest_ratio_high,
    police_rank_by_arrest.standardized_arrest_ratio_rank,
    police_rank_by_arrest.address,
    police_rank_by_arrest.phone
from chicago.crimes_by_district
-- Left: both have the same rows.
left join chicago.police_rank_by_arrest
    on crimes_by_district.district is not distinct from police_rank_by_arrest.district
order by crimes_by_district.district nulls last;
