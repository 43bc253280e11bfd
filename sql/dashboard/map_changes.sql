-- One row is a police district, beat or ward: its newest 28 complete days against the period asked for, both corrected
-- for what is published late, and what chance leaves of that. None where these days are not held.
-- Reads: chicago.recent_changes. Run by: dashboard/site/city_map.py.
-- Parameters: layer (district, beat or ward), compared_with (previous or last_year).

select
    recent_changes.member as area,
    recent_changes.corrected_change_pct as change,  -- noqa: RF04
    recent_changes.change_low_pct,
    recent_changes.change_high_pct,
    recent_changes.is_unusual
from chicago.recent_changes
where
    recent_changes.family = cast(:layer as text)
    and recent_changes.compared_with = cast(:compared_with as text);
