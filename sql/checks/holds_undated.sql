-- One row: whether a row without an occurrence time waits in quarantine.
-- Reads: pipeline.rejected_rows. Writes: nothing. Run by: tasks/run/plan.py.

select exists(select 1 from pipeline.rejected_rows where date_of_occurrence is null) as holds_undated;
