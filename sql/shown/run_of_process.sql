-- One row: the newest run that a process opened; none when it came to none.
-- Reads: pipeline.runs. Writes: nothing. Run by: tasks/shown/report.py. Parameters: host, process_id.

select runs.run_id
from pipeline.runs as runs
where runs.host = :host and runs.process_id = :process_id and runs.status <> 'skipped'
order by runs.started_at desc
limit 1;
