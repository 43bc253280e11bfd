-- One row: whether the counts by period can follow what changed, and when they were last counted anew. They cannot where
-- there are none, or where community areas are estimated by other shapes or another rule than when they were counted.
-- Reads: pipeline.period_counts_state, pipeline.community_area_basis. Run by: tasks/warehouse/periods.py.

select
    period_counts_state.made_at,
    pipeline.moment() - period_counts_state.made_at as since_made,
    period_counts_state.made_at is not null
    and period_counts_state.community_area_basis is not distinct from community_area_basis.basis as can_follow
from (values (true)) as always (is_one)
-- Left, both: nothing was counted yet, no point was placed yet.
left join pipeline.period_counts_state on always.is_one
left join pipeline.community_area_basis on always.is_one;
