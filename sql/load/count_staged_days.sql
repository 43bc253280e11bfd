-- One row: how many rows of the window, accepted or rejected, occurred from one day to before another.
-- Reads: staged_crimes, staged_rejects. Writes: nothing. Run by: tasks/sync/guards.py, before anything is changed.
-- Parameters: first_day, end_day (excluded): Chicago dates.

select
    (
        select count(*)
        from staged_crimes
        where date_of_occurrence >= cast(:first_day as date) and date_of_occurrence < cast(:end_day as date)
    )
    + (
        select count(*)
        from staged_rejects
        where date_of_occurrence >= cast(:first_day as date) and date_of_occurrence < cast(:end_day as date)
    ) as row_count;
