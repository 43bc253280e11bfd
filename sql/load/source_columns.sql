-- One row returned is a column that this run had not seen yet, or not a value of. Written once a run and column, with a
-- sample from the first read that had one.
-- Reads and writes: pipeline.source_columns. Run by: tasks/warehouse/source_columns.py, in the transaction of the rows.
-- Parameters: dataset, run_id, columns (JSON: a list of objects with column_name, stated_type, sample).

insert into pipeline.source_columns as held (dataset, column_name, stated_type, sample, first_run, last_run)
select distinct on (given.column_name, given.stated_type)
    :dataset,
    given.column_name,
    given.stated_type,
    given.sample,
    cast(:run_id as uuid) as first_run,
    cast(:run_id as uuid) as last_run
from jsonb_to_recordset(cast(:columns as jsonb)) as given (column_name text, stated_type text, sample jsonb)
-- distinct: two names that are one when they are cut are one column
order by given.column_name, given.stated_type
on conflict (dataset, column_name, stated_type) do update
    set
        sample = case when held.sample = '[]' then excluded.sample else held.sample end,
        last_run = excluded.last_run,
        last_seen_at = case when held.last_run = excluded.last_run then held.last_seen_at else pipeline.moment() end
    where held.last_run <> excluded.last_run or (held.sample = '[]' and excluded.sample <> '[]')
returning held.column_name, held.stated_type, held.sample;
