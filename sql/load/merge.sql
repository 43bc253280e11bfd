-- Makes chicago.crimes hold the accepted rows of the window: re-keys, renews, inserts. Rows of another
-- window are not touched. loaded_at is kept where the content is.
-- A history row that names a re-keyed row as its successor follows it to its new id, unless its successor was an older
-- version under that id, which is in the history.
-- Reads: staged_crimes, compared, rekeyed. Writes: chicago.crimes, chicago.crime_history.
-- Run by: tasks/sync/apply.py, after retire.sql and repair.sql.

update chicago.crimes as crimes
set
    crime_id = staged.crime_id,
    created_at = staged.created_at,
    updated_at = staged.updated_at,
    version = staged.version,
    updated_on = staged.updated_on
from rekeyed
inner join staged_crimes as staged on rekeyed.new_crime_id = staged.crime_id
where crimes.crime_id = rekeyed.old_crime_id;

update chicago.crime_history as history
set replaced_by = rekeyed.new_crime_id
from rekeyed
where
    history.replaced_by = rekeyed.old_crime_id
    and not exists (
        select 1
        from chicago.crime_history as version
        where version.crime_id = history.replaced_by and version.loaded_at > history.loaded_at
    );

update chicago.crimes as crimes
set
    created_at = staged.created_at,
    updated_at = staged.updated_at,
    version = staged.version,
    updated_on = staged.updated_on
from compared
inner join staged_crimes as staged on compared.crime_id = staged.crime_id
where
    crimes.crime_id = compared.crime_id
    and compared.is_same_content
    and not compared.is_same_version;

-- Also the rows that retire.sql and repair.sql have just taken out, in their new content. The columns are those of
-- crimes, in order: staged_crimes is made like it, and its loaded_at is now, or that of the row it repairs.
insert into chicago.crimes
select (cast(row(staged.*) as chicago.crimes)).*
from staged_crimes as staged
-- drops the rows that we hold already
inner join compared on staged.crime_id = compared.crime_id and not compared.is_same_content
where not exists (select 1 from rekeyed where rekeyed.new_crime_id = staged.crime_id)
order by staged.date_of_occurrence, staged.crime_id;
