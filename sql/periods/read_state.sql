-- One row: whether the counts by period can follow what changed, and when they were last counted anew. They cannot
-- where there are none, or where community areas are estimated by other shapes or another rule than they were then.
-- Reads: pipeline.period_counts_state, pipeline.community_area_basis. Run by: tasks/warehouse/periods.py.

select
    period_counts_state.made_at,
    pipeline.moment() - period_counts_state.made_at as since_made,
    coalesce(
        -- '': no point was placed yet.
        coalesce(period_counts_state.community_area_basis, '') = coalesce(community_area_basis.basis, ''),
        false
    )
    and period_counts_state.made_at is not null as can_follow
from (select true as is_one) as one_row
-- Left, both: nothing was counted yet, no point was placed yet.
left join pipeline.period_counts_state on one_row.is_one
left join pipeline.community_area_basis on one_row.is_one;
