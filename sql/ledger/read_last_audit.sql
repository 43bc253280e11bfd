-- One row: the last comparison, the source's state then, and whether a window was synced after it; no row before
-- the first.
-- Reads: pipeline.audits, pipeline.windows. Writes: nothing. Run by: tasks/warehouse/audits.py.

select
    audits.equal,
    audits.our_rows,
    audits.source_last_modified as last_modified,
    audits.source_row_count as row_count,
    audits.source_newest_update as newest_update,
    audits.source_oldest_occurrence as oldest_occurrence,
    upper_inf(audits.span) as is_whole,
    exists(
        select 1
        from pipeline.windows as windows
        where windows.ended_at > audits.checked_at and windows.status = 'done'
    ) as is_overtaken
from pipeline.audits as audits
order by audits.audit_id desc
limit 1;
