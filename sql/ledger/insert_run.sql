-- One row written is a run that begins; its id is answered.
-- Reads: nothing. Writes: pipeline.runs. Run by: tasks/warehouse/ledger.py.
-- Parameters: mode, range_start and range_end (Chicago wall clock; nulls: the whole span), accept_retirements,
-- accept_span, flow_run_id (of Prefect, or null), host, process_id.

insert into pipeline.runs (
    mode, status, range_start, range_end, accept_retirements, accept_span, flow_run_id, host, process_id
)
values (
    :mode,
    'running',
    :range_start,
    :range_end,
    :accept_retirements,
    :accept_span,
    :flow_run_id,
    :host,
    :process_id
)
returning run_id;
