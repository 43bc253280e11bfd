-- depends: 0001.warehouse
-- The lists that crimes are read with, and when each was last loaded.
-- No foreign key from crimes to a list: new codes reach the crimes first.
-- Run by: tasks/warehouse/migrations.py (yoyo), once, under the writer's lock.

create table chicago.dates (
    date date primary key,
    day smallint not null,
    month smallint not null,
    month_name text not null,
    year smallint not null,
    quarter smallint not null,
    day_of_week smallint not null check (day_of_week between 1 and 7),
    day_of_week_name text not null,
    is_weekend boolean not null,
    holiday_name text,
    actual_holiday_name text
);

comment on table chicago.dates is
'One row is a Chicago local date: every one from the first occurrence''s year to the year after the last''s.';

comment on column chicago.dates.date is 'Key. Chicago local date.';

comment on column chicago.dates.day is 'Day of the month, 1 to 31.';

comment on column chicago.dates.month is 'Month of the year, 1 to 12.';

comment on column chicago.dates.month_name is 'January to December.';

comment on column chicago.dates.year is 'Calendar year.';

comment on column chicago.dates.quarter is 'Quarter of the year, 1 to 4.';

comment on column chicago.dates.day_of_week is '1 Monday to 7 Sunday (ISO 8601).';

comment on column chicago.dates.day_of_week_name is 'Monday to Sunday.';

comment on column chicago.dates.is_weekend is 'Whether it is a Saturday or a Sunday.';

comment on column chicago.dates.holiday_name is
'The holiday for which the City is closed on this date. Null: it is not closed for one.';

comment on column chicago.dates.actual_holiday_name is
'The holiday whose own day this date is, closed or not. Null: it is no holiday.';

create table chicago.police_stations (
    district smallint primary key,
    district_name text not null,
    address text not null,
    city text not null,
    state text not null,
    zip text not null,
    website text,
    phone text,
    fax text,
    tty text,
    x_coordinate double precision,
    y_coordinate double precision,
    latitude double precision,
    longitude double precision
);

comment on table chicago.police_stations is
'One row is a police district and its station: 22, numbered 1 to 25 without 13, 21, 23; no headquarters.';

comment on column chicago.police_stations.district is 'Key. Police district.';

comment on column chicago.police_stations.district_name is 'Name of the district.';

comment on column chicago.police_stations.address is 'Street address of the station.';

comment on column chicago.police_stations.city is 'City of the address.';

comment on column chicago.police_stations.state is 'State of the address, two letters.';

comment on column chicago.police_stations.zip is 'Zip code, text.';

comment on column chicago.police_stations.website is 'Web address. Null where not published.';

comment on column chicago.police_stations.phone is 'Telephone. Null where not published.';

comment on column chicago.police_stations.fax is 'Fax. Null where not published.';

comment on column chicago.police_stations.tty is 'Teletypewriter. Null where not published.';

comment on column chicago.police_stations.x_coordinate is 'Feet east, EPSG:3435. Null where not published.';

comment on column chicago.police_stations.y_coordinate is 'Feet north, EPSG:3435. Null where not published.';

comment on column chicago.police_stations.latitude is 'Degrees north. Null where not published.';

comment on column chicago.police_stations.longitude is 'Degrees east. Null where not published.';

create table chicago.police_headquarters (
    office text primary key,
    address text not null,
    city text not null,
    state text not null,
    zip text not null,
    website text,
    phone text,
    fax text,
    tty text,
    x_coordinate double precision,
    y_coordinate double precision,
    latitude double precision,
    longitude double precision
);

comment on table chicago.police_headquarters is
'One row: the headquarters of the police, which the City lists among the stations and which is no district.';

comment on column chicago.police_headquarters.office is 'Key: Headquarters.';

comment on column chicago.police_headquarters.address is 'Street address.';

comment on column chicago.police_headquarters.city is 'City of the address.';

comment on column chicago.police_headquarters.state is 'State of the address, two letters.';

comment on column chicago.police_headquarters.zip is 'Zip code, text.';

comment on column chicago.police_headquarters.website is 'Web address. Null where not published.';

comment on column chicago.police_headquarters.phone is 'Telephone. Null where not published.';

comment on column chicago.police_headquarters.fax is 'Fax. Null where not published.';

comment on column chicago.police_headquarters.tty is 'Teletypewriter. Null where not published.';

comment on column chicago.police_headquarters.x_coordinate is
'Feet east, EPSG:3435. Null where not published.';

comment on column chicago.police_headquarters.y_coordinate is
'Feet north, EPSG:3435. Null where not published.';

comment on column chicago.police_headquarters.latitude is 'Degrees north. Null where not published.';

comment on column chicago.police_headquarters.longitude is 'Degrees east. Null where not published.';

