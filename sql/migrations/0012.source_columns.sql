-- depends: 0011.span_and_stamps
-- The columns of the source as it states them: what is new or of another type is found here, when it came, and what
-- it holds (docs/decisions/0018).
-- Run by: tasks/warehouse/migrations.py (yoyo), once, under the writer's lock.

create table pipeline.source_columns (
    dataset text not null,
    column_name text not null,
    stated_type text not null,
    sample jsonb not null default '[]',
    first_run uuid not null,
    last_run uuid not null,
    first_seen_at timestamp with time zone not null default pipeline.moment(),
    last_seen_at timestamp with time zone not null default pipeline.moment(),
    told_at timestamp with time zone,
    primary key (dataset, column_name, stated_type)
);

comment on table pipeline.source_columns is
'One row is a column of a dataset or a list of the source under a type that the source stated for it.';

comment on column pipeline.source_columns.dataset is 'Key. The dataset''s id at the portal.';

comment on column pipeline.source_columns.column_name is 'Key. The field''s name at the source, 100 characters at most.';

comment on column pipeline.source_columns.stated_type is
'Key. SODA''s type, as the answer''s headers state it. Empty: it came in rows and was not stated.';

comment on column pipeline.source_columns.sample is
'Some values of a column that was new to us, five at most and cut at 60 characters; a list. Empty for known columns.';

comment on column pipeline.source_columns.first_run is 'The run that saw it first.';

comment on column pipeline.source_columns.last_run is
'The run that saw it last. It stands as long as this is the newest of the dataset.';

comment on column pipeline.source_columns.first_seen_at is 'When the first run that saw it read it. Instant.';

comment on column pipeline.source_columns.last_seen_at is 'When the last run that saw it read it first. Instant.';

comment on column pipeline.source_columns.told_at is
'When an event in Prefect told of it, once, since it is new or of another type. Null: none did. Instant.';
