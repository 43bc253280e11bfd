-- One row is an open row of the quarantine, as it was published but for its id, which is the one that it is held under.
-- Parameters: key_field, the name of the id in the published row.
-- Reads: pipeline.rejected_rows. Writes: nothing. Run by: tasks/sync/apply.py, for a replay.

select rejected_rows.raw || jsonb_build_object(cast(:key_field as text), rejected_rows.crime_id) as raw
from pipeline.rejected_rows
order by rejected_rows.crime_id;
