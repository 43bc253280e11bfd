-- Clears old comparisons. Kept whatever their age: what decides (tasks/warehouse/audits.py) and what status and
-- freshness show, which are the newest one, the newest of the whole span and the newest of those that was equal; the
-- newest by which a shorter span was accepted by hand; and the longest span proven since. A proof of a source without a
-- dated row before its stamps has no span (read_last_span.sql).
-- Reads: pipeline.runs. Writes: pipeline.audits. Run by: tasks/warehouse/clearing.py. Parameters: days.

with accepted as (
    select max(audits.audit_id) as audit_id
    from pipeline.audits as audits
    -- Inner: each comparison is of a run.
    inner join pipeline.runs as runs on audits.run_id = runs.run_id
    where runs.accept_span and audits.equal and audits.unexplained_rows > 0
),

longest as (
    select audits.audit_id
    from pipeline.audits as audits
    cross join accepted
    where
        audits.equal
        and pipeline.span_reach(audits.span, audits.source_newest_update) is not null
        and audits.audit_id >= coalesce(accepted.audit_id, 0)
    order by pipeline.span_reach(audits.span, audits.source_newest_update) desc
    limit 1
),

needed as (
    select
        unnest(array[
            max(audits.audit_id),
            max(audits.audit_id) filter (where audits.span is null or upper_inf(audits.span)),
            max(audits.audit_id) filter (where audits.equal and (audits.span is null or upper_inf(audits.span))),
            max(audits.audit_id) filter (where audits.equal and upper_inf(audits.span)),
            max(audits.audit_id) filter (
                where
                audits.equal
                and pipeline.span_reach(audits.span, audits.source_newest_update) is not null
            )
        ]) as audit_id
    from pipeline.audits as audits
    union
    select accepted.audit_id
    from accepted
    union
    select longest.audit_id
    from longest
)

delete from pipeline.audits as audits
where
    audits.checked_at < pipeline.moment() - make_interval(secs => 86400 * cast(:days as double precision))
    and not exists (select 1 from needed where needed.audit_id = audits.audit_id);
