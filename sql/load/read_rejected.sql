-- One row is an open row of the quarantine, as it was published.
-- Reads: pipeline.rejected_rows. Writes: nothing. Run by: tasks/sync/apply.py, for a replay.

select rejected_rows.raw
from pipeline.rejected_rows
order by rejected_rows.crime_id;
