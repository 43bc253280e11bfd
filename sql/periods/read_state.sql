-- At most one row: when the counts by period were last counted anew. None: they were not, or community areas are
-- estimated anew (sql/community_areas/forget.sql).
-- Reads: pipeline.period_counts_state. Run by: tasks/warehouse/periods.py.

select
    period_counts_state.made_at,
    pipeline.moment() - period_counts_state.made_at as since_made
from pipeline.period_counts_state;
