-- One row: how many rows we hold before the span and out of the proof, and how many of them are too young to have aged
-- out of the source. Rows of a wrong year are in scope whenever they occurred (tasks/sync/scope.py), so not among them.
-- Reads: chicago.crimes, pipeline.rejected_rows. Writes: nothing. Run by: tasks/proof/outside.py.
-- Parameters: span_start, oldest_age, explained_start (null: whatever is outside is explained).

with before_span as (
    select
        date_of_occurrence,
        updated_at,
        loaded_at as stored_at
    from chicago.crimes
    where date_of_occurrence < cast(:span_start as timestamp without time zone)
    union all
    select
        date_of_occurrence,
        updated_at,
        first_seen_at as stored_at
    from pipeline.rejected_rows
    where date_of_occurrence < cast(:span_start as timestamp without time zone)
)

select
    count(*) as outside_rows,
    count(*) filter (
        where before_span.date_of_occurrence >= cast(:explained_start as timestamp without time zone)
    ) as unexplained_rows
from before_span
where
    pipeline.is_in_scope(
        before_span.date_of_occurrence,
        before_span.updated_at,
        before_span.stored_at,
        cast(:span_start as timestamp without time zone),
        cast(:oldest_age as interval)
    ) is not true;
