-- One row of held is one row that we hold of those that the source publishes without an occurrence time. They are
-- all in quarantine, because crimes needs one. A row whose time cannot be read is in the window
-- of its day, or in one that is open to its side (hold_window.sql); where its text tells neither, the audit sees to it.
-- Reads: pipeline.rejected_rows. Writes: temporary table held. Run by: tasks/sync/apply.py.
-- Parameters: occurrence_field, the name of the occurrence time in the published row.

create temporary table held on commit drop as
select
    crime_id,
    case_number,
    true as is_rejected
from pipeline.rejected_rows
where raw ->> cast(:occurrence_field as text) is null;
