-- One row is a part of the city (its five counts, a district, ward, beat, kind or hour) and a period that its newest 28
-- complete days are compared with at equal age, what is unusual first.
-- Reads: chicago.recent_changes, chicago.police_stations. Run by: dashboard/site/overview.py, district.py, wards.py.

select
    recent_changes.family,
    recent_changes.member,
    police_stations.district_name,
    recent_changes.compared_with,
    recent_changes.first_date,
    recent_changes.last_date,
    recent_changes.crimes,
    recent_changes.crimes_before,
    recent_changes.change_pct,
    recent_changes.corrected_change_pct,
    recent_changes.change_low_pct,
    recent_changes.change_high_pct,
    recent_changes.is_unusual,
    recent_changes.dispersion,
    recent_changes.caution
from chicago.recent_changes
-- Left: wards, kinds and hours have no station. A beat's first two digits are its district.
left join chicago.police_stations
    on
        police_stations.district = case recent_changes.family
            when 'district' then cast(recent_changes.member as smallint)
            when 'beat' then cast(left(recent_changes.member, 2) as smallint)
        end
order by
    recent_changes.q_value asc nulls last,
    recent_changes.family asc,
    recent_changes.member asc,
    recent_changes.compared_with asc;
