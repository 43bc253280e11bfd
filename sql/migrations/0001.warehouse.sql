-- The two schemas: chicago, which analysts read, and pipeline, which operators read.
-- Run by: tasks/warehouse/migrations.py (yoyo), once, under the writer's lock.

-- Asked first: even "if not exists" needs the right to create, which a loader has not where sql/roles.sql made both.
do $$
begin
    if to_regnamespace('chicago') is null then
        create schema chicago;
    end if;
    if to_regnamespace('pipeline') is null then
        create schema pipeline;
    end if;
end
$$;

comment on schema chicago is
'The City of Chicago''s crime record as published, and the tables and views that answer questions about it.';

comment on schema pipeline is
'How the record got here: runs, windows, quarantine, watermark and audits. For operators.';

create table chicago.crimes (
    crime_id text collate "C" primary key,
    case_number text not null,
    date_of_occurrence timestamp without time zone not null,
    block text,
    iucr text not null check (char_length(iucr) = 4),
    primary_description text not null,
    secondary_description text,
    location_description text,
    arrest boolean not null,
    domestic boolean not null,
    beat text check (char_length(beat) = 4),
    district smallint,
    ward smallint,
    community_area smallint,
    fbi_code text,
    x_coordinate integer,
    y_coordinate integer,
    latitude double precision check (latitude <> 'NaN'),
    longitude double precision check (longitude <> 'NaN'),
    created_at timestamp with time zone,
    updated_at timestamp with time zone,
    version text,
    loaded_at timestamp with time zone not null default now()
);

create index crimes_date_of_occurrence on chicago.crimes (date_of_occurrence);

create index crimes_case_number on chicago.crimes (case_number);

create index crimes_updated_at on chicago.crimes (updated_at);

comment on table chicago.crimes is
'One row is one row of the City''s record as it is now: an incident, or one victim of a homicide.';

comment on column chicago.crimes.crime_id is
'The source''s row id. The City gives a changed case a new one.';

comment on column chicago.crimes.case_number is
'Police records division number. Not unique: a homicide has a row for each victim.';

comment on column chicago.crimes.date_of_occurrence is
'When it happened, Chicago wall clock, as published. 00:00 often stands for an unknown time.';

comment on column chicago.crimes.block is 'Address to the hundred block, upper case. Null where not published.';

comment on column chicago.crimes.iucr is 'Illinois Uniform Crime Reporting code, four characters.';

comment on column chicago.crimes.primary_description is 'Kind of crime by IUCR, as published.';

comment on column chicago.crimes.secondary_description is 'Kind of crime in detail, as published.';

comment on column chicago.crimes.location_description is
'Kind of place, as published. Null where not published (0.3% of rows).';

comment on column chicago.crimes.arrest is 'Whether an arrest was made. Arrests arrive late.';

comment on column chicago.crimes.domestic is 'Whether it falls under the Illinois Domestic Violence Act.';

comment on column chicago.crimes.beat is 'Police beat, four characters with its leading zero. Null where not published.';

comment on column chicago.crimes.district is
'Police district as published, else the beat divided by 100. Null where the beat is.';

comment on column chicago.crimes.ward is 'City council ward, 1 to 50. Null where not published.';

comment on column chicago.crimes.community_area is
'Community area, 1 to 77. Null in the one-year dataset, which does not publish it.';

comment on column chicago.crimes.fbi_code is
'FBI code of the crime; it decides what is violent. Null where not published.';

comment on column chicago.crimes.x_coordinate is
'Feet east, EPSG:3435, of the block. Null where not published or outside the city.';

comment on column chicago.crimes.y_coordinate is
'Feet north, EPSG:3435, of the block. Null where not published or outside the city.';

comment on column chicago.crimes.latitude is
'Degrees north of the block. Null where not published or outside the city.';

comment on column chicago.crimes.longitude is
'Degrees east of the block. Null where not published or outside the city.';

comment on column chicago.crimes.created_at is 'When the source made this row. Instant.';

comment on column chicago.crimes.updated_at is 'When the source last touched this row. Instant.';

comment on column chicago.crimes.version is 'The source''s version of this row.';

comment on column chicago.crimes.loaded_at is
'When this content of the row was first stored here. Instant. Kept when only the source''s id or stamps change.';

create table chicago.crime_history (
    crime_id text collate "C" not null,
    case_number text not null,
    date_of_occurrence timestamp without time zone not null,
    block text,
    iucr text not null,
    primary_description text not null,
    secondary_description text,
    location_description text,
    arrest boolean not null,
    domestic boolean not null,
    beat text,
    district smallint,
    ward smallint,
    community_area smallint,
    fbi_code text,
    x_coordinate integer,
    y_coordinate integer,
    latitude double precision,
    longitude double precision,
    created_at timestamp with time zone,
    updated_at timestamp with time zone,
    version text,
    loaded_at timestamp with time zone not null,
    retired_at timestamp with time zone not null default now(),
    reason text check (reason in ('revised', 'withdrawn')),
    replaced_by text collate "C",
    run_id uuid not null,
    primary key (crime_id, retired_at)
);

