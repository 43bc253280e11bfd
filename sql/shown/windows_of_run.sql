-- One row is a window of a run, as a table in Prefect shows it.
-- Reads: pipeline.windows. Writes: nothing. Run by: tasks/shown/artifacts.py. Parameters: run_id.

select
    windows.kind,
    windows."start",
    windows."end",
    windows.since,
    windows.round,
    windows.status,
    windows.source_rows,
    windows.inserted,
    windows.rekeyed,
    windows.updated,
    windows.unchanged,
    windows.rejected,
    windows.retired,
    cast(round(cast(windows.seconds as numeric), 1) as double precision) as seconds,
    windows.error
from pipeline.windows as windows
where windows.run_id = :run_id
order by windows.window_id;
