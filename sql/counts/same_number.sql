-- Says whether each table of counts has as many crimes as there are, and no group that has less than one: what is left
-- of add_up.sql where the marks of all crimes are not added up.
-- Reads: chicago.crimes, the tables of counts. Run by: tasks/warehouse/counts.py.

with counted as (
    select
        sum(daily_counts.crimes) as crimes,
        min(daily_counts.crimes) as smallest
    from pipeline.daily_counts
    union all
    select
        sum(hour_counts.crimes) as crimes,
        min(hour_counts.crimes) as smallest
    from pipeline.hour_counts
    union all
    select
        sum(place_counts.crimes) as crimes,
        min(place_counts.crimes) as smallest
    from pipeline.place_counts
    union all
    select
        sum(cell_counts.crimes) as crimes,
        min(cell_counts.crimes) as smallest
    from pipeline.cell_counts
    union all
    select
        sum(code_counts.crimes) as crimes,
        min(code_counts.crimes) as smallest
    from pipeline.code_counts
),

held as (
    select count(*) as crimes
    from chicago.crimes
)

select bool_and(coalesce(counted.crimes, 0) = held.crimes and coalesce(counted.smallest > 0, true)) as adds_up
from counted
-- One row on the right.
cross join held;
