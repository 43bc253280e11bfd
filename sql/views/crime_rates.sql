-- One row is a place, its residents, and its crimes of the last year by residents and by area: the city, police
-- districts, community areas, and the crimes of unknown districts and areas.
-- Reads: chicago.population, chicago.places_by_period, chicago.community_areas_by_period, chicago.place_periods_held.
-- Run by: tasks/warehouse/views.py; refreshed when the data changed.

create materialized view chicago.crime_rates as
with counts as (
    select
        'district' as place_kind,
        places_by_period.district as number,
        sum(places_by_period.last_year) as crimes,
        sum(places_by_period.last_year) filter (where places_by_period.is_violent) as violent,
        sum(places_by_period.last_year) filter (where places_by_period.is_property) as property,
        cast(0 as numeric) as estimated
    from chicago.places_by_period
    group by places_by_period.district
    union all
    select
        'community area' as place_kind,
        areas.community_area as number,
        sum(areas.last_year) as crimes,
        sum(areas.last_year) filter (where areas.is_violent) as violent,
        sum(areas.last_year) filter (where areas.is_property) as property,
        sum(areas.last_year) filter (where areas.is_estimated) as estimated
    from chicago.community_areas_by_period as areas
    group by areas.community_area
    union all
    select
        'city' as place_kind,
        cast(null as smallint) as number,
        sum(places_by_period.last_year) as crimes,
        sum(places_by_period.last_year) filter (where places_by_period.is_violent) as violent,
        sum(places_by_period.last_year) filter (where places_by_period.is_property) as property,
        cast(0 as numeric) as estimated
    from chicago.places_by_period
),

listed as (
    select
        population.place_kind,
        population.number,
        population.place,
        population.place_name,
        population.residents,
        population.basis,
        population.square_kilometres,
        population.caveat
    from chicago.population
    -- A ward has an average alone: no rate of one would say more than its count.
    where population.place_kind <> 'ward'
    union all
    -- Unknown, and district 31, which is in no list: nobody knows their residents.
    select
        counts.place_kind,
        counts.number,
        case
            when counts.number is null then 'unknown ' || counts.place_kind
            else counts.place_kind || ' ' || counts.number
        end as place,
        'unknown' as place_name,
        cast(null as integer) as residents,
        cast(null as text) as basis,
        cast(null as double precision) as square_kilometres,
        cast(null as text) as caveat
    from counts
    where
        counts.place_kind <> 'city'
        and not exists (
            select 1
            from chicago.population as known
            where known.place_kind = counts.place_kind and known.number = counts.number
        )
)

select
    listed.place,
    listed.place_kind,
    listed.number,
    listed.place_name,
    held.last_year_from,
    held.last_year_to,
    held.last_year_days,
    listed.residents,
    listed.basis as residents_basis,
    coalesce(listed.basis = 'estimate', false) as is_residents_estimated,
    case when held.last_year_days > 0 then coalesce(counts.estimated, 0) > 0 end as is_place_estimated,
    case when held.last_year_days > 0 then cast(coalesce(counts.violent, 0) as bigint) end as violent,
    case when held.last_year_days > 0 then cast(coalesce(counts.property, 0) as bigint) end as property,
    -- A year has 364 of these days, so that a rate is of a year also where fewer are held.
    round(364.0 / held.last_year_days * coalesce(counts.violent, 0) * 100000 / listed.residents, 1)
        as violent_per_100000_residents,
    round(364.0 / held.last_year_days * coalesce(counts.property, 0) * 100000 / listed.residents, 1)
        as property_per_100000_residents,
    round(
        364.0 / held.last_year_days * coalesce(counts.violent, 0) / cast(listed.square_kilometres as numeric), 2
    ) as violent_per_square_kilometre,
    round(
        364.0 / held.last_year_days * coalesce(counts.property, 0) / cast(listed.square_kilometres as numeric), 2
    ) as property_per_square_kilometre,
    cast(listed.square_kilometres as numeric) as square_kilometres,
    case when listed.residents is not null then listed.caveat is not null end as is_poor_base,
    listed.caveat
