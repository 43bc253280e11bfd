-- One row is a column of a dataset or list, under the type that the source stated when it was read last.
-- Reads: pipeline.source_columns. Writes: nothing. Run by: tasks/warehouse/source_columns.py.

with newest as (
    select distinct on (seen.dataset)
        seen.dataset,
        seen.last_run
    from pipeline.source_columns as seen
    order by seen.dataset asc, seen.last_seen_at desc
)

select
    seen.dataset,
    seen.column_name,
    seen.stated_type,
    seen.sample,
    seen.first_seen_at,
    seen.told_at
from pipeline.source_columns as seen
-- what the last run that read the dataset did not see any more drops out: it is gone, or has its old type again
inner join newest on seen.dataset = newest.dataset and seen.last_run = newest.last_run
-- a column that was stated by one answer and only came in the rows of another is told once
where
    seen.stated_type <> ''
    or not exists (
        select 1
        from pipeline.source_columns as stated
        where
            stated.dataset = seen.dataset
            and stated.column_name = seen.column_name
            and stated.last_run = seen.last_run
            and stated.stated_type <> ''
    )
order by seen.dataset asc, seen.column_name asc, seen.first_seen_at asc;
