-- One row written is a day of the window, whose every row was just compared by content and is as published.
-- Reads: staged_crimes. Writes: pipeline.compared_days. Run by: tasks/sync/apply.py, after merge.sql.
-- Parameters: run_id.

insert into pipeline.compared_days (day, run_id)
select distinct
    cast(staged.date_of_occurrence as date) as day,
    cast(:run_id as uuid) as run_id
from staged_crimes as staged
on conflict (day) do update
    set
        compared_at = excluded.compared_at,
        run_id = excluded.run_id;
