-- One row is a planned window of a run, in the order of the plan: how it stands, and whether its run is at work.
-- Reads: pipeline.windows, pipeline.runs. Writes: nothing. Run by: tasks/warehouse/ledger.py. Parameters: run_id.

select
    windows.window_id,
    windows.kind,
    windows."start",
    windows."end",
    windows.since,
    windows.status,
    windows.error,
    runs.status = 'running' as is_at_work
from pipeline.windows as windows
inner join pipeline.runs as runs on windows.run_id = runs.run_id
where windows.run_id = :run_id and windows.round = 0
order by windows.window_id;
