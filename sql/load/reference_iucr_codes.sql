-- One row is an IUCR code.
-- Makes chicago.iucr_codes equal to the rows given; readers see the old list or the new one.
-- Reads: :rows, a JSON array of objects with the table's columns. Writes: chicago.iucr_codes.
-- Answers one row: how many rows were added or changed, and how many were removed.
-- Run by: tasks/warehouse/reference.py (replace_table).

with incoming as (
    select
        iucr,
        primary_description,
        secondary_description,
        is_index,
        is_active
    from json_populate_recordset(null::chicago.iucr_codes, cast(:rows as json))
),

removed as (
    delete from chicago.iucr_codes as held
    where held.iucr not in (select incoming.iucr from incoming)
    returning held.iucr
),

stored as (
    insert into chicago.iucr_codes as held (
        iucr,
        primary_description,
        secondary_description,
        is_index,
        is_active
    )
    select
        incoming.iucr,
        incoming.primary_description,
        incoming.secondary_description,
        incoming.is_index,
        incoming.is_active
    from incoming
    on conflict (iucr) do update
        set
            primary_description = excluded.primary_description,
            secondary_description = excluded.secondary_description,
            is_index = excluded.is_index,
            is_active = excluded.is_active
        where held.* is distinct from excluded.*
    returning held.iucr
)

select
    (select count(*) from stored) as stored_rows,
    (select count(*) from removed) as removed_rows;
