-- Empties the delay and what was expected, for those of now. Readers see the old ones until the end.
-- Writes: pipeline.reporting_delay, pipeline.nowcasts. Run by: tasks/warehouse/nowcast.py.

delete from pipeline.reporting_delay;

delete from pipeline.nowcasts;
