-- depends: 0012.source_columns
-- Old lines of the ledger are cleared (docs/decisions/0021): what that needs to be quick, and which flow run of Prefect
-- a run is, so that one that Prefect still takes for running can be closed there.
-- Run by: tasks/warehouse/migrations.py (yoyo), once, under the writer's lock.

-- Whether a run is still named by what it retired.
create index crime_history_run_id on chicago.crime_history (run_id);

alter table pipeline.runs add column flow_run_id uuid;

comment on column pipeline.runs.flow_run_id is
'The flow run of Prefect that it is. Null: none (a replay, a run that was skipped), or of before this was kept.';

comment on table pipeline.runs is
'One row is one start of the job, also one that was skipped. Cleared after LEDGER_DAYS, unless something names it.';

comment on column pipeline.runs.run_id is
'The run''s id; also in windows, audits, history and quarantine. A run that one of these names is kept.';
