-- One row: how many rows we hold in scope, and how many would be retired without a newer row of their case here.
-- A window of a few days, which an audit syncs again, is measured by its whole weeks, so the guard is no stricter.
-- Reads: held, gone, rekeyed, rekeyed_rejects, compared, staged_crimes, staged_rejects, pipeline.rejected_rows,
-- chicago.crimes.
-- Writes: nothing. Run by: tasks/sync/guards.py, before anything is changed.
-- Parameters: window_start, window_end (null: no bound).

with departing as (
    select
        gone.case_number,
        count(*) as gone_rows
    from gone
    where
        not gone.is_rejected
        and not exists (select 1 from rekeyed where rekeyed.old_crime_id = gone.crime_id)
    group by gone.case_number
),

arriving as (
    select
        arrived.case_number,
        count(*) as new_rows
    from (
        select staged.case_number
        from staged_crimes as staged
        inner join compared on staged.crime_id = compared.crime_id and not compared.is_held
        where not exists (select 1 from rekeyed where rekeyed.new_crime_id = staged.crime_id)
        union all
        select staged.case_number
        from staged_rejects as staged
        where
            not exists (select 1 from pipeline.rejected_rows as known where known.crime_id = staged.crime_id)
            and not exists (select 1 from rekeyed_rejects where rekeyed_rejects.new_crime_id = staged.crime_id)
    ) as arrived
    group by arrived.case_number
)

select
    greatest(
        (select count(*) from held where not held.is_rejected),
        (
            select count(*)
            from chicago.crimes as crimes
            where
                crimes.date_of_occurrence >= date_trunc('week', cast(:window_start as timestamp without time zone))
                and crimes.date_of_occurrence
                < date_trunc('week', cast(:window_end as timestamp without time zone) - interval '1 microsecond')
                + interval '7 days'
        )
    ) as held_rows,
    coalesce(sum(greatest(departing.gone_rows - coalesce(arriving.new_rows, 0), 0)), 0)::bigint as unreplaced_rows
from departing
left join arriving on departing.case_number = arriving.case_number;
