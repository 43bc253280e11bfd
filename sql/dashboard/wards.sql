-- One row is a ward; the last, without a number, the crimes of unknown ones.
-- Its newest 28 complete days are compared at equal age with the 28 before, and with those of a year ago.
-- Reads: chicago.ward_crimes_summary, chicago.recent_changes. Run by: dashboard/site/wards.py.

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
    ward_crimes_summary.email,
    earlier.corrected_change_pct,
    earlier.is_unusual as change_is_unusual,
    a_year_ago.corrected_change_pct as year_corrected_change_pct,
    a_year_ago.is_unusual as year_change_is_unusual
from chicago.ward_crimes_summary
-- Left, both: nothing is compared until enough days are held, and the unknown ward never.
left join chicago.recent_changes as earlier
    on
        earlier.family = 'ward'
        and earlier.compared_with = 'previous'
        and cast(ward_crimes_summary.ward as text) = earlier.member
left join chicago.recent_changes as a_year_ago
    on
        a_year_ago.family = 'ward'
        and a_year_ago.compared_with = 'last_year'
        and cast(ward_crimes_summary.ward as text) = a_year_ago.member
order by ward_crimes_summary.ward nulls last;
