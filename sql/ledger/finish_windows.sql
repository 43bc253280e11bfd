-- One row: up to where the source was read by a run whose windows are all done; null for a run over a range. None while
-- a planned window is not done.
-- Reads: pipeline.windows. Writes: pipeline.runs. Run by: tasks/warehouse/ledger.py. Parameters: run_id.

update pipeline.runs
set windows_done_at = pipeline.moment()
where
    run_id = :run_id
    and not exists (
        select 1
        from pipeline.windows as windows
        where windows.run_id = :run_id and windows.round = 0 and windows.status <> 'done'
    )
returning case when range_start is null and range_end is null then candidate_watermark end as watermark;