create index crime_history_case_number on chicago.crime_history (case_number);

create index crime_history_replaced_by on chicago.crime_history (replaced_by);

create index crime_history_unsettled on chicago.crime_history (retired_at) where reason is null;

comment on table chicago.crime_history is
'One row is a row of the City''s record as we held it until the City changed or withdrew it.';

comment on column chicago.crime_history.crime_id is 'The source''s row id that the row had.';

comment on column chicago.crime_history.case_number is 'As in crimes.';

comment on column chicago.crime_history.date_of_occurrence is 'As in crimes: Chicago wall clock.';

comment on column chicago.crime_history.block is 'As in crimes.';

comment on column chicago.crime_history.iucr is 'As in crimes.';

comment on column chicago.crime_history.primary_description is 'As in crimes.';

comment on column chicago.crime_history.secondary_description is 'As in crimes.';

comment on column chicago.crime_history.location_description is 'As in crimes.';

comment on column chicago.crime_history.arrest is 'As in crimes.';

comment on column chicago.crime_history.domestic is 'As in crimes.';

comment on column chicago.crime_history.beat is 'As in crimes.';

comment on column chicago.crime_history.district is 'As in crimes.';

comment on column chicago.crime_history.ward is 'As in crimes.';

comment on column chicago.crime_history.community_area is 'As in crimes.';

comment on column chicago.crime_history.fbi_code is 'As in crimes.';

comment on column chicago.crime_history.x_coordinate is 'As in crimes: feet, EPSG:3435.';

comment on column chicago.crime_history.y_coordinate is 'As in crimes: feet, EPSG:3435.';

comment on column chicago.crime_history.latitude is 'As in crimes: degrees.';

comment on column chicago.crime_history.longitude is 'As in crimes: degrees.';

comment on column chicago.crime_history.created_at is 'As in crimes: the source''s instant.';

comment on column chicago.crime_history.updated_at is 'As in crimes: the source''s instant.';

comment on column chicago.crime_history.version is 'As in crimes.';

comment on column chicago.crime_history.loaded_at is 'When this content was first stored here. Instant.';

comment on column chicago.crime_history.retired_at is
'When we learned that the source holds it no more, or holds it otherwise. Instant.';

comment on column chicago.crime_history.reason is
'revised: the case has a newer row in its place. withdrawn: it has none. Null until the run that retired it is whole.';

comment on column chicago.crime_history.replaced_by is
'crime_id of the newer row of a revised case. Null for withdrawn rows.';

comment on column chicago.crime_history.run_id is 'The run that retired it: pipeline.runs.';

create table pipeline.runs (
    run_id uuid primary key default gen_random_uuid(),
    mode text not null,
    kind text,
    status text not null check (
        status in ('running', 'done', 'failed', 'unequal', 'stopped', 'dead', 'skipped')
    ),
    started_at timestamp with time zone not null default now(),
    ended_at timestamp with time zone,
    range_start timestamp without time zone,
    range_end timestamp without time zone,
    resumes uuid references pipeline.runs (run_id),
    planned_at timestamp with time zone,
    candidate_watermark timestamp with time zone,
    windows_done_at timestamp with time zone,
    settled_at timestamp with time zone,
    revised integer,
    withdrawn integer,
    proof text,
    accept_retirements boolean not null default false,
    message text,
    host text,
    process_id integer
);

create index runs_started_at on pipeline.runs (started_at);

comment on table pipeline.runs is 'One row is one start of the job, also one that was skipped.';

comment on column pipeline.runs.run_id is 'The run''s id; also in windows, audits, history and quarantine.';

comment on column pipeline.runs.mode is 'What was asked for: auto, backfill, incremental, reconcile or replay.';

comment on column pipeline.runs.kind is
'What was done: backfill, resume, incremental, reconcile, range, unmoved or replay. Null until it was decided.';

comment on column pipeline.runs.status is
'running; done; failed; unequal (the audit differs); stopped (by a signal); dead (killed, marked by the next run); skipped.';

comment on column pipeline.runs.started_at is 'Instant.';

comment on column pipeline.runs.ended_at is 'Instant. Null while it runs.';

comment on column pipeline.runs.range_start is 'First Chicago wall clock asked for. Null: the whole span.';

comment on column pipeline.runs.range_end is 'End of the range asked for, excluded. Null: the whole span.';

comment on column pipeline.runs.resumes is 'The unfinished run whose windows this one finishes.';

comment on column pipeline.runs.planned_at is 'When its windows were written to the ledger. Null: not yet.';