from listed
-- One row on the right.
cross join chicago.place_periods_held as held
-- Left: a place can have no crime.
left join counts
    on listed.place_kind = counts.place_kind and listed.number is not distinct from counts.number;

create unique index crime_rates_key on chicago.crime_rates (place);

comment on materialized view chicago.crime_rates is
'One row is a place: the city, a police district, a community area, or what is unknown of these.
Unit: rows of crimes: an incident is one, and so is each victim of a homicide.
Definition: violent (01A, 02, 03, 04A, 04B) and property (05, 06, 07, 09) are summary UCR''s index by FBI code. Rates of NIBRS have other offences, and all of an incident.
Base: residents of the 2020 Census (of districts an estimate, error below 2.2 %), and square kilometres.
Period: last_year, as a rate of 364 days also where fewer are held.
Chance: no range; 25 violent crimes fit any rate from 16 to 37 a year.
Lateness: of a whole last_year less than 1 % is still to come.
Do not read a rate as the risk of a person: who is there by day is not counted, least of all where is_poor_base.';

comment on column chicago.crime_rates.place is 'Key, such as city, district 7, community area 25, unknown district.';

comment on column chicago.crime_rates.place_kind is 'city, district or community area. Each adds up to the city.';

comment on column chicago.crime_rates.number is 'District or community area. Null: the city, or unknown.';

comment on column chicago.crime_rates.place_name is 'The City''s name of it, or unknown.';

comment on column chicago.crime_rates.last_year_from is
'First Chicago local date of last_year that is held. Null: no complete day.';

comment on column chicago.crime_rates.last_year_to is
'Last Chicago local date of last_year: the newest complete day. Null: no complete day.';

comment on column chicago.crime_rates.last_year_days is
'Complete days of last_year that are held, 364 at most. Null: none.';

comment on column chicago.crime_rates.residents is 'Residents of the 2020 Census: see population. Null: unknown places.';

comment on column chicago.crime_rates.residents_basis is
'count, or estimate (districts: error below 2.2 %). Null: unknown places.';

comment on column chicago.crime_rates.is_residents_estimated is
'Whether residents are an estimate: of districts, which no census counts.';

comment on column chicago.crime_rates.is_place_estimated is
'Whether crimes are counted here by an estimate of their community area: see crimes_by_community_area. Null: no complete day.';

comment on column chicago.crime_rates.violent is
'Violent index crimes of last_year by FBI code, homicides by victim. Null: no complete day.';

comment on column chicago.crime_rates.property is
'Property index crimes of last_year by FBI code. Null: no complete day.';

comment on column chicago.crime_rates.violent_per_100000_residents is
'violent by residents, of 364 days, times 100,000. An estimate where residents are. Null: no residents are known, or no complete day.';

comment on column chicago.crime_rates.property_per_100000_residents is
'property by residents, of 364 days, times 100,000. An estimate where residents are. Null: no residents are known, or no complete day.';

comment on column chicago.crime_rates.violent_per_square_kilometre is
'violent by square_kilometres, of 364 days. Null: the area is not known, or no complete day.';

comment on column chicago.crime_rates.property_per_square_kilometre is
'property by square_kilometres, of 364 days. Null: the area is not known, or no complete day.';

comment on column chicago.crime_rates.square_kilometres is
'Area within the City''s boundaries, with river and harbours. Null: unknown places.';

comment on column chicago.crime_rates.is_poor_base is
'Whether residents are a poor base of a rate, as caveat says: compare per square kilometre. Null: unknown places.';

comment on column chicago.crime_rates.caveat is
'Why residents are a poor base: the Loop and the Near North Side, O''Hare, or few residents. Null: no such reason is known.';
