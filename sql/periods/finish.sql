-- Writes the periods that the counts are of, and what they rest on beside the crimes.
-- Reads: new_place_periods, pipeline.community_area_basis.
-- Writes: pipeline.place_periods, pipeline.period_counts_state.
-- Run by: tasks/warehouse/periods.py. Parameters: made_at (when all was last counted anew; null: just now).

delete from pipeline.place_periods;

insert into pipeline.place_periods (period, number, first_date, last_date, days, is_held)
select
    new_place_periods.period,
    new_place_periods.number,
    new_place_periods.first_date,
    new_place_periods.last_date,
    new_place_periods.days,
    new_place_periods.is_held
from new_place_periods;

delete from pipeline.period_counts_state;

insert into pipeline.period_counts_state (made_at, community_area_basis)
select
    coalesce(cast(:made_at as timestamp with time zone), pipeline.moment()) as made_at,
    (select community_area_basis.basis from pipeline.community_area_basis) as community_area_basis;

drop table new_place_periods;

drop table period_changes;
