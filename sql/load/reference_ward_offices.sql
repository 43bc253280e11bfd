-- One row is a ward and its alderman's office.
-- Makes chicago.ward_offices equal to the rows given; readers see the old list or the new one.
-- Reads: :rows, a JSON array of objects with the table's columns. Writes: chicago.ward_offices.
-- Answers one row: how many rows were added or changed, and how many were removed.
-- Run by: tasks/warehouse/reference.py (replace_table).

with incoming as (
    select
        ward,
        alderman,
        address,
        city,
        state,
        zip,
        ward_phone,
        ward_fax,
        email,
        website,
        latitude,
        longitude,
        city_hall_address,
        city_hall_phone
    from json_populate_recordset(null::chicago.ward_offices, cast(:rows as json))
),

removed as (
    delete from chicago.ward_offices as held
    where held.ward not in (select incoming.ward from incoming)
    returning held.ward
),

stored as (
    insert into chicago.ward_offices as held (
        ward,
        alderman,
        address,
        city,
        state,
        zip,
        ward_phone,
        ward_fax,
        email,
        website,
        latitude,
        longitude,
        city_hall_address,
        city_hall_phone
    )
    select
        incoming.ward,
        incoming.alderman,
        incoming.address,
        incoming.city,
        incoming.state,
        incoming.zip,
        incoming.ward_phone,
        incoming.ward_fax,
        incoming.email,
        incoming.website,
        incoming.latitude,
        incoming.longitude,
        incoming.city_hall_address,
        incoming.city_hall_phone
    from incoming
    on conflict (ward) do update
        set
            alderman = excluded.alderman,
            address = excluded.address,
            city = excluded.city,
            state = excluded.state,
            zip = excluded.zip,
            ward_phone = excluded.ward_phone,
            ward_fax = excluded.ward_fax,
            email = excluded.email,
            website = excluded.website,
            latitude = excluded.latitude,
            longitude = excluded.longitude,
            city_hall_address = excluded.city_hall_address,
            city_hall_phone = excluded.city_hall_phone
        where held.* is distinct from excluded.*
    returning held.ward
)

select
    (select count(*) from stored) as stored_rows,
    (select count(*) from removed) as removed_rows;
