-- The planner looks at the counts again: a bulk load leaves it with what it knew of empty tables.
-- Reads: the tables of counts. Writes: their statistics. Run by: tasks/warehouse/counts.py.

analyze pipeline.daily_counts, pipeline.hour_counts, pipeline.place_counts, pipeline.cell_counts, pipeline.code_counts;
