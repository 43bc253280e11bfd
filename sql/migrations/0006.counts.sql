-- depends: 0005.freshness_limit
-- Counts that the views are made of, kept up with the crimes row by row: what a refresh costs depends on what has
-- changed, and not on how much we hold. tasks/warehouse/counts.py says how, docs/decisions/ says why.
-- Run by: tasks/warehouse/migrations.py (yoyo), once, under the writer's lock.

-- A few kilobytes, and enough to find what was loaded since an instant.
create index crimes_loaded_at on chicago.crimes
using brin (loaded_at timestamptz_minmax_multi_ops) with (autosummarize = on);

-- The crimes of a cell of the map: when its newest one goes, the date before is looked up and not searched for.
create index crimes_cell on chicago.crimes (
    (cast(floor(x_coordinate / cast(1000 as double precision)) as integer)),
    (cast(floor(y_coordinate / cast(1000 as double precision)) as integer))
);

create index crime_history_retired_at on chicago.crime_history (retired_at);

create table pipeline.primary_type_spellings (
    published text primary key,
    primary_type text not null
);

comment on table pipeline.primary_type_spellings is
'One row is a published spelling of a kind of crime that also occurs in another one.';

comment on column pipeline.primary_type_spellings.published is 'As in crimes.primary_description.';

comment on column pipeline.primary_type_spellings.primary_type is 'The one spelling that counts and views use for it.';

insert into pipeline.primary_type_spellings (published, primary_type)
values
('CRIM SEXUAL ASSAULT', 'CRIMINAL SEXUAL ASSAULT'),
('NON - CRIMINAL', 'NON-CRIMINAL');

create table pipeline.counts_state (
    counted_at timestamp with time zone not null,
    basis text not null,
    first_complete_date date,
    last_complete_date date
);

create unique index counts_state_is_one on pipeline.counts_state ((true));

comment on table pipeline.counts_state is
'At most one row: up to when the tables of counts have followed the crimes. Without it, the next refresh counts anew.';

comment on column pipeline.counts_state.counted_at is
'Crimes loaded and history retired until here are counted. Instant.';

comment on column pipeline.counts_state.basis is
'Digest of what the counts rest on beside the crimes: the FBI codes, the spellings, and the SQL that counts.';

comment on column pipeline.counts_state.first_complete_date is
'First Chicago local date that we hold whole. Null: we hold no crime.';

comment on column pipeline.counts_state.last_complete_date is
'Last complete date: 21 days before the source''s last load. Null: no crime has a stamp of the source.';

create table pipeline.daily_counts (
    date date not null,
    district smallint,
    crimes bigint not null,
    violent bigint not null,
    property bigint not null,
    arrests bigint not null,
    domestic bigint not null,
    unique nulls not distinct (date, district)
);

comment on table pipeline.daily_counts is 'One row is a Chicago local date and a police district with a crime.';

comment on column pipeline.daily_counts.date is 'Chicago local date of occurrence.';

comment on column pipeline.daily_counts.district is 'Police district. Null: unknown.';

comment on column pipeline.daily_counts.crimes is 'Rows of crimes.';

comment on column pipeline.daily_counts.violent is 'Of them, violent index crimes by FBI code.';

comment on column pipeline.daily_counts.property is 'Of them, property index crimes by FBI code.';

comment on column pipeline.daily_counts.arrests is 'Of them, those with an arrest.';

comment on column pipeline.daily_counts.domestic is 'Of them, domestic ones.';

create table pipeline.hour_counts (
    date date not null,
    hour smallint not null,
    is_unknown_time boolean not null,
    crimes bigint not null,
    primary key (date, hour, is_unknown_time)
);

comment on table pipeline.hour_counts is
'One row is a Chicago local date and an hour of it, at a known time or at exactly 00:00, with a crime.';

comment on column pipeline.hour_counts.date is 'Chicago local date of occurrence.';

comment on column pipeline.hour_counts.hour is 'Hour of the day, 0 to 23, Chicago wall clock.';

comment on column pipeline.hour_counts.is_unknown_time is 'Whether it is exactly 00:00, an unknown time.';

comment on column pipeline.hour_counts.crimes is 'Rows of crimes.';

create table pipeline.place_counts (
    beat text,
    district smallint,
    ward smallint,
    primary_type text not null,
    fbi_code text,
    crimes bigint not null,
    arrests bigint not null,
    domestic bigint not null,
    incomplete_crimes bigint not null default 0,
    incomplete_arrests bigint not null default 0,
    incomplete_domestic bigint not null default 0,
    unique nulls not distinct (beat, district, ward, primary_type, fbi_code)
) with (fillfactor = 70);

comment on table pipeline.place_counts is
'One row is a beat, district, ward, kind of crime and FBI code with a crime, on all days and on incomplete ones.';

comment on column pipeline.place_counts.beat is 'Police beat. Null: unknown.';

comment on column pipeline.place_counts.district is 'Police district. Null: unknown.';

comment on column pipeline.place_counts.ward is 'Ward. Null: unknown.';

comment on column pipeline.place_counts.primary_type is 'Kind of crime, in one spelling.';

comment on column pipeline.place_counts.fbi_code is 'FBI code. Null: not published.';

comment on column pipeline.place_counts.crimes is 'Rows of crimes.';

comment on column pipeline.place_counts.arrests is 'Of them, those with an arrest.';

comment on column pipeline.place_counts.domestic is 'Of them, domestic ones.';

comment on column pipeline.place_counts.incomplete_crimes is 'Of crimes, those of days that are not complete.';

comment on column pipeline.place_counts.incomplete_arrests is 'Of arrests, those of days that are not complete.';

comment on column pipeline.place_counts.incomplete_domestic is 'Of domestic, those of days that are not complete.';

create table pipeline.cell_counts (
    cell_x integer,
    cell_y integer,
    primary_type text,
    is_violent boolean,
    crimes bigint not null,
    latest_date date not null,
    unique nulls not distinct (cell_x, cell_y, primary_type, is_violent),
    check (num_nulls(cell_x, cell_y, primary_type, is_violent) in (0, 4))
);

-- For a map of one kind.
create index cell_counts_primary_type on pipeline.cell_counts (primary_type);

comment on table pipeline.cell_counts is
'One row is a cell of 1,000 feet and a kind of crime, violent or not, with a crime; and one, the crimes without a point.';

comment on column pipeline.cell_counts.cell_x is
'x_coordinate (feet, EPSG:3435) by 1,000, rounded down. Null: no point.';

comment on column pipeline.cell_counts.cell_y is
'y_coordinate (feet, EPSG:3435) by 1,000, rounded down. Null: no point.';

comment on column pipeline.cell_counts.primary_type is 'Kind of crime, in one spelling. Null: no point.';

comment on column pipeline.cell_counts.is_violent is 'Whether the FBI code is violent. Null: no point.';

comment on column pipeline.cell_counts.crimes is 'Rows of crimes.';

comment on column pipeline.cell_counts.latest_date is 'Chicago local date of the newest of them.';

create table pipeline.code_counts (
    iucr text primary key,
    crimes bigint not null
);

comment on table pipeline.code_counts is 'One row is an IUCR code with a crime.';

comment on column pipeline.code_counts.iucr is 'IUCR code, four characters.';

comment on column pipeline.code_counts.crimes is 'Rows of crimes.';
