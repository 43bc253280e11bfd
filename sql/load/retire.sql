-- One row written is a row as we held it: gone from the source (its reason is settled when the run is whole), or
-- replaced now under its own id, by other content or by a version that the contract rejects.
-- Reads: gone, rekeyed, compared, staged_rejects. Writes: chicago.crime_history, chicago.crimes.
-- Run by: tasks/sync/apply.py. Parameters: run_id.

insert into chicago.crime_history (
    crime_id, case_number, date_of_occurrence, block, iucr, primary_description, secondary_description,
    location_description, arrest, domestic, beat, district, ward, community_area, fbi_code, x_coordinate,
    y_coordinate, latitude, longitude, created_at, updated_at, version, updated_on, loaded_at,
    reason, replaced_by, run_id
)
with leaving as (
    select
        gone.crime_id,
        false as is_replaced
    from gone
    where
        not gone.is_rejected
        and not exists (select 1 from rekeyed where rekeyed.old_crime_id = gone.crime_id)
    union all
    select
        compared.crime_id,
        true as is_replaced
    from compared
    where compared.is_held and not compared.is_same_content
    union all
    select
        staged.crime_id,
        true as is_replaced
    from staged_rejects as staged
)

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
    crimes.updated_on,
    crimes.loaded_at,
    case when leaving.is_replaced then 'revised' end as reason,
    case when leaving.is_replaced then crimes.crime_id end as replaced_by,
    cast(:run_id as uuid) as run_id
from chicago.crimes as crimes
-- drops the rows that stay as they are
inner join leaving on crimes.crime_id = leaving.crime_id;

-- One list of ids, so that each is looked up: two conditions with "or" would read the whole table in each window.
delete from chicago.crimes
where
    crime_id in (
        select staged.crime_id
        from staged_rejects as staged
        union all
        select gone.crime_id
        from gone
        where not exists (select 1 from rekeyed where rekeyed.old_crime_id = gone.crime_id)
    );
