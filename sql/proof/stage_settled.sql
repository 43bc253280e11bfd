-- One row of settled is one retired row and the row that replaced it; null: none did.
-- Reads: nothing. Writes: temporary table settled. Run by: tasks/proof/settle.py, before COPY fills it.

create temporary table settled (
    crime_id text collate "C",
    retired_at timestamp with time zone,
    replaced_by text collate "C"
) on commit drop;
