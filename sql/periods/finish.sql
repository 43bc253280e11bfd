-- Writes the periods that the counts are of, and when these were last counted anew.
-- Reads: new_periods. Writes: pipeline.counted_periods, pipeline.period_counts_state.
-- Run by: tasks/warehouse/periods.py. Parameters: made_at (null: just now).

delete from pipeline.counted_periods;

insert into pipeline.counted_periods (period, number, first_date, last_date, days, is_held)
select
    new_periods.period,
    new_periods.number,
    new_periods.first_date,
    new_periods.last_date,
    new_periods.days,
    new_periods.is_held
from new_periods;

delete from pipeline.period_counts_state;

insert into pipeline.period_counts_state (made_at)
values (coalesce(cast(:made_at as timestamp with time zone), pipeline.moment()));

drop table new_periods;

drop table period_changes;
