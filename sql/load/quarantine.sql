-- Makes pipeline.rejected_rows hold the rejected rows of the window. A row leaves it when the source drops its id or
-- the contract accepts it.
-- Reads: staged_rejects, staged_crimes, gone. Writes: pipeline.rejected_rows. Run by: tasks/warehouse/sync.py.
-- Parameters: run_id.

delete from pipeline.rejected_rows as rejected
where
    exists (select 1 from staged_crimes as staged where staged.crime_id = rejected.crime_id)
    or exists (select 1 from gone where gone.crime_id = rejected.crime_id and gone.is_rejected);

insert into pipeline.rejected_rows (
    crime_id, case_number, date_of_occurrence, version, updated_at, raw, reasons, first_run, last_run
)
select
    staged.crime_id,
    staged.case_number,
    staged.date_of_occurrence,
    staged.version,
    staged.updated_at,
    staged.raw,
    staged.reasons,
    cast(:run_id as uuid) as first_run,
    cast(:run_id as uuid) as last_run
from staged_rejects as staged
order by staged.crime_id
on conflict (crime_id) do update
    set
        case_number = excluded.case_number,
        date_of_occurrence = excluded.date_of_occurrence,
        version = excluded.version,
        updated_at = excluded.updated_at,
        raw = excluded.raw,
        reasons = excluded.reasons,
        last_run = excluded.last_run,
        last_seen_at = now();
