-- One row is a month or a day of occurrence and the fingerprint of what we hold of it (tasks/source/fingerprint.py);
-- a null period: rows without a time.
-- updated_on is a number of seconds as if all months had 31 days, which is how the source can sum it
-- (tasks/source/soql.py).
-- Reads: chicago.crimes, pipeline.rejected_rows. Writes: nothing. Run by: tasks/proof/fingerprints.py.
-- Parameters: period (month or day), range_start, range_end (null: all, and the rows without a time), occurrence_field.

with rejected as (
    select
        *,
        pipeline.placed_day(date_of_occurrence, raw ->> cast(:occurrence_field as text)) as placed_day
    from pipeline.rejected_rows
),

held as (
    select
        crime_id,
        date_of_occurrence,
        updated_at,
        updated_on
    from chicago.crimes
    where
        date_of_occurrence >= coalesce(cast(:range_start as timestamp without time zone), '-infinity')
        and date_of_occurrence < coalesce(cast(:range_end as timestamp without time zone), 'infinity')
    union all
    select
        crime_id,
        placed_day as date_of_occurrence,
        updated_at,
        updated_on
    from rejected
    where
        (
            placed_day >= coalesce(cast(:range_start as timestamp without time zone), '-infinity')
            and placed_day < coalesce(cast(:range_end as timestamp without time zone), 'infinity')
        )
        or (placed_day is null and cast(:range_start as timestamp without time zone) is null)
)

select
    cast(date_trunc(cast(:period as text), held.date_of_occurrence) as date) as period,
    count(*) as row_count,
    -- a row that shares its key with a newer one is held under a marked one (tasks/contract/twins.py)
    sum(cast(regexp_replace(held.crime_id, '#[0-9]+$', '') as bigint)) as key_sum,
    max(held.updated_at) as newest,
    coalesce(
        sum(
            cast(
                (
                    (
                        (
                            (
                                (date_part('year', held.updated_on) - 2000) * 12
                                + date_part('month', held.updated_on)
                            ) * 31
                            + date_part('day', held.updated_on)
                        ) * 24
                        + date_part('hour', held.updated_on)
                    ) * 60
                    + date_part('minute', held.updated_on)
                ) * 60
                + floor(date_part('second', held.updated_on)) as bigint
            )
        ),
        0
    ) as stamps
from held
group by 1;
