-- depends: 0020.times_and_spans
-- Counts by period follow the crimes as the other counts do (docs/decisions/0027): what a refresh costs depends on what
-- has changed and on the days that enter and leave a period, and not on two years of crimes. The first refresh after it
-- counts all crimes anew.
-- Run by: tasks/warehouse/migrations.py (yoyo), once, under the writer's lock.

alter table pipeline.crime_changes
add column community_area smallint,
add column latitude double precision,
add column longitude double precision;

comment on column pipeline.crime_changes.community_area is 'As in crimes.';

comment on column pipeline.crime_changes.latitude is 'As in crimes: degrees.';

comment on column pipeline.crime_changes.longitude is 'As in crimes: degrees.';

create or replace function pipeline.write_crime_changes()
returns trigger
language plpgsql
as
$$
begin
    -- Whoever counts holds this table alone: a change is committed before a count begins, or begins after it.
    lock table pipeline.counts_state in row share mode;
    if tg_op = 'TRUNCATE' then
        delete from pipeline.counts_state;
    elsif not exists (select from pipeline.counts_state) then
        return null;
    elsif tg_op = 'INSERT' then
        insert into pipeline.crime_changes
        select
            1, date_of_occurrence, beat, district, ward, iucr, primary_description, fbi_code, arrest, domestic,
            x_coordinate, y_coordinate, community_area, latitude, longitude
        from came;
    elsif tg_op = 'DELETE' then
        insert into pipeline.crime_changes
        select
            -1, date_of_occurrence, beat, district, ward, iucr, primary_description, fbi_code, arrest, domestic,
            x_coordinate, y_coordinate, community_area, latitude, longitude
        from went;
    else
        -- As they were against as they are, whatever became of their ids: a new id or stamp changes no count.
        insert into pipeline.crime_changes
        select
            sum(crimes), date_of_occurrence, beat, district, ward, iucr, primary_description, fbi_code, arrest,
            domestic, x_coordinate, y_coordinate, community_area, latitude, longitude
        from (
            select 1 as crimes, came.* from came
            union all
            select -1 as crimes, went.* from went
        ) as changed
        group by
            date_of_occurrence, beat, district, ward, iucr, primary_description, fbi_code, arrest, domestic,
            x_coordinate, y_coordinate, community_area, latitude, longitude
        having sum(crimes) <> 0;
    end if;
    return null;
end
$$;

-- What is written down already lacks the new columns.
delete from pipeline.counts_state;

create table pipeline.counted_periods (
    period text primary key,
    number smallint not null,
    first_date date,
    last_date date,
    days integer not null,
    is_held boolean not null
);

comment on table pipeline.counted_periods is
'One row is a period over which places are counted, as it was at the last refresh: what the counts by period are of.';

comment on column pipeline.counted_periods.period is
'last_year, year_before, year_to_date or year_to_date_before, as in chicago.place_periods.';

comment on column pipeline.counted_periods.number is 'Their order, 1 to 4.';

comment on column pipeline.counted_periods.first_date is
'First Chicago local date; of last_year, the first that is held. Null: no day is complete.';

comment on column pipeline.counted_periods.last_date is 'Last Chicago local date. Null: no day is complete.';

comment on column pipeline.counted_periods.days is 'Complete days of it that we hold.';

comment on column pipeline.counted_periods.is_held is
'Whether all its days are complete and held; of last_year, whether any is.';

create table pipeline.period_counts_state (
    made_at timestamp with time zone not null
);

create unique index period_counts_state_is_one on pipeline.period_counts_state ((true));

comment on table pipeline.period_counts_state is
'At most one row: when the counts by period were last made anew. Without it, the next refresh counts two years of crimes anew.';

comment on column pipeline.period_counts_state.made_at is 'When they were last counted anew. Instant.';

create table pipeline.place_period_counts (
    beat text,
    district smallint,
    ward smallint,
    community_area smallint,
    primary_type text not null,
    fbi_code text,
    last_year bigint not null,
    last_year_arrests bigint not null,
    last_year_domestic bigint not null,
    year_before bigint not null,
    year_before_arrests bigint not null,
    year_before_domestic bigint not null,
    year_to_date bigint not null,
    year_to_date_arrests bigint not null,
    year_to_date_domestic bigint not null,
    year_to_date_before bigint not null,
    year_to_date_before_arrests bigint not null,
    year_to_date_before_domestic bigint not null,
    unique nulls not distinct (beat, district, ward, community_area, primary_type, fbi_code)
) with (fillfactor = 70);

comment on table pipeline.place_period_counts is
'One row is a beat, district, ward, community area as published, kind of crime and FBI code with a crime in a period.';

comment on column pipeline.place_period_counts.beat is 'Police beat. Null: unknown.';

comment on column pipeline.place_period_counts.district is 'Police district. Null: unknown.';

comment on column pipeline.place_period_counts.ward is 'Ward. Null: unknown.';

comment on column pipeline.place_period_counts.community_area is 'Community area as published. Null: not published.';

comment on column pipeline.place_period_counts.primary_type is 'Kind of crime, in one spelling.';

comment on column pipeline.place_period_counts.fbi_code is 'FBI code. Null: not published.';

comment on column pipeline.place_period_counts.last_year is 'Crimes of last_year in place_periods; 0 where it is not held.';

comment on column pipeline.place_period_counts.last_year_arrests is 'Of last_year, those with an arrest.';

comment on column pipeline.place_period_counts.last_year_domestic is 'Of last_year, domestic ones.';

comment on column pipeline.place_period_counts.year_before is 'Crimes of year_before in place_periods; 0 where it is not held.';

