-- Clears old runs that nothing names any more. Kept whatever their age: the newest that did something, the newest
-- plans, those since reasons were last settled, and those whose reasons the views do not know yet; and a run that a row
-- of the history, the quarantine, the record of columns, of days or of months, the watermark, or a later run names.
-- Reads: all that names a run. Writes: pipeline.runs. Run by: tasks/warehouse/clearing.py, last. Parameters: days.

with last_settled as (
    select coalesce(max(runs.settled_at), '-infinity') as at
    from pipeline.runs as runs
),

oldest_refresh as (
    select min(deployed.refreshed_at) as at
    from pipeline.deployed_views as deployed
    where deployed.is_materialized
),

needed as (
    (
        select runs.run_id
        from pipeline.runs as runs
        where runs.status <> 'skipped'
        order by runs.started_at desc
        limit 1
    )
    union
    (
        select runs.run_id
        from pipeline.runs as runs
        where runs.planned_at is not null
        order by runs.planned_at desc
        limit 1
    )
    union
    (
        select runs.run_id
        from pipeline.runs as runs
        where runs.planned_at is not null and runs.kind in ('backfill', 'resume', 'reconcile')
        order by runs.planned_at desc
        limit 1
    )
    union
    -- what later stamps are measured by
    select runs.run_id
    from pipeline.runs as runs
    cross join last_settled
    where runs.settled_at = last_settled.at or runs.started_at > last_settled.at
    union
    select runs.run_id
    from pipeline.runs as runs
    cross join oldest_refresh
    where
        runs.revised + runs.withdrawn > 0
        -- null: nothing was refreshed yet
        and (runs.started_at < oldest_refresh.at) is not true
)

delete from pipeline.runs as runs
where
    runs.status <> 'running'
    and runs.ended_at < pipeline.moment() - make_interval(secs => 86400 * cast(:days as double precision))
    and runs.run_id not in (select needed.run_id from needed)
    -- The ledger's own first, which are few; then the history, by its index.
    and not exists (select 1 from pipeline.windows as named where named.run_id = runs.run_id)
    and not exists (select 1 from pipeline.audits as named where named.run_id = runs.run_id)
    and not exists (select 1 from pipeline.watermark as named where named.run_id = runs.run_id)
    and not exists (select 1 from pipeline.runs as named where named.resumes = runs.run_id)
    and not exists (select 1 from pipeline.compared_days as named where named.run_id = runs.run_id)
    and not exists (select 1 from pipeline.proven_months as named where named.run_id = runs.run_id)
    and not exists (select 1 from pipeline.source_columns as named where named.first_run = runs.run_id)
    and not exists (select 1 from pipeline.source_columns as named where named.last_run = runs.run_id)
    and not exists (select 1 from chicago.crime_history as named where named.run_id = runs.run_id)
    and not exists (select 1 from pipeline.rejected_rows as named where named.first_run = runs.run_id)
    and not exists (select 1 from pipeline.rejected_rows as named where named.last_run = runs.run_id);
