-- The windows that these runs had in hand wait again: nothing of them was stored.
-- Reads and writes: pipeline.windows. Run by: tasks/warehouse/ledger.py. Parameters: run_ids (array).

update pipeline.windows
set status = 'pending'
where status = 'running' and run_id = any(cast(:run_ids as uuid[]));
