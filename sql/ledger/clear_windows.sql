-- Clears the windows of old runs. Kept whatever their age: those of the newest plan and of the newest one of the whole
-- span, which may be unfinished, and those that the last audit or the views do not know yet.
-- Reads: pipeline.runs, pipeline.audits, pipeline.deployed_views. Writes: pipeline.windows.
-- Run by: tasks/warehouse/clearing.py. Parameters: days.

with newest_plans as (
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
),

known as (
    select
        least(
            (select max(audits.checked_at) from pipeline.audits as audits),
            (select min(deployed.refreshed_at) from pipeline.deployed_views as deployed where deployed.is_materialized)
        ) as known_at
)

delete from pipeline.windows as windows
using pipeline.runs as runs
where
    windows.run_id = runs.run_id
    and runs.ended_at < pipeline.moment() - make_interval(secs => 86400 * cast(:days as double precision))
    and runs.run_id not in (select newest_plans.run_id from newest_plans)
    and coalesce(windows.ended_at, '-infinity') < (select known.known_at from known);
