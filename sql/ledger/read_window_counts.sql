-- One row: what a window did; none where it is not done.
-- Reads: pipeline.windows. Writes: nothing. Run by: tasks/warehouse/ledger.py.
-- Parameters: run_id, kind, window_start, window_end, since, round.

select
    source_rows,
    inserted,
    rekeyed,
    updated,
    unchanged,
    touched,
    rejected,
    retired,
    bad_coordinates,
    coalesce(repaired, 0) as repaired,
    seconds
from pipeline.windows
where
    status = 'done'
    and run_id = :run_id
    and kind = :kind
    and "start" is not distinct from :window_start
    and "end" is not distinct from :window_end
    and since is not distinct from :since
    and round = :round;
