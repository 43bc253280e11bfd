-- held stays empty: rows that are judged again take nothing away.
-- Reads: nothing. Writes: temporary table held. Run by: tasks/sync/apply.py, for a replay of the quarantine.

create temporary table held (
    crime_id text collate "C",
    case_number text,
    is_rejected boolean
) on commit drop;
