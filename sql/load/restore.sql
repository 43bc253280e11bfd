-- One row returned is one row that this run took out too early: it is in chicago.crimes again, under its old id.
-- An incremental window asks for all rows of the cases that moved, and takes out those that are gone; one of them may
-- have come back unchanged with a stamp from before the watermark, and is then read only when its day is mended. Back
-- in its place it is re-keyed like any other, and the history does not tell of a row that never left.
-- Rows that are equal in every column are paired one to one, in order of their ids.
-- Reads: staged_crimes, chicago.crimes, chicago.crime_history. Writes: chicago.crimes, chicago.crime_history.
-- Run by: tasks/sync/apply.py, before what we hold is looked up. Parameters: run_id.

with taken_out as (
    select
        history.*,
        row_number() over (
            partition by
                history.case_number, history.date_of_occurrence, history.block, history.iucr,
                history.primary_description, history.secondary_description, history.location_description,
                history.arrest, history.domestic, history.beat, history.district, history.ward,
                history.community_area, history.fbi_code, history.x_coordinate, history.y_coordinate,
                history.latitude, history.longitude
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
        staged.*,
        row_number() over (
            partition by
                staged.case_number, staged.date_of_occurrence, staged.block, staged.iucr,
                staged.primary_description, staged.secondary_description, staged.location_description,
                staged.arrest, staged.domestic, staged.beat, staged.district, staged.ward,
                staged.community_area, staged.fbi_code, staged.x_coordinate, staged.y_coordinate,
                staged.latitude, staged.longitude
            order by staged.crime_id
        ) as nth
    from staged_crimes as staged
    where not exists (select 1 from chicago.crimes as held where held.crime_id = staged.crime_id)
),

back as (
    select taken_out.*
    from taken_out
    -- drops rows that have not come back unchanged
    inner join new_rows
        on
            taken_out.case_number = new_rows.case_number
            and taken_out.date_of_occurrence = new_rows.date_of_occurrence
            and taken_out.nth = new_rows.nth
            and (
                taken_out.block, taken_out.iucr, taken_out.primary_description,
                taken_out.secondary_description, taken_out.location_description, taken_out.arrest,
                taken_out.domestic, taken_out.beat, taken_out.district, taken_out.ward,
                taken_out.community_area, taken_out.fbi_code, taken_out.x_coordinate,
                taken_out.y_coordinate, taken_out.latitude, taken_out.longitude
            ) is not distinct from (
                new_rows.block, new_rows.iucr, new_rows.primary_description, new_rows.secondary_description,
                new_rows.location_description, new_rows.arrest, new_rows.domestic, new_rows.beat,
                new_rows.district, new_rows.ward, new_rows.community_area, new_rows.fbi_code,
                new_rows.x_coordinate, new_rows.y_coordinate, new_rows.latitude, new_rows.longitude
            )
),

forgotten as (
    delete from chicago.crime_history as history
    using back
    where history.crime_id = back.crime_id and history.retired_at = back.retired_at
)

insert into chicago.crimes (
    crime_id, case_number, date_of_occurrence, block, iucr, primary_description, secondary_description,
    location_description, arrest, domestic, beat, district, ward, community_area, fbi_code, x_coordinate,
    y_coordinate, latitude, longitude, created_at, updated_at, version, loaded_at, updated_on
)
select
    back.crime_id,
    back.case_number,
    back.date_of_occurrence,
    back.block,
    back.iucr,
    back.primary_description,
    back.secondary_description,
    back.location_description,
    back.arrest,
    back.domestic,
    back.beat,
    back.district,
    back.ward,
    back.community_area,
    back.fbi_code,
    back.x_coordinate,
    back.y_coordinate,
    back.latitude,
    back.longitude,
    back.created_at,
    back.updated_at,
    back.version,
    back.loaded_at,
    back.updated_on
from back
returning crime_id;
