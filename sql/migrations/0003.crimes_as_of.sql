-- depends: 0001.warehouse
-- The record as we held it at an instant: last month's number can be made again, and the change explained.
-- Run by: tasks/warehouse/migrations.py (yoyo), once, under the writer's lock.

create function chicago.crimes_as_of(as_of timestamp with time zone)
returns setof chicago.crimes
language sql
stable
parallel safe
as
$$
    select
        crimes.crime_id,
        crimes.case_number,
        crimes.date_of_occurrence,
        crimes.block,
        crimes.iucr,
        crimes.primary_description,
        crimes.secondary_description,
        crimes.location_description,
        crimes.arrest,
        crimes.domestic,
        crimes.beat,
        crimes.district,
        crimes.ward,
        crimes.community_area,
        crimes.fbi_code,
        crimes.x_coordinate,
        crimes.y_coordinate,
        crimes.latitude,
        crimes.longitude,
        crimes.created_at,
        crimes.updated_at,
        crimes.version,
        crimes.loaded_at
    from chicago.crimes
    where crimes.loaded_at <= as_of
    union all
    -- A row is in one of the two: it enters history when it leaves the record.
    select
        crime_history.crime_id,
        crime_history.case_number,
        crime_history.date_of_occurrence,
        crime_history.block,
        crime_history.iucr,
        crime_history.primary_description,
        crime_history.secondary_description,
        crime_history.location_description,
        crime_history.arrest,
        crime_history.domestic,
        crime_history.beat,
        crime_history.district,
        crime_history.ward,
        crime_history.community_area,
        crime_history.fbi_code,
        crime_history.x_coordinate,
        crime_history.y_coordinate,
        crime_history.latitude,
        crime_history.longitude,
        crime_history.created_at,
        crime_history.updated_at,
        crime_history.version,
        crime_history.loaded_at
    from chicago.crime_history
    where
        crime_history.loaded_at <= as_of
        and crime_history.retired_at > as_of
$$;

comment on function chicago.crimes_as_of(timestamp with time zone) is
'The rows of crimes as we held them at an instant. A row that was only given a new id has today''s.';
