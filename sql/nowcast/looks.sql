-- One row is a day of a load of the source that we were proven equal with: a day on which we looked.
-- Reads: pipeline.audits, pipeline.runs. Writes: nothing. Run by: tasks/warehouse/nowcast.py.

select distinct cast(audits.source_newest_update at time zone 'America/Chicago' as date) as load_date
from pipeline.audits
-- Every audit is of a run.
inner join pipeline.runs on audits.run_id = runs.run_id
where audits.equal and audits.source_newest_update is not null and runs.kind not in ('range', 'replay');
