-- One row: how many rows we hold, in crimes or in quarantine, that occurred between two moments.
-- Reads: chicago.crimes, pipeline.rejected_rows. Writes: nothing. Run by: tasks/sync/read.py.
-- Parameters: range_start (included), range_end (excluded): Chicago wall clock.

select
    (
        select count(*)
        from chicago.crimes
        where
            date_of_occurrence >= cast(:range_start as timestamp without time zone)
            and date_of_occurrence < cast(:range_end as timestamp without time zone)
    )
    + (
        select count(*)
        from pipeline.rejected_rows
        where
            date_of_occurrence >= cast(:range_start as timestamp without time zone)
            and date_of_occurrence < cast(:range_end as timestamp without time zone)
    ) as row_count;
