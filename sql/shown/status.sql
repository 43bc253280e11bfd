-- One row: what we hold, the last run, and the last comparison of the whole span.
-- Reads: chicago.crimes, pipeline.freshness_limit, pipeline.rejected_rows, pipeline.runs, pipeline.windows, pipeline.audits. Writes: nothing.
-- Run by: tasks/commands/status.py.

with held as (
    -- A stamp beyond the database's clock is not taken for the newest.
    select
        count(crimes.crime_id) as crimes,
        max(crimes.updated_at) filter (
            where crimes.updated_at <= now() + make_interval(secs => freshness_limit.stamp_margin_days * 86400)
        ) as newest_update
    from pipeline.freshness_limit
    left join chicago.crimes as crimes on true
),

last_run as (
    select
        coalesce(runs.kind, runs.mode) as kind,
        runs.status,
        runs.started_at,
        runs.message
    from pipeline.runs as runs
    where runs.status <> 'skipped'
    order by runs.started_at desc
    limit 1
),

last_plan as (
    select runs.run_id
    from pipeline.runs as runs
    where runs.planned_at is not null
    order by runs.planned_at desc
    limit 1
),

last_audit as (
    select
        audits.checked_at,
        audits.proof,
        audits.equal,
        audits.unexplained_rows,
        audits.source_newest_update,
        audits.source_last_modified
    from pipeline.audits as audits
    where audits.span is null or upper_inf(audits.span)
    order by audits.audit_id desc
    limit 1
)

select
    held.crimes,
    (select count(*) from pipeline.rejected_rows) as rejected,
    held.newest_update,
    clock_timestamp() as database_now,
    (
        select count(*)
        from pipeline.windows as windows
        inner join last_plan on windows.run_id = last_plan.run_id
        where windows.round = 0 and windows.status <> 'done'
    ) as open_windows,
    last_run.kind as last_kind,
    last_run.status as last_status,
    last_run.started_at as last_started,
    last_run.message as last_message,
    last_audit.checked_at,
    last_audit.proof,
    last_audit.equal,
    last_audit.unexplained_rows,
    last_audit.source_newest_update as audited_update,
    last_audit.source_last_modified as audited_modified,
    (
        select max(audits.checked_at)
        from pipeline.audits as audits
        where audits.equal and (audits.span is null or upper_inf(audits.span))
    ) as last_equal
from held
-- left: before the first run there is neither
left join last_run on true
left join last_audit on true;
