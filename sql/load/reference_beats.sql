-- One row is a police beat.
-- Makes chicago.beats equal to the rows given; readers see the old list or the new one.
-- Reads: :rows, a JSON array of objects with the table's columns. Writes: chicago.beats.
-- Answers one row: how many rows were added or changed, and how many were removed.
-- Run by: tasks/warehouse/reference.py (replace_table).

with incoming as (
    select
        beat,
        district,
        sector
    from json_populate_recordset(null::chicago.beats, cast(:rows as json))
),

removed as (
    delete from chicago.beats as held
    where held.beat not in (select incoming.beat from incoming)
    returning held.beat
),

stored as (
    insert into chicago.beats as held (
        beat,
        district,
        sector
    )
    select
        incoming.beat,
        incoming.district,
        incoming.sector
    from incoming
    on conflict (beat) do update
        set
            district = excluded.district,
            sector = excluded.sector
        where held.* is distinct from excluded.*
    returning held.beat
)

select
    (select count(*) from stored) as stored_rows,
    (select count(*) from removed) as removed_rows;
