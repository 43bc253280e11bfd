-- Says whether the counts add up to the crimes, with no group that has less than a crime.
-- Reads: chicago.crimes, the tables of counts. Run by: tasks/warehouse/counts.py.

with sums as (
    select
        coalesce(sum(daily_counts.crimes), 0) as crimes,
        min(daily_counts.crimes) as smallest
    from pipeline.daily_counts
    union all
    select
        coalesce(sum(place_counts.crimes), 0) as crimes,
        min(place_counts.crimes) as smallest
    from pipeline.place_counts
    union all
    select
        coalesce(sum(hour_counts.crimes), 0) as crimes,
        min(hour_counts.crimes) as smallest
    from pipeline.hour_counts
    union all
    select
        coalesce(sum(cell_counts.crimes), 0) as crimes,
        min(cell_counts.crimes) as smallest
    from pipeline.cell_counts
    union all
    select
        coalesce(sum(code_counts.crimes), 0) as crimes,
        min(code_counts.crimes) as smallest
    from pipeline.code_counts
),

held as (
    select count(*) as crimes
    from chicago.crimes
)

select bool_and(sums.crimes = held.crimes and coalesce(sums.smallest > 0, true)) as adds_up
from sums
-- One row on the right.
cross join held;
