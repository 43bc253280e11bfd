-- Writes what the counts rest on, and which days are complete. Answers the moments between
-- which they lie (the end excluded); without a complete day, all crimes are outside.
-- Reads: chicago.crimes, pipeline.freshness_limit. Writes: pipeline.counts_state. Run by: tasks/warehouse/counts.py.
-- Parameters: basis, added_up_at (when the marks of all crimes were added up; null: just now).
--
-- A day is complete when we hold it whole and it is at least 21 days older than the source's last load: 96% of a day's
-- rows are published by then. The very first is held whole only when its rows begin at midnight.

delete from pipeline.counts_state;

insert into pipeline.counts_state (counted_at, basis, added_up_at, first_complete_date, last_complete_date)
select
    pipeline.moment() as counted_at,
    cast(:basis as text) as basis,
    coalesce(cast(:added_up_at as timestamp with time zone), pipeline.moment()) as added_up_at,
    -- Rounded up to a midnight. Both ends are of an index, whatever the size.
    cast(min(crimes.date_of_occurrence) + interval '1 day - 1 microsecond' as date) as first_complete_date,
    cast(
        chicago.wall_clock((
            -- A stamp of the future is an error of the source, and no load.
            select max(stamped.updated_at)
            from chicago.crimes as stamped
            where
                stamped.updated_at <= (
                    select now() + make_interval(secs => freshness_limit.stamp_margin_days * 86400)
                    from pipeline.freshness_limit
                )
        )) as date
    ) - 21 as last_complete_date
from chicago.crimes
returning
    -- As text: Python knows no infinity.
    coalesce(cast(counts_state.first_complete_date as text), 'infinity') as first_moment,
    coalesce(cast(counts_state.last_complete_date + 1 as text), '-infinity') as end_moment;
