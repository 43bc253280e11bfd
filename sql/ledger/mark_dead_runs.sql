-- One row answered is a run that says it is running although its lock is free: it has ended without a message.
-- Reads and writes: pipeline.runs. Run by: tasks/warehouse/ledger.py, under the writer's lock.

update pipeline.runs
set
    status = 'dead',
    ended_at = pipeline.next_moment(),
    message = 'it ended without a word; the next run found it'
where status = 'running'
returning run_id;
