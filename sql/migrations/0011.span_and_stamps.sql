-- depends: 0010.content
-- Where the source's span begins is told and judged, and stamps that no clock has reached lead nothing
-- (docs/decisions/0017).
-- Run by: tasks/warehouse/migrations.py (yoyo), once, under the writer's lock.

alter table pipeline.runs add column accept_span boolean not null default false;

comment on column pipeline.runs.accept_span is
'Whether a source that begins later than its retention explains was accepted by hand, as one that keeps fewer days now.';

alter table pipeline.audits add column outside_rows integer not null default 0;

comment on column pipeline.audits.outside_rows is
'Rows that we hold outside of the proof: they occurred before the span and have aged out of the source.';

alter table pipeline.audits add column unexplained_rows integer not null default 0;

comment on column pipeline.audits.unexplained_rows is
'Of the rows outside, those too young to have aged out by the source''s retention or its last proofs.';

comment on column pipeline.audits.equal is
'Whether all three are none, and the source begins where its retention or its last proofs explain, or that was accepted.';

comment on column pipeline.audits.source_newest_update is
'The source''s newest :updated_at, but for stamps beyond the database''s clock. Instant.';

comment on column pipeline.watermark.watermark is
'The source''s newest :updated_at before the windows that were all done, but for stamps beyond the database''s clock. Instant.';

alter table pipeline.freshness_limit add column stamp_margin_days double precision not null default 1
check (stamp_margin_days >= 0);

comment on column pipeline.freshness_limit.stamp_margin_days is
'How many days a stamp of the source may lie beyond the database''s now: the setting STAMP_MARGIN_DAYS of the last run.';
