-- Writes how a window stands: running, done with its counts (in the transaction of its rows), or failed with its
-- reason.
-- Reads and writes: pipeline.windows. Run by: tasks/warehouse/ledger.py.
-- Parameters: run_id, kind, window_start, window_end, since, round (the window); status, error, seconds; the counts
-- (null: they stay): source_rows, touched, inserted, updated, unchanged, repaired, rekeyed, retired, rejected,
-- bad_coordinates.

update pipeline.windows
set
    status = :status,
    started_at = case when cast(:status as text) = 'running' then pipeline.moment() else started_at end,
    ended_at = case when cast(:status as text) = 'running' then ended_at else pipeline.moment() end,
    error = :error,
    source_rows = coalesce(:source_rows, source_rows),
    inserted = coalesce(:inserted, inserted),
    rekeyed = coalesce(:rekeyed, rekeyed),
    updated = coalesce(:updated, updated),
    unchanged = coalesce(:unchanged, unchanged),
    touched = coalesce(:touched, touched),
    repaired = coalesce(:repaired, repaired),
    rejected = coalesce(:rejected, rejected),
    retired = coalesce(:retired, retired),
    bad_coordinates = coalesce(:bad_coordinates, bad_coordinates),
    seconds = coalesce(:seconds, seconds)
where
    run_id = :run_id
    and kind = :kind
    and "start" is not distinct from :window_start
    and "end" is not distinct from :window_end
    and since is not distinct from :since
    and round = :round;
