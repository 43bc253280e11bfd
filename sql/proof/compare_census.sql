-- One row is a row of the source that we lack, hold in another version, or hold though the source does not.
-- day is its day of occurrence: the source's where it has one, else ours; null for rows without a time.
-- is_damaged: we hold it in that version, under another date. Then the source's day alone is given, whose sync
-- repairs it in place.
-- is_stray: we hold it in quarantine, on no day of a calendar, so that perhaps no window reaches it.
-- A row of ours that has aged out of the source (tasks/sync/scope.py) is not a surplus; the source's own rows are
-- looked for among all of ours.
-- Reads: census, chicago.crimes, pipeline.rejected_rows. Writes: nothing. Run by: tasks/proof/census.py.
-- Parameters: range_start, range_end (null: no bound), is_whole (the undated rows too), span_start, oldest_age,
-- occurrence_field.

with rejected as (
    select
        *,
        pipeline.placed_day(date_of_occurrence, raw ->> cast(:occurrence_field as text)) as placed_day
    from pipeline.rejected_rows
),

ours as (
    select
        crime_id,
        version,
        date_of_occurrence,
        date_of_occurrence as accepted_date,
        false as is_stray,
        pipeline.is_in_scope(
            date_of_occurrence,
            updated_at,
            loaded_at,
            cast(:span_start as timestamp without time zone),
            cast(:oldest_age as interval)
        )
            as is_in_scope
    from chicago.crimes
    where
        date_of_occurrence >= coalesce(cast(:range_start as timestamp without time zone), '-infinity')
        and date_of_occurrence < coalesce(cast(:range_end as timestamp without time zone), 'infinity')
    union all
    select
        -- A row that shares its key with one of another month is read by itself there, under the key as published.
        case
            when
                crime_id ~ '#[0-9]+$'
                and exists (
                    select 1
                    from census
                    where
                        census.crime_id = regexp_replace(rejected.crime_id, '#[0-9]+$', '')
                        and census.version is not distinct from rejected.version
                )
                then regexp_replace(crime_id, '#[0-9]+$', '')
            else crime_id
        end as crime_id,
        version,
        placed_day as date_of_occurrence,
        cast(null as timestamp without time zone) as accepted_date,
        placed_day is null and raw ->> cast(:occurrence_field as text) is not null as is_stray,
        pipeline.is_in_scope(
            date_of_occurrence,
            updated_at,
            first_seen_at,
            cast(:span_start as timestamp without time zone),
            cast(:oldest_age as interval)
        )
            as is_in_scope
    from rejected
    where
        (
            placed_day >= coalesce(cast(:range_start as timestamp without time zone), '-infinity')
            and placed_day < coalesce(cast(:range_end as timestamp without time zone), 'infinity')
        )
        or (placed_day is null and cast(:is_whole as boolean))
)

select
    coalesce(census.crime_id, ours.crime_id) as crime_id,
    ours.crime_id is null as is_missing,
    census.crime_id is null as is_surplus,
    coalesce(ours.is_stray, false) as is_stray,
    coalesce(census.version = ours.version, false) as is_damaged,
    cast(census.date_of_occurrence as date) as source_day,
    case
        when not coalesce(census.version = ours.version, false) then cast(ours.date_of_occurrence as date)
    end as our_day
from census
full outer join ours on census.crime_id = ours.crime_id
where
    (census.crime_id is null and ours.is_in_scope)
    or ours.crime_id is null
    or (census.crime_id is not null and census.version is distinct from ours.version)
    or census.date_of_occurrence <> ours.accepted_date;
