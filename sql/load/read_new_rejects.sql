-- One row is a rejected row of the window that is not in the quarantine in this version.
-- Reads: staged_rejects, pipeline.rejected_rows. Writes: nothing.
-- Run by: tasks/sync/guards.py, tasks/sync/apply.py, before anything is changed.

select
    staged.reasons,
    cast(staged.date_of_occurrence as date) as day,
    coalesce(to_char(staged.date_of_occurrence, 'YYYY-MM-DD HH24:MI'), 'no date') as occurred,
    coalesce(staged.case_number, 'no case') as case_number,
    staged.crime_id
from staged_rejects as staged
where
    not exists (
        select 1
        from pipeline.rejected_rows as known
        where known.crime_id = staged.crime_id and known.version is not distinct from staged.version
    )
order by staged.date_of_occurrence, staged.crime_id;
