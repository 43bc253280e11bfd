-- The planner looks at the counts by period again: counted anew, they leave it with what it knew of others.
-- Reads: the tables of counts by period. Writes: their statistics. Run by: tasks/warehouse/periods.py.

analyze
pipeline.place_period_counts,
pipeline.cell_period_counts,
pipeline.community_area_period_counts,
pipeline.time_sums;