comment on column pipeline.runs.candidate_watermark is
'The source''s newest :updated_at before the first window; becomes the watermark when all windows are done.';

comment on column pipeline.runs.windows_done_at is 'When the last planned window was done. Null: not all are.';

comment on column pipeline.runs.settled_at is
'When the reasons of all retired rows were settled. Null: left to the next run.';

comment on column pipeline.runs.revised is 'History rows settled as revised in this run.';

comment on column pipeline.runs.withdrawn is 'History rows settled as withdrawn in this run.';

comment on column pipeline.runs.proof is 'How equality was proven: census, or unmoved. Null: it was not.';

comment on column pipeline.runs.accept_retirements is 'Whether the guard against mass retirement was lifted by hand.';

comment on column pipeline.runs.message is 'Why it failed, or what was said of it.';

comment on column pipeline.runs.host is 'Machine it ran on.';

comment on column pipeline.runs.process_id is 'Process id on that machine.';

create table pipeline.windows (
    window_id bigint generated always as identity primary key,
    run_id uuid not null references pipeline.runs (run_id),
    kind text not null check (kind in ('occurrence', 'undated', 'incremental', 'repair', 'replay')),
    "start" timestamp without time zone,
    "end" timestamp without time zone,
    since timestamp with time zone,
    round smallint not null default 0,
    status text not null default 'pending' check (status in ('pending', 'running', 'done', 'failed')),
    source_rows integer,
    inserted integer,
    rekeyed integer,
    updated integer,
    unchanged integer,
    rejected integer,
    retired integer,
    touched integer,
    bad_coordinates integer,
    seconds double precision,
    started_at timestamp with time zone,
    ended_at timestamp with time zone,
    error text,
    unique nulls not distinct (run_id, kind, "start", "end", since, round),
    check (source_rows = inserted + rekeyed + updated + unchanged + rejected)
);

comment on table pipeline.windows is
'The ledger. One row is one window of one run; its counts were written in the transaction that wrote its rows.';

comment on column pipeline.windows.window_id is 'Key.';

comment on column pipeline.windows.run_id is 'The run it belongs to.';

comment on column pipeline.windows.kind is
'occurrence: a span of occurrence times; undated: rows without one; incremental: rows by :updated_at; repair: days that the audit found to differ; replay: the quarantine, judged again.';

comment on column pipeline.windows."start" is
'First occurrence time, Chicago wall clock, included. Null for undated and incremental.';

comment on column pipeline.windows."end" is
'End of occurrence times, excluded. Null for undated and incremental, and for a window without an end.';

comment on column pipeline.windows.since is 'First :updated_at of an incremental window, included. Instant.';

comment on column pipeline.windows.round is 'Comparison of the audit after which it was synced again; 0 for planned windows.';

comment on column pipeline.windows.status is 'pending, running, done or failed.';

comment on column pipeline.windows.source_rows is
'Rows read from the source = inserted + rekeyed + updated + unchanged + rejected.';

comment on column pipeline.windows.inserted is 'Rows that we did not hold.';

comment on column pipeline.windows.rekeyed is 'Rows that we held under an id that is gone, with the same content.';

comment on column pipeline.windows.updated is 'Rows that we held under the same id with other content.';

comment on column pipeline.windows.unchanged is 'Rows that we held with the same content.';

comment on column pipeline.windows.rejected is 'Rows that broke the contract; they are in rejected_rows.';

comment on column pipeline.windows.retired is 'Rows that we held and that the source does not; they are in crime_history.';

comment on column pipeline.windows.touched is 'Of the unchanged: rows whose version or stamps the source renewed.';

comment on column pipeline.windows.bad_coordinates is 'Rows whose published coordinates lie outside the city and became null.';

comment on column pipeline.windows.seconds is 'From the first request to the commit.';

comment on column pipeline.windows.started_at is 'Instant.';

comment on column pipeline.windows.ended_at is 'Instant.';

comment on column pipeline.windows.error is 'Why it failed. Null where it did not.';

create table pipeline.rejected_rows (
    crime_id text collate "C" primary key,
    case_number text,
    date_of_occurrence timestamp without time zone,
    version text,
    updated_at timestamp with time zone,
    raw jsonb not null,
    reasons text[] not null,
    first_run uuid not null,
    last_run uuid not null,
    first_seen_at timestamp with time zone not null default now(),
    last_seen_at timestamp with time zone not null default now()
);

create index rejected_rows_date_of_occurrence on pipeline.rejected_rows (date_of_occurrence);

create index rejected_rows_case_number on pipeline.rejected_rows (case_number);

comment on table pipeline.rejected_rows is
'The quarantine. One row is a row that the source holds and that breaks our contract; held, not missing.';

comment on column pipeline.rejected_rows.crime_id is 'The source''s row id.';

