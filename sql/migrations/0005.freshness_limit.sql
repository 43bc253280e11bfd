-- depends: 0004.statistics
-- How old the source may be before analysts are told: a setting of the runs, kept where a view can read it.
-- Run by: tasks/warehouse/migrations.py (yoyo), once, under the writer's lock.

create table pipeline.freshness_limit (
    freshness_days double precision not null check (freshness_days > 0),
    set_at timestamp with time zone not null default now()
);

create unique index freshness_limit_is_one on pipeline.freshness_limit ((true));

comment on table pipeline.freshness_limit is
'One row: the setting FRESHNESS_DAYS of the last run, which chicago.data_freshness judges by.';

comment on column pipeline.freshness_limit.freshness_days is
'Days after the source''s newest :updated_at from which the record counts as stale.';

comment on column pipeline.freshness_limit.set_at is 'When the number last changed. Instant.';

insert into pipeline.freshness_limit (freshness_days) values (4);
