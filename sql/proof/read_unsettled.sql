-- One row is a retired row whose reason is not settled (is_gone), or a row of the same case, or under the same id,
-- that came since reasons were last settled and is not paired yet. A row may be both, if it came and went in between.
-- said: the columns of a crime that say what happened, as JSON. A row in quarantine has none; its raw is what was
-- published.
-- Reads: chicago.crime_history, chicago.crimes, pipeline.rejected_rows, pipeline.runs. Writes: nothing.
-- Run by: tasks/proof/settle.py.

with last_settled as (
    select coalesce(max(settled_at), '-infinity') as at
    from pipeline.runs
),

-- The source's newest stamp before the first run since then: an older row was there before that run read any.
first_stamp as (
    select min(runs.candidate_watermark) as at
    from pipeline.runs as runs
    cross join last_settled
    where runs.started_at > last_settled.at
),

gone as (
    select
        history.crime_id,
        history.case_number,
        history.date_of_occurrence,
        to_jsonb(history) as said,
        history.updated_at,
        history.loaded_at,
        history.retired_at
    from chicago.crime_history as history
    where history.reason is null
),

-- A union of two look-ups, each by its index.
of_the_same as (
    select crimes.crime_id
    from chicago.crimes as crimes
    where crimes.case_number in (select gone.case_number from gone)
    union
    select crimes.crime_id
    from chicago.crimes as crimes
    where crimes.crime_id in (select gone.crime_id from gone)
),

come as (
    select
        crimes.crime_id,
        crimes.case_number,
        crimes.date_of_occurrence,
        to_jsonb(crimes) as said,
        cast(null as jsonb) as raw,
        crimes.updated_at,
        crimes.loaded_at,
        cast(null as timestamp with time zone) as retired_at
    from chicago.crimes as crimes
    cross join last_settled
    where
        crimes.loaded_at > last_settled.at
        and crimes.crime_id in (select of_the_same.crime_id from of_the_same)
    union all
    select
        history.crime_id,
        history.case_number,
        history.date_of_occurrence,
        to_jsonb(history) as said,
        null as raw,
        history.updated_at,
        history.loaded_at,
        history.retired_at
    from chicago.crime_history as history
    cross join last_settled
    where
        history.loaded_at > last_settled.at
        and (
            history.case_number in (select gone.case_number from gone)
            or history.crime_id in (select gone.crime_id from gone)
        )
    union all
    select
        rejected.crime_id,
        rejected.case_number,
        rejected.date_of_occurrence,
        null as said,
        rejected.raw,
        rejected.updated_at,
        rejected.first_seen_at as loaded_at,
        null as retired_at
    from pipeline.rejected_rows as rejected
    cross join last_settled
    where
        rejected.first_seen_at > last_settled.at
        and (
            rejected.case_number in (select gone.case_number from gone)
            or rejected.crime_id in (select gone.crime_id from gone)
        )
),

unsettled as (
    select
        gone.crime_id,
        gone.case_number,
        gone.date_of_occurrence,
        gone.said,
        null as raw,
        gone.loaded_at,
        gone.retired_at,
        true as is_gone,
        gone.loaded_at > last_settled.at as is_come,
        gone.loaded_at > last_settled.at and gone.updated_at <= first_stamp.at as was_there_before
    from gone
    cross join last_settled
    cross join first_stamp
    union all
    select
        come.crime_id,
        come.case_number,
        come.date_of_occurrence,
        come.said,
        come.raw,
        come.loaded_at,
        come.retired_at,
        false as is_gone,
        true as is_come,
        come.updated_at <= first_stamp.at as was_there_before
    from come
    cross join last_settled
    cross join first_stamp
    where
        -- the retired ones are above already
        not exists (
            select 1
            from gone
            where gone.crime_id = come.crime_id and gone.retired_at = come.retired_at
        )
        -- paired already: a history row names this version, not an older one under the same id
        and not exists (
            select 1
            from chicago.crime_history as history
            where
                history.replaced_by = come.crime_id
                and history.loaded_at < come.loaded_at
                and not exists (
                    select 1
                    from chicago.crime_history as version
                    where
                        version.crime_id = come.crime_id
                        and version.loaded_at > history.loaded_at
                        and version.loaded_at < come.loaded_at
                )
        )
)

select
    unsettled.crime_id,
    unsettled.case_number,
    unsettled.date_of_occurrence,
    unsettled.said - array[
        'crime_id', 'case_number', 'date_of_occurrence', 'created_at', 'updated_at', 'version', 'updated_on',
        'loaded_at', 'retired_at', 'reason', 'replaced_by', 'run_id'
    ] as said,
    unsettled.raw,
    unsettled.loaded_at,
    unsettled.retired_at,
    unsettled.is_gone,
    unsettled.is_come,
    unsettled.was_there_before
from unsettled;
