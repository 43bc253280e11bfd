-- One row: the run that has ended just now; none where it was marked dead meanwhile, and stays so.
-- Reads and writes: pipeline.runs. Run by: tasks/warehouse/ledger.py. Parameters: run_id, status, message.

update pipeline.runs
set
    status = :status,
    ended_at = pipeline.next_moment(),
    message = :message
where
    run_id = :run_id
    and status = 'running'
    -- On disk before the run says how it ended, and with it all that it committed before: an owner may have turned
    -- synchronous_commit off.
    and set_config(
        'synchronous_commit',
        coalesce(nullif(current_setting('synchronous_commit'), 'off'), 'local'),
        true
    ) is not null
returning
    kind,
    range_start is null and range_end is null and kind is not null as is_whole,
    proof,
    cast(extract(epoch from ended_at - started_at) as double precision) as seconds;
