-- depends: 0017.chance
-- Residents and watches, two bundled lists; and the community area of a point, an estimate beside the record
-- (docs/decisions/0022). Takes no longer for many rows; the first refresh after it places all points anew.
-- Run by: tasks/warehouse/migrations.py (yoyo), once, under the writer's lock.

create table chicago.population (
    place text primary key,
    place_kind text not null check (place_kind in ('city', 'community area', 'district', 'ward')),
    number smallint,
    place_name text not null,
    residents integer not null check (residents > 0),
    basis text not null check (basis in ('count', 'estimate', 'average')),
    year smallint not null,
    square_kilometres double precision,
    caveat text,
    source_name text not null
);

comment on table chicago.population is
'One row is a place and its residents of the 2020 Census: the city, 77 community areas, 22 police districts, and a ward on average. Beats, and each ward by itself, have no published number.';

comment on column chicago.population.place is 'Key: city, ward, and such as district 7 or community area 25.';

comment on column chicago.population.place_kind is 'What it is: city, community area, district or ward.';

comment on column chicago.population.number is 'Number of the district or community area. Null: the city, and a ward.';

comment on column chicago.population.place_name is 'The City''s name of it.';

comment on column chicago.population.residents is
'Residents on 1 April 2020. Not who is there by day, or by night, or works there.';

comment on column chicago.population.basis is
'count: of census blocks. estimate: of districts, by whole block groups; error below 2.2 % (measured for 2010). average: the city by 50 wards, which are drawn to be nearly equal.';

comment on column chicago.population.year is 'Year of the census.';

comment on column chicago.population.square_kilometres is
'Area within the City''s boundaries, with river and harbours, without Lake Michigan. Null: a ward.';

comment on column chicago.population.caveat is
'Why a rate by residents misleads there: many more people by day than residents, or few residents. Null: no such reason is known.';

comment on column chicago.population.source_name is 'What the number is made of.';

create table chicago.watches (
    watch smallint primary key,
    watch_name text not null,
    starts_at_hour smallint not null check (starts_at_hour between 0 and 23),
    ends_at_hour smallint not null check (ends_at_hour between 0 and 23)
);

comment on table chicago.watches is
'One row is a watch of the police: eight hours of a day. Officers work nine, in two groups an hour apart; these are the hours of the first group, without the overlap.';

comment on column chicago.watches.watch is 'Key: 1, 2 or 3.';

comment on column chicago.watches.watch_name is 'As the police call it.';

comment on column chicago.watches.starts_at_hour is
'Hour of the day at which it starts, Chicago wall clock. The first watch starts on the evening before its day.';

comment on column chicago.watches.ends_at_hour is 'Hour of the day at which it ends and the next one starts.';

create table chicago.community_area_estimates (
    latitude double precision,
    longitude double precision,
    community_area smallint,
    metres_to_border double precision,
    neighbouring_area smallint,
    primary key (latitude, longitude)
);

comment on table chicago.community_area_estimates is
'One row is a point of crimes without a published community area, and the area in whose shape it lies. An estimate: crimes lie on the centre lines of streets, and borders run on them. Part of no proof of equality.';

comment on column chicago.community_area_estimates.latitude is 'As in crimes: degrees north. With longitude, the key.';

comment on column chicago.community_area_estimates.longitude is 'As in crimes: degrees east.';

comment on column chicago.community_area_estimates.community_area is
'Community area, 1 to 77. Null: the point is in none, and none is within 20 m.';

comment on column chicago.community_area_estimates.metres_to_border is
'Metres from the point to the border of that area. Null where it is.';

comment on column chicago.community_area_estimates.neighbouring_area is
'The nearest other community area, where it is within 20 m: it may be the right one. Null: there is none so near.';

create table pipeline.community_area_basis (
    basis text not null
);

create unique index community_area_basis_is_one on pipeline.community_area_basis ((true));

comment on table pipeline.community_area_basis is
'At most one row: what community_area_estimates rest on. Without it, the next refresh places all points anew.';

comment on column pipeline.community_area_basis.basis is 'Digest of the shapes and of the rule.';

create table pipeline.unplaced_points (
    latitude double precision not null,
    longitude double precision not null
);

comment on table pipeline.unplaced_points is
'One row is a point that came with a crime and is not in community_area_estimates yet. A refresh takes them out in the transaction that places them.';

comment on column pipeline.unplaced_points.latitude is 'As in crimes.';

comment on column pipeline.unplaced_points.longitude is 'As in crimes.';

-- Whoever writes a crime leaves its point, where the point is new: a load, a repair in place, a person. A new id or
-- stamp of a row leaves nothing, because what is estimated belongs to the point.
create function pipeline.write_unplaced_points()
returns trigger
language plpgsql
as
$$
begin
    -- Whoever places points holds this table alone, as whoever counts does.
    lock table pipeline.counts_state in row share mode;
    -- While nothing is placed, all will be: a first load pays for no look-up.
    if exists (select from pipeline.community_area_basis) then
        insert into pipeline.unplaced_points
        select distinct
            came.latitude,
            came.longitude
        from came
        where
            came.community_area is null
            and came.latitude is not null
            and came.longitude is not null
            and not exists (
                select
                from chicago.community_area_estimates as placed
                where placed.latitude = came.latitude and placed.longitude = came.longitude
            );
    end if;
    return null;
end
$$;

comment on function pipeline.write_unplaced_points() is
'Writes to unplaced_points where the crimes of a statement are, as far as no area was published and the point is new.';

create trigger crimes_came_to_points after insert on chicago.crimes
referencing new table as came
for each statement execute function pipeline.write_unplaced_points();

create trigger crimes_changed_points after update on chicago.crimes
referencing new table as came
for each statement execute function pipeline.write_unplaced_points();
