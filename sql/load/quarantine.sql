-- Makes pipeline.rejected_rows hold the rejected rows of the window. A row leaves it when the source drops its id or
-- the contract accepts it; one that was published again unchanged under a new id is re-keyed, and counts as no newer.
-- A history row that names a quarantined row as its successor follows it to its new id. Where the source drops that
-- row, the history row's reason is open again, to be settled with the row that replaces it.
-- Reads: staged_rejects, staged_crimes, gone, rekeyed_rejects. Writes: pipeline.rejected_rows, chicago.crime_history.
-- Run by: tasks/sync/apply.py, after merge.sql. Parameters: run_id.

update pipeline.rejected_rows as rejected
set crime_id = rekeyed.new_crime_id
from rekeyed_rejects as rekeyed
where rejected.crime_id = rekeyed.old_crime_id;

update chicago.crime_history as history
set replaced_by = rekeyed.new_crime_id
from rekeyed_rejects as rekeyed
where
    history.replaced_by = rekeyed.old_crime_id
    -- a history row that names an older version under that id, which is in the history, keeps it as its successor
    and not exists (
        select 1
        from chicago.crime_history as version
        where version.crime_id = history.replaced_by and version.loaded_at > history.loaded_at
    );

update chicago.crime_history as history
set
    reason = null,
    replaced_by = null
from gone
where
    gone.is_rejected
    and history.replaced_by = gone.crime_id
    -- as above
    and not exists (
        select 1
        from chicago.crime_history as version
        where version.crime_id = history.replaced_by and version.loaded_at > history.loaded_at
    );

delete from pipeline.rejected_rows as rejected
where
    exists (select 1 from staged_crimes as staged where staged.crime_id = rejected.crime_id)
    or exists (select 1 from gone where gone.crime_id = rejected.crime_id and gone.is_rejected);

insert into pipeline.rejected_rows (
    crime_id, case_number, date_of_occurrence, version, updated_at, updated_on, raw, reasons, first_run, last_run
)
select
    staged.crime_id,
    staged.case_number,
    staged.date_of_occurrence,
    staged.version,
    staged.updated_at,
    staged.updated_on,
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
        updated_on = excluded.updated_on,
        raw = excluded.raw,
        reasons = excluded.reasons,
        last_run = excluded.last_run,
        last_seen_at = pipeline.moment();
