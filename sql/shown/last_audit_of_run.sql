-- One row: the last comparison of a run; none where there was none.
-- Reads: pipeline.audits. Writes: nothing. Run by: tasks/shown/report.py. Parameters: run_id.

select
    audits.equal,
    audits.source_rows,
    audits.our_rows,
    lower(audits.span) as span_start,
    audits.outside_rows,
    audits.unexplained_rows
from pipeline.audits as audits
where audits.run_id = :run_id
order by audits.audit_id desc
limit 1;
