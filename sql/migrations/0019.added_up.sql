-- depends: 0018.residents_and_community_areas
-- When the marks of all crimes were last added up: on a large warehouse that is not done at each refresh
-- (docs/decisions/0026).
-- Run by: tasks/warehouse/migrations.py (yoyo), once, under the writer's lock.

alter table pipeline.counts_state add column added_up_at timestamp with time zone;

comment on column pipeline.counts_state.added_up_at is
'When the counts were last added up, mark by mark, against all crimes. Instant. Null: not since the column is there.';
