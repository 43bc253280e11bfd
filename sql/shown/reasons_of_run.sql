-- One row is a reason why rows are in quarantine since a run, and their number.
-- Reads: pipeline.rejected_rows. Writes: nothing. Run by: tasks/shown/artifacts.py. Parameters: run_id.

select
    given.reason,
    count(*) as row_count
from pipeline.rejected_rows
cross join unnest(rejected_rows.reasons) as given (reason)
where rejected_rows.first_run = :run_id
group by given.reason
order by count(*) desc, given.reason asc
limit 20;
