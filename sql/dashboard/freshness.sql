-- One row: how new the record is, and which run the views follow.
-- Reads: chicago.data_freshness. Run by: dashboard/warehouse.py, each time a page is shown.

select
    data_freshness.newest_occurrence,
    data_freshness.source_loaded_at,
    data_freshness.last_run_at,
    data_freshness.last_run_status,
    data_freshness.last_equal_at,
    data_freshness.load_state,
    data_freshness.unfinished_windows,
    data_freshness.is_stale,
    data_freshness.stale_because
from chicago.data_freshness;
