-- Makes chicago.crimes hold the accepted rows of the window: re-keys, renews, updates, inserts. Rows of another
-- window are not touched. loaded_at is kept where the content is.
-- A history row that names a re-keyed row as its successor follows it to its new id, unless its successor was an older
-- version under that id, which is in the history.
-- Reads: staged_crimes, compared, rekeyed. Writes: chicago.crimes, chicago.crime_history.
-- Run by: tasks/sync/apply.py, after retire.sql.

update chicago.crimes as crimes
set
    crime_id = staged.crime_id,
    created_at = staged.created_at,
    updated_at = staged.updated_at,
    version = staged.version,
    updated_on = staged.updated_on
from rekeyed
inner join staged_crimes as staged on rekeyed.new_crime_id = staged.crime_id
where crimes.crime_id = rekeyed.old_crime_id;

update chicago.crime_history as history
set replaced_by = rekeyed.new_crime_id
from rekeyed
where
    history.replaced_by = rekeyed.old_crime_id
    and not exists (
        select 1
        from chicago.crime_history as version
        where version.crime_id = history.replaced_by and version.loaded_at > history.loaded_at
    );

update chicago.crimes as crimes
set
    created_at = staged.created_at,
    updated_at = staged.updated_at,
    version = staged.version,
    updated_on = staged.updated_on
from compared
inner join staged_crimes as staged on compared.crime_id = staged.crime_id
where
    crimes.crime_id = compared.crime_id
    and compared.is_held
    and compared.is_same_content
    and not compared.is_same_version;

update chicago.crimes as crimes
set
    case_number = staged.case_number,
    date_of_occurrence = staged.date_of_occurrence,
    block = staged.block,
    iucr = staged.iucr,
    primary_description = staged.primary_description,
    secondary_description = staged.secondary_description,
    location_description = staged.location_description,
    arrest = staged.arrest,
    domestic = staged.domestic,
    beat = staged.beat,
    district = staged.district,
    ward = staged.ward,
    community_area = staged.community_area,
    fbi_code = staged.fbi_code,
    x_coordinate = staged.x_coordinate,
    y_coordinate = staged.y_coordinate,
    latitude = staged.latitude,
    longitude = staged.longitude,
    created_at = staged.created_at,
    updated_at = staged.updated_at,
    version = staged.version,
    updated_on = staged.updated_on,
    loaded_at = pipeline.moment()
from compared
inner join staged_crimes as staged on compared.crime_id = staged.crime_id
where
    crimes.crime_id = compared.crime_id
    and compared.is_held
    and not compared.is_same_content;

insert into chicago.crimes (
    crime_id, case_number, date_of_occurrence, block, iucr, primary_description, secondary_description,
    location_description, arrest, domestic, beat, district, ward, community_area, fbi_code, x_coordinate,
    y_coordinate, latitude, longitude, created_at, updated_at, version, updated_on
)
select
    staged.crime_id,
    staged.case_number,
    staged.date_of_occurrence,
    staged.block,
    staged.iucr,
    staged.primary_description,
    staged.secondary_description,
    staged.location_description,
    staged.arrest,
    staged.domestic,
    staged.beat,
    staged.district,
    staged.ward,
    staged.community_area,
    staged.fbi_code,
    staged.x_coordinate,
    staged.y_coordinate,
    staged.latitude,
    staged.longitude,
    staged.created_at,
    staged.updated_at,
    staged.version,
    staged.updated_on
from staged_crimes as staged
-- drops the rows that we hold already
inner join compared on staged.crime_id = compared.crime_id and not compared.is_held
where not exists (select 1 from rekeyed where rekeyed.new_crime_id = staged.crime_id)
order by staged.date_of_occurrence, staged.crime_id;
