-- Empties the counts by period, as if no period had a day: the days that enter one are all that it has. Readers see the
-- old counts until the end: a delete and no truncate. What changed is among all.
-- Writes: changed_crimes, the tables of counts by period, pipeline.counted_periods, pipeline.period_counts_state.
-- Run by: tasks/warehouse/periods.py.

delete from changed_crimes;

delete from pipeline.place_period_counts;

delete from pipeline.cell_period_counts;

delete from pipeline.community_area_period_counts;

delete from pipeline.time_sums;

delete from pipeline.counted_periods;

delete from pipeline.period_counts_state;
