-- One row: the newest run over the whole span that made a plan, and whether its windows are all done.
-- Reads: pipeline.runs. Writes: nothing. Run by: tasks/warehouse/ledger.py.

select
    runs.run_id,
    runs.candidate_watermark,
    runs.windows_done_at is not null as is_finished
from pipeline.runs as runs
where runs.planned_at is not null and runs.kind in ('backfill', 'resume', 'reconcile')
order by runs.planned_at desc
limit 1;
