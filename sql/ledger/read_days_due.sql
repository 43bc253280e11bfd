-- One row is a day whose turn it is to be compared by content: those never compared first, then the longest ago. None
-- that this run has compared, and none of which we hold nothing.
-- Reads: chicago.crimes, pipeline.compared_days. Writes: nothing. Run by: tasks/warehouse/audits.py.
-- Parameters: run_id, span_start and span_end (Chicago wall clock, both midnights, both included), most.

with days as (
    select cast(midnights.midnight as date) as day
    from generate_series(
        cast(:span_start as timestamp without time zone),
        cast(:span_end as timestamp without time zone),
        interval '1 day'
    ) as midnights (midnight)
)

select days.day
from days
-- Left: a day that was never compared.
left join pipeline.compared_days on days.day = compared_days.day
where
    compared_days.run_id is distinct from cast(:run_id as uuid)
    -- One look into the index for each day, whatever we hold.
    and exists (
        select 1
        from chicago.crimes
        where crimes.date_of_occurrence >= days.day and crimes.date_of_occurrence < days.day + 1
    )
order by compared_days.compared_at nulls first, days.day
limit :most;
