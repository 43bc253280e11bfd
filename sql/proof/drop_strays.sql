-- Takes out of the quarantine rows that the census found gone and that perhaps no window reaches: their time cannot be
-- read.
-- A history row that names one as its successor has an open reason again, as in quarantine.sql.
-- Reads: nothing else. Writes: pipeline.rejected_rows, chicago.crime_history.
-- Run by: tasks/proof/census.py. Parameters: crime_ids (array).

update chicago.crime_history as history
set
    reason = null,
    replaced_by = null
where
    history.replaced_by = any(cast(:crime_ids as text[]))
    and not exists (
        select 1
        from chicago.crime_history as version
        where version.crime_id = history.replaced_by and version.loaded_at > history.loaded_at
    );

delete from pipeline.rejected_rows
where crime_id = any(cast(:crime_ids as text[]));
