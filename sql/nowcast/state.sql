-- One row: the source's last load by the counts (null: none is known), the first date that is held whole, and how many
-- crimes are held of the days that still move.
-- Reads: pipeline.counts_state, pipeline.daily_counts. Writes: nothing. Run by: tasks/warehouse/nowcast.py.
-- Parameters: last_age (days).

select
    counts_state.last_complete_date + 21 as load_date,
    counts_state.first_complete_date,
    (
        select coalesce(sum(daily_counts.crimes), 0)
        from pipeline.daily_counts
        where daily_counts.date >= counts_state.last_complete_date + 21 - cast(:last_age as integer)  -- noqa: RF02
    ) as recent_crimes
from pipeline.counts_state;
