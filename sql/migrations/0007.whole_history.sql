-- depends: 0006.counts
-- The whole history of the City beside its last year: the City's own stamp of a change, which dataset a warehouse
-- is of, and which months were proven by census when (docs/decisions/0012).
-- Run by: tasks/warehouse/migrations.py (yoyo), once, under the writer's lock.

alter table chicago.crimes add column updated_on timestamp without time zone;

comment on column chicago.crimes.updated_on is
'When the City last changed the record, Chicago wall clock, as published. Null in the one-year dataset, which does not publish it.';

comment on column chicago.crimes.crime_id is
'The source''s row id. In the one-year dataset the City gives a changed case a new one; in the whole history a crime keeps its own.';

comment on column chicago.crimes.district is
'Police district as published, else the beat divided by 100. Null where both are. 0.009% of the whole history has one other than its beat''s; views go by this one, violent_crimes_by_beat by the beat''s.';

alter table chicago.crime_history add column updated_on timestamp without time zone;

comment on column chicago.crime_history.updated_on is 'As in crimes: Chicago wall clock.';

comment on column chicago.crime_history.replaced_by is
'crime_id of the newer row of a revised case: its own, where a row keeps its id. Null for withdrawn rows.';

alter table pipeline.rejected_rows add column updated_on timestamp without time zone;

comment on column pipeline.rejected_rows.updated_on is 'As in crimes. Null where it was not published or is none.';

create or replace function chicago.crimes_as_of(as_of timestamp with time zone)
returns setof chicago.crimes
language sql
stable
parallel safe
as
$$
    select
        crimes.crime_id,
        crimes.case_number,
        crimes.date_of_occurrence,
        crimes.block,
        crimes.iucr,
        crimes.primary_description,
        crimes.secondary_description,
        crimes.location_description,
        crimes.arrest,
        crimes.domestic,
        crimes.beat,
        crimes.district,
        crimes.ward,
        crimes.community_area,
        crimes.fbi_code,
        crimes.x_coordinate,
        crimes.y_coordinate,
        crimes.latitude,
        crimes.longitude,
        crimes.created_at,
        crimes.updated_at,
        crimes.version,
        crimes.loaded_at,
        crimes.updated_on
    from chicago.crimes
    where crimes.loaded_at <= as_of
    union all
    -- A row is in one of the two: it enters history when it leaves the record.
    select
        crime_history.crime_id,
        crime_history.case_number,
        crime_history.date_of_occurrence,
        crime_history.block,
        crime_history.iucr,
        crime_history.primary_description,
        crime_history.secondary_description,
        crime_history.location_description,
        crime_history.arrest,
        crime_history.domestic,
        crime_history.beat,
        crime_history.district,
        crime_history.ward,
        crime_history.community_area,
        crime_history.fbi_code,
        crime_history.x_coordinate,
        crime_history.y_coordinate,
        crime_history.latitude,
        crime_history.longitude,
        crime_history.created_at,
        crime_history.updated_at,
        crime_history.version,
        crime_history.loaded_at,
        crime_history.updated_on
    from chicago.crime_history
    where
        crime_history.loaded_at <= as_of
        and crime_history.retired_at > as_of
$$;

create table pipeline.dataset (
    dataset text not null,
    bound_at timestamp with time zone not null default now()
);

create unique index dataset_is_one on pipeline.dataset ((true));

comment on table pipeline.dataset is
'At most one row: the dataset that this warehouse holds, from its first run on. Another one is refused.';

comment on column pipeline.dataset.dataset is 'The dataset''s id at the portal.';

comment on column pipeline.dataset.bound_at is 'When the first run took it. Instant.';

-- Until now there was one dataset that a warehouse could have been of.
insert into pipeline.dataset (dataset)
select coalesce((select watermark.dataset from pipeline.watermark), 'x2n5-8w5q') as dataset
where exists (select 1 from pipeline.runs where runs.planned_at is not null);

create table pipeline.proven_months (
    month date primary key,
    proven_at timestamp with time zone not null default now(),
    run_id uuid not null references pipeline.runs (run_id)
);

comment on table pipeline.proven_months is
'One row is a month of occurrence that was proven equal by census, in a dataset that is else compared by fingerprint.';

comment on column pipeline.proven_months.month is 'Its first day. Chicago wall clock.';

comment on column pipeline.proven_months.proven_at is 'When it last was. Instant. The month with the oldest is the next.';

comment on column pipeline.proven_months.run_id is 'The run that proved it.';

alter table pipeline.audits drop constraint audits_proof_check;

alter table pipeline.audits add check (proof in ('census', 'fingerprint', 'unmoved'));

comment on column pipeline.audits.proof is
'census: every row id and version was compared. fingerprint: sums of them by month, and every one of the months that differed or were due. unmoved: the source is as it was when last proven equal.';

comment on column pipeline.runs.proof is 'How equality was proven: census, fingerprint or unmoved. Null: it was not.';
