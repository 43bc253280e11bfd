-- One row is a flow run of Prefect that the ledger knows to have ended: how, and why.
-- Reads: pipeline.runs. Writes: nothing. Run by: tasks/warehouse/clearing.py. Parameters: flow_run_ids (array).

with newest as (
    -- A container that is replaced runs again as the same flow run.
    select distinct on (runs.flow_run_id)
        runs.flow_run_id,
        runs.status,
        runs.message
    from pipeline.runs as runs
    where runs.flow_run_id = any(cast(:flow_run_ids as uuid[]))
    order by runs.flow_run_id asc, runs.started_at desc
)

select
    newest.flow_run_id,
    newest.status,
    newest.message
from newest
where newest.status <> 'running';
