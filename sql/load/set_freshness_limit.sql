-- Writes the setting FRESHNESS_DAYS where chicago.data_freshness reads it; nothing if it is there already.
-- Reads and writes: pipeline.freshness_limit (one row). Parameter: freshness_days.
-- Run by: tasks/warehouse/views.py.

update pipeline.freshness_limit
set
    freshness_days = :freshness_days,
    set_at = now()
where freshness_limit.freshness_days <> :freshness_days;
