-- One row: in which districts the newest 28 complete days differ from the 28 before by more than chance.
-- Reads: chicago.recent_changes. Writes: nothing. Run by: tasks/shown/report.py.

select
    to_char(max(changes.last_date), 'FMDD FMMonth YYYY') as last_date,
    case
        when count(changes.is_unusual) = 0 then null
        when count(*) filter (where changes.is_unusual) = 0 then 'no district changed by more than chance'
        else 'beyond chance in district ' || string_agg(
            changes.member || ' (' || to_char(changes.change_pct, 'FMSG9990.0') || ' %)', ', '
            order by changes.q_value, changes.member
        ) filter (where changes.is_unusual)
    end as verdict
from chicago.recent_changes as changes
where changes.family = 'district' and changes.compared_with = 'previous';