create table chicago.ward_offices (
    ward smallint primary key,
    alderman text,
    address text,
    city text,
    state text,
    zip text,
    ward_phone text,
    ward_fax text,
    email text,
    website text,
    latitude double precision,
    longitude double precision,
    city_hall_address text,
    city_hall_phone text
);

comment on table chicago.ward_offices is
'One row is a ward of the City Council and its alderman''s office: 50.';

comment on column chicago.ward_offices.ward is 'Key. Ward, 1 to 50.';

comment on column chicago.ward_offices.alderman is
'Alderman, "Last, First" as published. Null: not published.';

comment on column chicago.ward_offices.address is
'Street address of the ward''s office; two offices stand in one text. Null where not published.';

comment on column chicago.ward_offices.city is 'City of the address. Null where not published.';

comment on column chicago.ward_offices.state is
'State of the address, two letters. Null where not published.';

comment on column chicago.ward_offices.zip is
'Zip code, text; two offices have two, with a semicolon between. Null where not published.';

comment on column chicago.ward_offices.ward_phone is
'Telephone of the ward''s office. Null where not published.';

comment on column chicago.ward_offices.ward_fax is 'Fax of the ward''s office. Null where not published.';

comment on column chicago.ward_offices.email is 'Email of the ward''s office. Null where not published.';

comment on column chicago.ward_offices.website is 'Web address. Null where not published.';

comment on column chicago.ward_offices.latitude is
'Degrees north of the ward''s office. Null where not published.';

comment on column chicago.ward_offices.longitude is
'Degrees east of the ward''s office. Null where not published.';

comment on column chicago.ward_offices.city_hall_address is
'Its room at City Hall. Null where not published.';

comment on column chicago.ward_offices.city_hall_phone is
'Telephones at City Hall. Null where not published.';

create table chicago.iucr_codes (
    iucr text primary key check (char_length(iucr) = 4),
    primary_description text not null,
    secondary_description text not null,
    is_index boolean,
    is_active boolean not null
);

comment on table chicago.iucr_codes is
'One row is an Illinois Uniform Crime Reporting code. A crime''s code can be newer than this list.';

comment on column chicago.iucr_codes.iucr is 'Key. Four characters with the leading zero.';

comment on column chicago.iucr_codes.primary_description is 'Kind of crime.';

comment on column chicago.iucr_codes.secondary_description is 'Kind of crime in detail.';

comment on column chicago.iucr_codes.is_index is
'Whether the list calls it an index crime. Null: it says neither. The FBI code decides what is violent.';

comment on column chicago.iucr_codes.is_active is 'Whether the code is in use.';

create table chicago.fbi_codes (
    fbi_code text primary key,
    fbi_name text not null,
    is_index boolean not null,
    is_violent boolean not null,
    is_property boolean not null
);

comment on table chicago.fbi_codes is
'One row is a code of the FBI''s crime reporting. It decides what is violent, not the crime''s description.';

comment on column chicago.fbi_codes.fbi_code is 'Key. 01A to 26.';

comment on column chicago.fbi_codes.fbi_name is 'What the code means.';

comment on column chicago.fbi_codes.is_index is 'Whether it is an index crime: violent or of property.';

comment on column chicago.fbi_codes.is_violent is 'Violent index crime: 01A, 02, 03, 04A, 04B.';

comment on column chicago.fbi_codes.is_property is 'Property index crime: 05, 06, 07, 09.';

create table chicago.beats (
    beat text primary key check (char_length(beat) = 4),
    district smallint not null,
    sector smallint not null
);

comment on table chicago.beats is
'One row is a police beat of the City''s map: 275. 3100 lies in no district; O''Hare''s 1650 is not here.';

comment on column chicago.beats.beat is 'Key. Four characters with the leading zero.';

comment on column chicago.beats.district is 'Police district: the beat divided by 100.';

comment on column chicago.beats.sector is 'Sector of the district: the beat''s tens digit.';

create table pipeline.reference_loads (
    load_id bigint generated always as identity primary key,
    list_name text not null,
    loaded_from text not null check (loaded_from in ('bundled', 'portal', 'generated')),
    row_count integer not null,
    changed_rows integer not null,
    loaded_at timestamp with time zone not null
);

create index reference_loads_list on pipeline.reference_loads (list_name, loaded_at);

comment on table pipeline.reference_loads is
'One row is one load of a list into its table of schema chicago. The newest says when it is due again.';

comment on column pipeline.reference_loads.load_id is 'Key.';

comment on column pipeline.reference_loads.list_name is
'Name of the list and of its table in schema chicago.';

comment on column pipeline.reference_loads.loaded_from is
'bundled: the file in data/; portal: the City''s list; generated: made by rule (dates).';

comment on column pipeline.reference_loads.row_count is 'Rows of the list.';

comment on column pipeline.reference_loads.changed_rows is
'Rows that were added, changed or removed by this load.';

comment on column pipeline.reference_loads.loaded_at is 'Instant.';
