-- One row: the seconds that each part of a run took; null for a part that it did not come to.
-- Reads: pipeline.runs, pipeline.audits. Writes: nothing. Run by: tasks/shown/artifacts.py. Parameters: run_id.

select
    extract(epoch from runs.planned_at - runs.started_at) as planning,
    extract(epoch from runs.windows_done_at - runs.planned_at) as syncing,
    extract(epoch from audits.checked_at - coalesce(runs.windows_done_at, runs.planned_at)) as auditing,
    extract(epoch from coalesce(runs.ended_at, clock_timestamp()) - audits.checked_at) as settling_and_views
from pipeline.runs as runs
left join lateral (
    select max(audits.checked_at) as checked_at from pipeline.audits as audits where audits.run_id = runs.run_id
) as audits on true
where runs.run_id = :run_id;
