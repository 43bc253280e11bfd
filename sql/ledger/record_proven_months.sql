-- One row written is a month whose every row was just compared and found equal.
-- Reads: nothing. Writes: pipeline.proven_months. Run by: tasks/warehouse/audits.py.
-- Parameters: months (array), run_id.

insert into pipeline.proven_months (month, run_id)
select
    unnest(cast(:months as date[])) as month,
    :run_id as run_id
on conflict (month) do update
    set
        proven_at = excluded.proven_at,
        run_id = excluded.run_id;
