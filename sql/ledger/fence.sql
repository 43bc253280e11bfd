-- One row: how a run stands; none where there is no such run. Locks its row for this transaction, shared, so that no
-- other run can take its place before this ends, and sets the moment that the transaction stamps its rows with.
-- Reads: pipeline.runs, and the newest stamps of the ledger. Writes: the transaction's settings.
-- Run by: tasks/warehouse/ledger.py, first in each transaction of a run. Parameters: run_id.

select
    runs.status,
    set_config(
        'chicago.moment',
        to_char(pipeline.next_moment() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00"'),
        true
    ) as moment
from pipeline.runs as runs
where runs.run_id = :run_id
for share;
