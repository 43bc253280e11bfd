-- depends: 0009.one_content
-- What we hold is compared with the source column by column too, some days in each run, and what differs under the same
-- id and version is repaired (docs/decisions/0016): which days were compared when, and how many rows were repaired.
-- Run by: tasks/warehouse/migrations.py (yoyo), once, under the writer's lock.

create table pipeline.compared_days (
    day date primary key,
    compared_at timestamp with time zone not null default pipeline.moment(),
    run_id uuid not null references pipeline.runs (run_id)
);

comment on table pipeline.compared_days is
'One row is a day of occurrence whose rows were compared with the source by content, and are as published since.';

comment on column pipeline.compared_days.day is 'Chicago local date.';

comment on column pipeline.compared_days.compared_at is
'When it last was. Instant. The day with the oldest is the next; a day that was never compared comes before it.';

comment on column pipeline.compared_days.run_id is 'The run that compared it.';

alter table pipeline.windows add column repaired integer;

comment on column pipeline.windows.repaired is
'Of the unchanged rows, those that we held with other content under the same id and version: the City had changed nothing, so that it was a damage of ours. Null: of a run before these were counted.';

comment on column pipeline.windows.unchanged is
'Rows that we held with the same content, or should have: the City published nothing new of them.';

comment on column pipeline.windows.updated is
'Rows that we held under the same id with other content, in another version.';

alter table pipeline.audits add column damaged_rows integer not null default 0;

comment on column pipeline.audits.damaged_rows is
'Rows that we hold in the same version with other content, of the days that were compared by content; and those of the census with another date.';

comment on column pipeline.audits.differing_days is 'Days with rows that are missing, surplus, outdated or damaged.';

comment on column pipeline.audits.equal is 'Whether no row is missing, surplus, outdated or damaged.';
