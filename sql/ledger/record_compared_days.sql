-- One row written is a day whose every row was just compared by content and found as published.
-- Reads: nothing. Writes: pipeline.compared_days. Run by: tasks/warehouse/audits.py. Parameters: days (array), run_id.

insert into pipeline.compared_days (day, run_id)
select
    unnest(cast(:days as date[])) as day,
    cast(:run_id as uuid) as run_id
on conflict (day) do update
    set
        compared_at = excluded.compared_at,
        run_id = excluded.run_id;
