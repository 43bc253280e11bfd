-- One row: how far the running run is; none where none is running.
-- Reads: pipeline.runs, pipeline.windows. Writes: nothing. Run by: tasks/shown/progress.py.

select
    cast(count(windows.window_id) as integer) as windows,
    cast(count(*) filter (where windows.status in ('done', 'failed')) as integer) as done,
    cast(count(*) filter (where windows.status = 'running') as integer) as running,
    cast(coalesce(sum(windows.source_rows), 0) as integer) as rows_read
from pipeline.runs as runs
left join pipeline.windows as windows on runs.run_id = windows.run_id
where runs.status = 'running'
group by runs.run_id;
