-- One row is an FBI code.
-- Makes chicago.fbi_codes equal to the rows given; readers see the old list or the new one.
-- Reads: :rows, a JSON array of objects with the table's columns. Writes: chicago.fbi_codes.
-- Answers one row: how many rows were added or changed, and how many were removed.
-- Run by: tasks/warehouse/reference.py (replace_table).

with incoming as (
    select
        fbi_code,
        fbi_name,
        is_index,
        is_violent,
        is_property
    from json_populate_recordset(null::chicago.fbi_codes, cast(:rows as json))
),

removed as (
    delete from chicago.fbi_codes as held
    where held.fbi_code not in (select incoming.fbi_code from incoming)
    returning held.fbi_code
),

stored as (
    insert into chicago.fbi_codes as held (
        fbi_code,
        fbi_name,
        is_index,
        is_violent,
        is_property
    )
    select
        incoming.fbi_code,
        incoming.fbi_name,
        incoming.is_index,
        incoming.is_violent,
        incoming.is_property
    from incoming
    on conflict (fbi_code) do update
        set
            fbi_name = excluded.fbi_name,
            is_index = excluded.is_index,
            is_violent = excluded.is_violent,
            is_property = excluded.is_property
        where held.* is distinct from excluded.*
    returning held.fbi_code
)

select
    (select count(*) from stored) as stored_rows,
    (select count(*) from removed) as removed_rows;
