-- One row: the start of the last span that was proven equal as a whole, Chicago wall clock; no row before the first.
-- Reads: pipeline.audits. Writes: nothing. Run by: tasks/warehouse/audits.py.

select lower(audits.span) as span_start
from pipeline.audits as audits
where audits.equal and upper_inf(audits.span)
order by audits.audit_id desc
limit 1;
