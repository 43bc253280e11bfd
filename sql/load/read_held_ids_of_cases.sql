-- One row is the id of a row that we hold of the given cases and that is not among the ids just read.
-- Reads: chicago.crimes, pipeline.rejected_rows. Writes: nothing. Run by: tasks/sync/read.py, while reading an
-- incremental window. Parameters: case_numbers, read_ids (arrays), span_start, oldest_age.

select held.crime_id
from (
    select
        crime_id,
        case_number
    from chicago.crimes
    where
        pipeline.is_in_scope(
            date_of_occurrence,
            updated_at,
            loaded_at,
            cast(:span_start as timestamp without time zone),
            cast(:oldest_age as interval)
        )
    union all
    select
        crime_id,
        case_number
    from pipeline.rejected_rows
    where
        pipeline.is_in_scope(
            date_of_occurrence,
            updated_at,
            first_seen_at,
            cast(:span_start as timestamp without time zone),
            cast(:oldest_age as interval)
        )
) as held
where
    held.case_number = any(cast(:case_numbers as text[]))
    and held.crime_id != all(cast(:read_ids as text[]))
order by held.crime_id;
