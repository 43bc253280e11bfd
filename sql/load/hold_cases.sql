-- One row of held is one row that we hold of a case that is among the rows read.
-- Reads: staged_crimes, staged_rejects, chicago.crimes, pipeline.rejected_rows. Writes: temporary table held.
-- Rows that have aged out of the source are not in scope (tasks/sync/scope.py).
-- Run by: tasks/sync/apply.py. Parameters: span_start, oldest_age.

create temporary table held on commit drop as
with touched_cases as (
    select case_number from staged_crimes
    union
    select case_number from staged_rejects
)

select
    crimes.crime_id,
    crimes.case_number,
    false as is_rejected
from chicago.crimes as crimes
-- drops the rows of other cases: that is the scope
inner join touched_cases on crimes.case_number = touched_cases.case_number
where
    pipeline.is_in_scope(
        crimes.date_of_occurrence,
        crimes.updated_at,
        crimes.loaded_at,
        cast(:span_start as timestamp without time zone),
        cast(:oldest_age as interval)
    )
union all
select
    rejected_rows.crime_id,
    rejected_rows.case_number,
    true as is_rejected
from pipeline.rejected_rows as rejected_rows
-- as above
inner join touched_cases on rejected_rows.case_number = touched_cases.case_number
where
    pipeline.is_in_scope(
        rejected_rows.date_of_occurrence,
        rejected_rows.updated_at,
        rejected_rows.first_seen_at,
        cast(:span_start as timestamp without time zone),
        cast(:oldest_age as interval)
    );
