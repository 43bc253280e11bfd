-- One row returned is one row that this run took out too early: it is in chicago.crimes again, under its old id.
-- An incremental window asks for all rows of the cases that moved, and takes out those that are gone; one of them may
-- have come back unchanged with a stamp from before the watermark, and is then read only when its day is mended. Back
-- in its place it is re-keyed like any other, and the history does not tell of a row that never left.
-- Rows that are equal in every column are paired one to one, in order of their ids.
-- Reads: staged_crimes, chicago.crimes, chicago.crime_history. Writes: chicago.crimes, chicago.crime_history.
-- Run by: tasks/sync/apply.py, before what we hold is looked up. Parameters: run_id.

with taken_out as (
    select
        history.retired_at,
        history.case_number,
        chicago.crime_as_held(history.*) as crime,
        row_number() over (
            partition by history.case_number, pipeline.crime_content(chicago.crime_as_held(history.*))
            order by history.crime_id
        ) as nth
    from chicago.crime_history as history
    where
        history.run_id = cast(:run_id as uuid)
        and history.reason is null
        and not exists (select 1 from chicago.crimes as held where held.crime_id = history.crime_id)
),

new_rows as (
    select
        staged.case_number,
        pipeline.crime_content(cast(row(staged.*) as chicago.crimes)) as crime_content,
        row_number() over (
            partition by staged.case_number, pipeline.crime_content(cast(row(staged.*) as chicago.crimes))
            order by staged.crime_id
        ) as nth
    from staged_crimes as staged
    where not exists (select 1 from chicago.crimes as held where held.crime_id = staged.crime_id)
),

back as (
    select
        taken_out.crime,
        taken_out.retired_at
    from taken_out
    -- drops rows that have not come back unchanged
    inner join new_rows
        on
            taken_out.case_number = new_rows.case_number
            and taken_out.nth = new_rows.nth
            and pipeline.crime_content(taken_out.crime) = new_rows.crime_content
),

forgotten as (
    delete from chicago.crime_history as history
    using back
    where history.crime_id = (back.crime).crime_id and history.retired_at = back.retired_at
)

insert into chicago.crimes
select (back.crime).*
from back
returning crime_id;
