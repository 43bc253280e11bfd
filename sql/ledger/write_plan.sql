-- Writes what a run will do, and up to where the source was read when all of it is done.
-- Reads and writes: pipeline.runs. Run by: tasks/warehouse/ledger.py.
-- Parameters: run_id, kind, candidate_watermark (an instant), resumes (the run that it goes on with, or null).

update pipeline.runs
set
    kind = :kind,
    candidate_watermark = :candidate_watermark,
    resumes = :resumes,
    planned_at = pipeline.moment()
where run_id = :run_id;
