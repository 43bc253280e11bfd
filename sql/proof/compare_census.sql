-- One row is a row of the source that we lack, hold in another version, or hold though the source does not.
-- day is its day of occurrence: the source's where it has one, else ours; null for rows without a time.
-- is_stray: we hold it in quarantine with a time that is none, so that no window reaches it.
-- A row of ours that has aged out of the source (tasks/sync/scope.py) is no surplus; the source's own rows are
-- looked for among all of ours.
-- Reads: census, chicago.crimes, pipeline.rejected_rows. Writes: nothing. Run by: tasks/proof/census.py.
-- Parameters: range_start, range_end (null: no bound), is_whole (the undated rows too), span_start, oldest_age,
-- occurrence_field.

with ours as (
    select
        crime_id,
        version,
        date_of_occurrence,
        false as is_stray,
        date_of_occurrence >= cast(:span_start as timestamp without time zone)
        or date_of_occurrence < updated_at at time zone 'America/Chicago' - cast(:oldest_age as interval)
            as is_in_scope
    from chicago.crimes
    where
        date_of_occurrence >= coalesce(cast(:range_start as timestamp without time zone), '-infinity')
        and date_of_occurrence < coalesce(cast(:range_end as timestamp without time zone), 'infinity')
    union all
    select
        crime_id,
        version,
        date_of_occurrence,
        date_of_occurrence is null and raw ->> cast(:occurrence_field as text) is not null as is_stray,
        date_of_occurrence is null
        or date_of_occurrence >= cast(:span_start as timestamp without time zone)
        or date_of_occurrence < updated_at at time zone 'America/Chicago' - cast(:oldest_age as interval)
            as is_in_scope
    from pipeline.rejected_rows
    where
        (
            date_of_occurrence >= coalesce(cast(:range_start as timestamp without time zone), '-infinity')
            and date_of_occurrence < coalesce(cast(:range_end as timestamp without time zone), 'infinity')
        )
        or (date_of_occurrence is null and cast(:is_whole as boolean))
)

select
    coalesce(census.crime_id, ours.crime_id) as crime_id,
    ours.crime_id is null as is_missing,
    census.crime_id is null as is_surplus,
    coalesce(ours.is_stray, false) as is_stray,
    cast(census.date_of_occurrence as date) as source_day,
    cast(ours.date_of_occurrence as date) as our_day
from census
full outer join ours on census.crime_id = ours.crime_id
where
    (census.crime_id is null and ours.is_in_scope)
    or ours.crime_id is null
    or (census.crime_id is not null and census.version is distinct from ours.version);