comment on column pipeline.rejected_rows.case_number is 'As published. Null where not.';

comment on column pipeline.rejected_rows.date_of_occurrence is
'Chicago wall clock. Null where it was not published or is none.';

comment on column pipeline.rejected_rows.version is 'The source''s version of this row.';

comment on column pipeline.rejected_rows.updated_at is 'The source''s instant.';

comment on column pipeline.rejected_rows.raw is 'The row as published, field by field.';

comment on column pipeline.rejected_rows.reasons is 'Every rule of the contract that it breaks.';

comment on column pipeline.rejected_rows.first_run is 'The run that rejected it first.';

comment on column pipeline.rejected_rows.last_run is 'The run that rejected it last.';

comment on column pipeline.rejected_rows.first_seen_at is 'Instant.';

comment on column pipeline.rejected_rows.last_seen_at is 'Instant.';

create table pipeline.watermark (
    dataset text primary key,
    watermark timestamp with time zone not null,
    run_id uuid not null references pipeline.runs (run_id),
    set_at timestamp with time zone not null default now()
);

create unique index watermark_is_one on pipeline.watermark ((true));

comment on table pipeline.watermark is
'At most one row: up to which :updated_at the warehouse has read the source. A warehouse belongs to one dataset.';

comment on column pipeline.watermark.dataset is 'The dataset''s id at the portal.';

comment on column pipeline.watermark.watermark is 'The source''s newest :updated_at before the windows that were all done. Instant.';

comment on column pipeline.watermark.run_id is 'The run that set it.';

comment on column pipeline.watermark.set_at is 'Instant.';

create table pipeline.audits (
    audit_id bigint generated always as identity primary key,
    run_id uuid not null references pipeline.runs (run_id),
    checked_at timestamp with time zone not null default now(),
    round integer not null,
    proof text not null check (proof in ('census', 'unmoved')),
    span tsrange,
    source_rows integer not null,
    our_rows integer not null,
    missing_rows integer not null,
    surplus_rows integer not null,
    outdated_rows integer not null,
    differing_days integer not null,
    equal boolean not null,
    source_last_modified text,
    source_row_count integer,
    source_newest_update timestamp with time zone,
    source_oldest_occurrence timestamp without time zone
);

create index audits_checked_at on pipeline.audits (checked_at);

comment on table pipeline.audits is
'One row is one comparison of what the source holds with what we hold (crimes and rejected_rows).';

comment on column pipeline.audits.audit_id is 'Key.';

comment on column pipeline.audits.run_id is 'The run that compared.';

comment on column pipeline.audits.checked_at is 'Instant.';

comment on column pipeline.audits.round is 'First, second, ... comparison of this run; days that differ are synced again in between.';

comment on column pipeline.audits.proof is
'census: every (:id, :version) was compared. unmoved: the source is as it was when last proven equal.';

comment on column pipeline.audits.span is 'Occurrence times compared, Chicago wall clock. Null: the source is empty.';

comment on column pipeline.audits.source_rows is 'Rows of the source in the span, and undated ones where the span is whole.';

comment on column pipeline.audits.our_rows is 'Rows that we hold of it, the rejected ones included.';

comment on column pipeline.audits.missing_rows is 'Rows of the source that we do not hold.';

comment on column pipeline.audits.surplus_rows is 'Rows that we hold and the source does not.';

comment on column pipeline.audits.outdated_rows is 'Rows that we hold in another version.';

comment on column pipeline.audits.differing_days is 'Days with such rows.';

comment on column pipeline.audits.equal is 'Whether all three are none.';

comment on column pipeline.audits.source_last_modified is 'The source''s Last-Modified during the comparison.';

comment on column pipeline.audits.source_row_count is 'The source''s own count of all its rows.';

comment on column pipeline.audits.source_newest_update is 'The source''s newest :updated_at. Instant.';

comment on column pipeline.audits.source_oldest_occurrence is 'The source''s oldest occurrence, Chicago wall clock.';

create table pipeline.deployed_views (
    view_name text primary key,
    is_materialized boolean not null,
    definition_sha256 text not null,
    deployed_at timestamp with time zone not null default now(),
    refreshed_at timestamp with time zone
);

comment on table pipeline.deployed_views is 'One row is a view of schema chicago that we deployed from sql/views/.';

comment on column pipeline.deployed_views.view_name is 'Name in schema chicago, and of its file.';

comment on column pipeline.deployed_views.is_materialized is 'Whether it has to be refreshed.';

comment on column pipeline.deployed_views.definition_sha256 is 'Digest of its file when it was deployed.';

comment on column pipeline.deployed_views.deployed_at is 'Instant.';

comment on column pipeline.deployed_views.refreshed_at is 'When it was last refreshed. Instant. Null for plain views.';