comment on column pipeline.place_period_counts.year_before_arrests is 'Of year_before, those with an arrest.';

comment on column pipeline.place_period_counts.year_before_domestic is 'Of year_before, domestic ones.';

comment on column pipeline.place_period_counts.year_to_date is 'Crimes of year_to_date in place_periods; 0 where it is not held.';

comment on column pipeline.place_period_counts.year_to_date_arrests is 'Of year_to_date, those with an arrest.';

comment on column pipeline.place_period_counts.year_to_date_domestic is 'Of year_to_date, domestic ones.';

comment on column pipeline.place_period_counts.year_to_date_before is 'Crimes of year_to_date_before in place_periods; 0 where it is not held.';

comment on column pipeline.place_period_counts.year_to_date_before_arrests is 'Of year_to_date_before, those with an arrest.';

comment on column pipeline.place_period_counts.year_to_date_before_domestic is 'Of year_to_date_before, domestic ones.';

create table pipeline.cell_period_counts (
    cell_x integer,
    cell_y integer,
    primary_type text,
    is_violent boolean,
    last_year bigint not null,
    year_before bigint not null,
    year_to_date bigint not null,
    year_to_date_before bigint not null,
    unique nulls not distinct (cell_x, cell_y, primary_type, is_violent)
) with (fillfactor = 70);

comment on table pipeline.cell_period_counts is
'One row is a cell of the map''s grid and a kind of crime with a crime in a period; the crimes without coordinates are one row.';

comment on column pipeline.cell_period_counts.cell_x is 'Thousands of feet east, EPSG:3435, rounded down. Null: no coordinates.';

comment on column pipeline.cell_period_counts.cell_y is 'Thousands of feet north, EPSG:3435, rounded down. Null: no coordinates.';

comment on column pipeline.cell_period_counts.primary_type is 'Kind of crime, in one spelling. Null: no coordinates.';

comment on column pipeline.cell_period_counts.is_violent is 'Violent index crime by FBI code. Null: no coordinates.';

comment on column pipeline.cell_period_counts.last_year is 'Crimes of last_year in place_periods; 0 where it is not held.';

comment on column pipeline.cell_period_counts.year_before is 'Crimes of year_before in place_periods; 0 where it is not held.';

comment on column pipeline.cell_period_counts.year_to_date is 'Crimes of year_to_date in place_periods; 0 where it is not held.';

comment on column pipeline.cell_period_counts.year_to_date_before is 'Crimes of year_to_date_before in place_periods; 0 where it is not held.';

-- For a map of one kind.
create index cell_period_counts_primary_type on pipeline.cell_period_counts (primary_type);

create table pipeline.community_area_period_counts (
    community_area smallint,
    is_estimated boolean not null,
    neighbouring_area smallint,
    primary_type text not null,
    fbi_code text,
    last_year bigint not null,
    last_year_arrests bigint not null,
    last_year_domestic bigint not null,
    year_before bigint not null,
    year_before_arrests bigint not null,
    year_before_domestic bigint not null,
    year_to_date bigint not null,
    year_to_date_arrests bigint not null,
    year_to_date_domestic bigint not null,
    year_to_date_before bigint not null,
    year_to_date_before_arrests bigint not null,
    year_to_date_before_domestic bigint not null,
    unique nulls not distinct (community_area, is_estimated, neighbouring_area, primary_type, fbi_code)
) with (fillfactor = 70);

comment on table pipeline.community_area_period_counts is
'One row is a community area, published or estimated, the neighbour that a crime near its border may lie in, a kind of crime and an FBI code with a crime in a period.';

comment on column pipeline.community_area_period_counts.community_area is 'Community area, published or estimated. Null: unknown.';

comment on column pipeline.community_area_period_counts.is_estimated is 'Whether it is estimated from the points of these crimes.';

comment on column pipeline.community_area_period_counts.neighbouring_area is 'Of estimates near another area, that area. Null: published, or not so near.';

comment on column pipeline.community_area_period_counts.primary_type is 'Kind of crime, in one spelling.';

comment on column pipeline.community_area_period_counts.fbi_code is 'FBI code. Null: not published.';

comment on column pipeline.community_area_period_counts.last_year is 'Crimes of last_year in place_periods; 0 where it is not held.';

comment on column pipeline.community_area_period_counts.last_year_arrests is 'Of last_year, those with an arrest.';

comment on column pipeline.community_area_period_counts.last_year_domestic is 'Of last_year, domestic ones.';

comment on column pipeline.community_area_period_counts.year_before is 'Crimes of year_before in place_periods; 0 where it is not held.';

comment on column pipeline.community_area_period_counts.year_before_arrests is 'Of year_before, those with an arrest.';

comment on column pipeline.community_area_period_counts.year_before_domestic is 'Of year_before, domestic ones.';

comment on column pipeline.community_area_period_counts.year_to_date is 'Crimes of year_to_date in place_periods; 0 where it is not held.';

comment on column pipeline.community_area_period_counts.year_to_date_arrests is 'Of year_to_date, those with an arrest.';

comment on column pipeline.community_area_period_counts.year_to_date_domestic is 'Of year_to_date, domestic ones.';

comment on column pipeline.community_area_period_counts.year_to_date_before is 'Crimes of year_to_date_before in place_periods; 0 where it is not held.';

comment on column pipeline.community_area_period_counts.year_to_date_before_arrests is 'Of year_to_date_before, those with an arrest.';

comment on column pipeline.community_area_period_counts.year_to_date_before_domestic is 'Of year_to_date_before, domestic ones.';
