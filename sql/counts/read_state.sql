-- One row: what the counts rest on (null: nothing was counted yet), and the list of FBI codes, the spellings and the
-- watches as they are now, as one text; how many crimes are counted, and how long ago the marks of all were added up
-- (null: never).
-- Reads: pipeline.counts_state, chicago.fbi_codes, pipeline.primary_type_spellings, chicago.watches,
-- pipeline.code_counts.
-- Run by: tasks/warehouse/counts.py.

with lists as (
    select fbi_codes.fbi_code || ' ' || fbi_codes.is_violent || ' ' || fbi_codes.is_property as entry
    from chicago.fbi_codes
    union all
    select primary_type_spellings.published || ' ' || primary_type_spellings.primary_type as entry
    from pipeline.primary_type_spellings
    union all
    select watches.watch || ' ' || watches.starts_at_hour || ' ' || watches.ends_at_hour as entry
    from chicago.watches
),

listed as (
    select coalesce(string_agg(lists.entry, ',' order by lists.entry), '') as entries
    from lists
)

select
    counts_state.basis,
    listed.entries,
    counts_state.added_up_at,
    pipeline.moment() - counts_state.added_up_at as since_added_up,
    -- The shortest of the tables of counts.
    (select cast(coalesce(sum(code_counts.crimes), 0) as bigint) from pipeline.code_counts) as counted_crimes
from listed
-- Left: nothing was counted yet.
left join pipeline.counts_state on true;
