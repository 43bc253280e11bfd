-- One row of compared is one accepted row of the window: what we hold under its id, and whether the content is the
-- same. It is damaged where the version is, and the content is not: the City gives each change a version.
-- One row of gone is one row that we hold in scope and that is in none of the rows read.
-- One row of rekeyed is a gone row whose content stands again under a new id of the same case. Equal rows of one case
-- (two victims, the same in every column) are paired one to one, in order of their ids. None where rows keep their id:
-- there another id is another crime.
-- One row of rekeyed_rejects is its like in the quarantine: a gone row that was published again unchanged, under a new
-- id.
-- One row of leaving is one row that leaves chicago.crimes: gone without a counterpart, which has no reason yet, or
-- replaced under its own id, by other content in another version or by a version that the contract rejects.
-- Reads: staged_crimes, staged_rejects, present_ids, held, chicago.crimes, pipeline.rejected_rows.
-- Writes: temporary tables compared, gone, rekeyed, rekeyed_rejects, leaving.
-- Run by: tasks/sync/apply.py. Parameters: has_stable_keys.

-- Without these the planner takes an empty table for a thousand rows, and reads all crimes to meet them. Only the
-- columns that rows are found by are analyzed: the others would take longer than all that follows.
analyze staged_crimes (crime_id, case_number, date_of_occurrence);

analyze staged_rejects;

create temporary table compared on commit drop as
select
    staged.crime_id,
    crimes.crime_id is not null as is_held,
    -- Asked in this order, so that no content is made where there is none to compare it with. Between two values of
    -- a row type, = takes two nulls for equal; between two lists of columns in parentheses it would not.
    (
        crimes.crime_id is not null
        and pipeline.crime_content(cast(row(staged.*) as chicago.crimes)) = crimes.crime_content
    ) as is_same_content,
    (
        crimes.crime_id is not null
        and staged.version = crimes.version
        and not pipeline.crime_content(cast(row(staged.*) as chicago.crimes)) = crimes.crime_content
    ) as is_damaged,
    (
        (staged.created_at, staged.updated_at, staged.version, staged.updated_on)
        is not distinct from (crimes.created_at, crimes.updated_at, crimes.version, crimes.updated_on)
    ) as is_same_version
from staged_crimes as staged
-- Left: we may not hold the row yet. One look-up by the key for each row read: below a million crimes a plain join
-- would read them all for each window.
left join lateral (
    select
        held_crimes.crime_id,
        held_crimes.created_at,
        held_crimes.updated_at,
        held_crimes.version,
        held_crimes.updated_on,
        pipeline.crime_content(held_crimes.*) as crime_content
    from chicago.crimes as held_crimes
    where held_crimes.crime_id = staged.crime_id
    order by held_crimes.crime_id
    limit 1
) as crimes on true;

analyze compared;

create temporary table gone on commit drop as
select
    held.crime_id,
    held.case_number,
    held.is_rejected
from held
where
    not exists (select 1 from staged_crimes as staged where staged.crime_id = held.crime_id)
    and not exists (select 1 from staged_rejects as staged where staged.crime_id = held.crime_id)
    and not exists (select 1 from present_ids as present where present.crime_id = held.crime_id);

analyze gone;

create temporary table rekeyed on commit drop as
with gone_rows as (
    select
        crimes.crime_id,
        crimes.case_number,
        pipeline.crime_content(crimes.*) as crime_content
    from chicago.crimes as crimes
    -- drops the rows that are still there: that is the scope
    inner join gone on crimes.crime_id = gone.crime_id and not gone.is_rejected
),

new_rows as (
    select
        staged.crime_id,
        staged.case_number,
        pipeline.crime_content(cast(row(staged.*) as chicago.crimes)) as crime_content
    from staged_crimes as staged
    -- drops the rows that we hold already under their id
    inner join compared on staged.crime_id = compared.crime_id and not compared.is_held
),

-- The case is part of the content. It is named first because one column is quicker compared than a row.
numbered_gone_rows as (
    select
        gone_rows.*,
        row_number() over (
            partition by gone_rows.case_number, gone_rows.crime_content order by gone_rows.crime_id
        ) as nth
    from gone_rows
),

numbered_new_rows as (
    select
        new_rows.*,
        row_number() over (
            partition by new_rows.case_number, new_rows.crime_content order by new_rows.crime_id
        ) as nth
    from new_rows
)

select
    gone_rows.crime_id as old_crime_id,
    new_rows.crime_id as new_crime_id
from numbered_gone_rows as gone_rows
-- drops what has no counterpart: that is retired, or inserted
inner join numbered_new_rows as new_rows
    on
        gone_rows.case_number = new_rows.case_number
        and gone_rows.nth = new_rows.nth
        and gone_rows.crime_content = new_rows.crime_content
where (select not cast(:has_stable_keys as boolean));

create temporary table rekeyed_rejects on commit drop as
with gone_rows as (
    select
        rejected.crime_id,
        -- the published row without the source's system fields, whose names begin with a colon
        (
            select jsonb_object_agg(field.field_name, field.field_value)
            from jsonb_each(rejected.raw) as field (field_name, field_value)
            where left(field.field_name, 1) <> ':'
        ) as published
    from pipeline.rejected_rows as rejected
    -- drops the rows that are still there: that is the scope
    inner join gone on rejected.crime_id = gone.crime_id and gone.is_rejected
),

new_rows as (
    select
        staged.crime_id,
        -- as above
        (
            select jsonb_object_agg(field.field_name, field.field_value)
            from jsonb_each(staged.raw) as field (field_name, field_value)
            where left(field.field_name, 1) <> ':'
        ) as published
    from staged_rejects as staged
    where
        not exists (select 1 from pipeline.rejected_rows as known where known.crime_id = staged.crime_id)
        and not exists (select 1 from chicago.crimes as known where known.crime_id = staged.crime_id)
),

numbered_gone_rows as (
    select
        gone_rows.crime_id,
        gone_rows.published,
        row_number() over (partition by gone_rows.published order by gone_rows.crime_id) as nth
    from gone_rows
),

numbered_new_rows as (
    select
        new_rows.crime_id,
        new_rows.published,
        row_number() over (partition by new_rows.published order by new_rows.crime_id) as nth
    from new_rows
)

select
    gone_rows.crime_id as old_crime_id,
    new_rows.crime_id as new_crime_id
from numbered_gone_rows as gone_rows
-- drops rows without a counterpart: they leave the quarantine, or enter it
inner join numbered_new_rows as new_rows
    on gone_rows.published = new_rows.published and gone_rows.nth = new_rows.nth;

create temporary table leaving on commit drop as
select
    gone.crime_id,
    cast(null as text) as reason,
    cast(null as text) as replaced_by
from gone
where
    not gone.is_rejected
    and not exists (select 1 from rekeyed where rekeyed.old_crime_id = gone.crime_id)
union all
select
    compared.crime_id,
    'revised' as reason,
    compared.crime_id as replaced_by
from compared
where compared.is_held and not compared.is_same_content and not compared.is_damaged
union all
select
    crimes.crime_id,
    'revised' as reason,
    crimes.crime_id as replaced_by
from staged_rejects as staged
-- drops the rejected rows of which we hold no version that was accepted
inner join chicago.crimes as crimes on staged.crime_id = crimes.crime_id;

analyze leaving;
