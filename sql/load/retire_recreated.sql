-- One row returned is one row that was retired: it looked as if it had aged out of the source, and its case came again.
-- If the source's oldest row is re-created with a later date, nothing older is left, and the span begins after ours.
-- The rows of a case that came since reasons were last settled, and that no gone row of the case accounts for, are
-- evidence for as many re-created rows, the latest first. Their reason is settled with the others.
-- Reads: chicago.crimes, chicago.crime_history, pipeline.rejected_rows, pipeline.runs, pipeline.audits.
-- Writes: chicago.crime_history, chicago.crimes. Run by: tasks/proof/recreated.py, when the whole span is equal.
-- Parameters: run_id, span_start.

with last_settled as (
    select coalesce(max(settled_at), '-infinity') as at
    from pipeline.runs
),

last_proof as (
    select lower(span) as span_start
    from pipeline.audits
    where equal and upper_inf(span) and run_id <> cast(:run_id as uuid)
    order by audit_id desc
    limit 1
),

aged as (
    select
        crimes.crime_id,
        crimes.case_number,
        row_number() over (
            partition by crimes.case_number
            order by crimes.date_of_occurrence desc, crimes.crime_id asc
        ) as nth
    from chicago.crimes as crimes
    cross join last_proof
    cross join last_settled
    where
        crimes.date_of_occurrence < cast(:span_start as timestamp without time zone)
        and crimes.date_of_occurrence >= last_proof.span_start
        and crimes.loaded_at <= last_settled.at
),

come as (
    select crimes.case_number
    from chicago.crimes as crimes
    cross join last_settled
    where crimes.loaded_at > last_settled.at
    union all
    select rejected.case_number
    from pipeline.rejected_rows as rejected
    cross join last_settled
    where rejected.first_seen_at > last_settled.at
),

spoken_for as (
    select case_number
    from chicago.crime_history
    where reason is null
),

left_over as (
    select
        aged.case_number,
        (select count(*) from come where come.case_number = aged.case_number)
        - (select count(*) from spoken_for where spoken_for.case_number = aged.case_number) as row_count
    from aged
    group by aged.case_number
),

recreated as (
    select aged.crime_id
    from aged
    -- drops the rows that have aged out: no newer row of their case is evidence against it
    inner join left_over on aged.case_number = left_over.case_number and aged.nth <= left_over.row_count
),

kept as (
    insert into chicago.crime_history (
        crime_id, case_number, date_of_occurrence, block, iucr, primary_description, secondary_description,
        location_description, arrest, domestic, beat, district, ward, community_area, fbi_code,
        x_coordinate, y_coordinate, latitude, longitude, created_at, updated_at, version, updated_on, loaded_at,
        run_id
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
        cast(:run_id as uuid) as run_id
    from chicago.crimes as crimes
    inner join recreated on crimes.crime_id = recreated.crime_id
    returning crime_history.crime_id
)

delete from chicago.crimes as crimes
using kept
where crimes.crime_id = kept.crime_id
returning crimes.crime_id;
