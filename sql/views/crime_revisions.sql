-- One row is a column of a crime that the City changed, old value and new. A revision that changed nothing
-- has none.
-- Reads: chicago.crimes, chicago.crime_history.
-- Run by: tasks/warehouse/views.py; refreshed when the data changed.

create materialized view chicago.crime_revisions as
with revised_rows as (
    select
        crime_history.crime_id,
        crime_history.case_number,
        crime_history.retired_at,
        crime_history.replaced_by,
        to_jsonb(crime_history) - array[
            'crime_id', 'created_at', 'updated_at', 'version', 'updated_on', 'loaded_at',
            'retired_at', 'reason', 'replaced_by', 'run_id'
        ] as old_row
    from chicago.crime_history
    where crime_history.reason = 'revised'
),

replacements as (
    select
        revised_rows.crime_id,
        revised_rows.retired_at,
        cast('infinity' as timestamp with time zone) as held_until,
        to_jsonb(crimes) as new_row
    from revised_rows
    -- Inner: what replaced a row is here, or below where it was replaced in turn.
    inner join chicago.crimes on revised_rows.replaced_by = crimes.crime_id
    union all
    select
        revised_rows.crime_id,
        revised_rows.retired_at,
        crime_history.retired_at as held_until,
        to_jsonb(crime_history) as new_row
    from revised_rows
    -- Inner: see above.
    inner join chicago.crime_history
        on
            revised_rows.replaced_by = crime_history.crime_id
            and revised_rows.retired_at < crime_history.retired_at
),

first_replacements as (
    select distinct on (replacements.crime_id, replacements.retired_at)
        replacements.crime_id,
        replacements.retired_at,
        replacements.new_row
    from replacements
    order by replacements.crime_id, replacements.retired_at, replacements.held_until
)

select
    revised_rows.case_number,
    revised_rows.retired_at as revised_at,
    old_values.column_name,
    old_values.old_value,
    first_replacements.new_row ->> old_values.column_name as new_value,
    revised_rows.crime_id as old_crime_id,
    revised_rows.replaced_by as new_crime_id
from revised_rows
-- Inner: a row whose replacement is gone from both tables has nothing to compare with.
inner join first_replacements
    on
        revised_rows.crime_id = first_replacements.crime_id
        and revised_rows.retired_at = first_replacements.retired_at
-- One row on the right for each column of the old row, without what every revision changes.
cross join jsonb_each_text(revised_rows.old_row) as old_values (column_name, old_value)
where old_values.old_value is distinct from first_replacements.new_row ->> old_values.column_name;

create unique index crime_revisions_key on chicago.crime_revisions (
    case_number, old_crime_id, revised_at, column_name
);

comment on materialized view chicago.crime_revisions is
'One row is a column of a crime that the City changed: what was reclassified, which arrests came later.
Unit: a changed column; a revision that changes three columns has three rows.
Base: rows retired as revised, each beside the row that replaced it.
Period: since our first load, by revised_at: when we learned of it.
Chance: nothing is compared.
Lateness: what was changed before our first load is not here, and newer crimes have had less time to be revised.
Do not count rows as crimes: one crime can be revised often, and in several columns.';

comment on column chicago.crime_revisions.case_number is 'Police records division number.';

comment on column chicago.crime_revisions.revised_at is 'When we learned of it. Instant.';

comment on column chicago.crime_revisions.column_name is 'Column of crimes that changed.';

comment on column chicago.crime_revisions.old_value is 'Value before, as text. Null: it had none.';

comment on column chicago.crime_revisions.new_value is 'Value after, as text. Null: it has none.';

comment on column chicago.crime_revisions.old_crime_id is 'crime_id of the row before, in crime_history.';

comment on column chicago.crime_revisions.new_crime_id is
'crime_id of the row after, in crimes or crime_history.';
