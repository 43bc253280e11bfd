-- One row: whether rows, reasons or lists changed after the oldest refresh of what is materialized, or crimes have to
-- be counted. The stamps compared are the ledger's own, which never go back.
-- A refresh is the last step of a run that changes anything, so that reasons of a run that began before it are in the
-- views.
-- Reads: pipeline.deployed_views, pipeline.windows, pipeline.reference_loads, pipeline.runs, pipeline.crime_changes,
-- pipeline.counts_state, pipeline.period_counts_state, pipeline.freshness_limit. Writes: nothing.
-- Run by: tasks/warehouse/views.py.

with oldest as (
    select min(refreshed_at) as at
    from pipeline.deployed_views
    where is_materialized
)

select
    exists (
        select 1
        from pipeline.windows as windows
        cross join oldest
        where
            windows.status = 'done'
            and windows.ended_at >= oldest.at
            and windows.inserted + windows.rekeyed + windows.updated + windows.touched + windows.retired
            + coalesce(windows.repaired, 0) > 0
    )
    or exists (
        select 1
        from pipeline.reference_loads as loads
        cross join oldest
        where loads.stored_at >= oldest.at and loads.changed_rows > 0
    )
    or exists (
        select 1
        from pipeline.runs as runs
        cross join oldest
        where runs.started_at >= oldest.at and runs.revised + runs.withdrawn > 0
    )
    or exists (
        -- the counts go by the margin of the stamps
        select 1
        from pipeline.freshness_limit
        cross join oldest
        where freshness_limit.set_at >= oldest.at
    )
    or exists (select 1 from pipeline.crime_changes)
    or not exists (select 1 from pipeline.counts_state)
    or not exists (select 1 from pipeline.period_counts_state) as is_stale;
