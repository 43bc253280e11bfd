-- Writes the settings FRESHNESS_DAYS and STAMP_MARGIN_DAYS where views and counts read them; nothing when they stand
-- there already.
-- Reads and writes: pipeline.freshness_limit (one row). Parameters: freshness_days, stamp_margin_days.
-- Run by: tasks/warehouse/views.py.

update pipeline.freshness_limit
set
    freshness_days = :freshness_days,
    stamp_margin_days = :stamp_margin_days,
    set_at = pipeline.moment()
where
    freshness_limit.freshness_days <> :freshness_days or freshness_limit.stamp_margin_days <> :stamp_margin_days;
