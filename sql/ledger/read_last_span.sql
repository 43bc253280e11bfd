-- One row: where the last span began that was proven equal as a whole, and what we held outside of it; none before the
-- first. A source without a dated row before its stamps had no span.
-- Reads: pipeline.audits. Writes: nothing. Run by: tasks/warehouse/audits.py.

select
    lower(audits.span) as span_start,
    audits.outside_rows
from pipeline.audits as audits
where
    audits.equal
    and pipeline.span_reach(audits.span, audits.source_newest_update) is not null
order by audits.audit_id desc
limit 1;
