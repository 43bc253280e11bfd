-- One row is a police district and its station.
-- Makes chicago.police_stations equal to the rows given; readers see the old list or the new one.
-- Reads: :rows, a JSON array of objects with the table's columns. Writes: chicago.police_stations.
-- Answers one row: how many rows were added or changed, and how many were removed.
-- Run by: tasks/warehouse/reference.py (replace_table).

with incoming as (
    select
        district,
        district_name,
        address,
        city,
        state,
        zip,
        website,
        phone,
        fax,
        tty,
        x_coordinate,
        y_coordinate,
        latitude,
        longitude
    from json_populate_recordset(null::chicago.police_stations, cast(:rows as json))
),

removed as (
    delete from chicago.police_stations as held
    where held.district not in (select incoming.district from incoming)
    returning held.district
),

stored as (
    insert into chicago.police_stations as held (
        district,
        district_name,
        address,
        city,
        state,
        zip,
        website,
        phone,
        fax,
        tty,
        x_coordinate,
        y_coordinate,
        latitude,
        longitude
    )
    select
        incoming.district,
        incoming.district_name,
        incoming.address,
        incoming.city,
        incoming.state,
        incoming.zip,
        incoming.website,
        incoming.phone,
        incoming.fax,
        incoming.tty,
        incoming.x_coordinate,
        incoming.y_coordinate,
        incoming.latitude,
        incoming.longitude
    from incoming
    on conflict (district) do update
        set
            district_name = excluded.district_name,
            address = excluded.address,
            city = excluded.city,
            state = excluded.state,
            zip = excluded.zip,
            website = excluded.website,
            phone = excluded.phone,
            fax = excluded.fax,
            tty = excluded.tty,
            x_coordinate = excluded.x_coordinate,
            y_coordinate = excluded.y_coordinate,
            latitude = excluded.latitude,
            longitude = excluded.longitude
        where held.* is distinct from excluded.*
    returning held.district
)

select
    (select count(*) from stored) as stored_rows,
    (select count(*) from removed) as removed_rows;
