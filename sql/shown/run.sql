-- One row: a run in figures, its windows added up.
-- Reads: pipeline.runs, pipeline.windows, pipeline.rejected_rows. Writes: nothing. Run by: tasks/shown/report.py.
-- Parameters: run_id.

select
    runs.run_id,
    coalesce(runs.kind, runs.mode) as kind,
    runs.status,
    runs.message,
    runs.started_at,
    runs.proof,
    coalesce(runs.revised, 0) as revised,
    coalesce(runs.withdrawn, 0) as withdrawn,
    cast(extract(epoch from coalesce(runs.ended_at, clock_timestamp()) - runs.started_at) as double precision)
        as seconds,
    cast(count(*) filter (where windows.status = 'done' and windows.round = 0) as integer) as windows_done,
    cast(count(*) filter (where windows.status = 'failed') as integer) as windows_failed,
    cast(count(*) filter (where windows.status = 'done' and windows.round > 0) as integer) as windows_mended,
    coalesce(sum(windows.inserted), 0) as inserted,
    coalesce(sum(windows.rekeyed), 0) as rekeyed,
    coalesce(sum(windows.updated), 0) as updated,
    -- What the audit reads again is no second unchanged row, nor a second bad point.
    coalesce(sum(windows.unchanged) filter (where windows.round = 0), 0) as unchanged,
    coalesce(sum(windows.repaired), 0) as repaired,
    (select count(*) from pipeline.rejected_rows as rejected where rejected.first_run = runs.run_id) as rejected,
    coalesce(sum(windows.retired), 0) as retired,
    coalesce(sum(windows.bad_coordinates) filter (where windows.round = 0), 0) as bad_coordinates
from pipeline.runs as runs
left join pipeline.windows as windows on runs.run_id = windows.run_id
where runs.run_id = :run_id
group by runs.run_id;
