-- One row is the ward asked for: its newest 28 complete days against the 28 before, and what chance allows; none where
-- these are not held.
-- Reads: chicago.recent_changes. Run by: dashboard/site/wards.py. Parameters: ward.

select
    recent_changes.change_pct,
    recent_changes.change_low_pct,
    recent_changes.change_high_pct,
    recent_changes.is_unusual
from chicago.recent_changes
where
    recent_changes.family = 'ward'
    and recent_changes.compared_with = 'previous'
    and recent_changes.member = cast(cast(:ward as smallint) as text);
