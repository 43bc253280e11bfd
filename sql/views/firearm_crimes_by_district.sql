-- One row is a police district (or unknown) and an IUCR code whose description names a firearm, with a crime in the
-- last year or the year before.
-- Reads: chicago.crimes of the newest two years, chicago.iucr_codes, chicago.fbi_codes, chicago.police_stations,
-- chicago.place_periods_held. Run by: tasks/warehouse/views.py; refreshed when the data changed.

create materialized view chicago.firearm_crimes_by_district as
with codes as (
    select
        iucr_codes.iucr,
        iucr_codes.primary_description,
        iucr_codes.secondary_description
    from chicago.iucr_codes
    -- As a word: HANDGUN, FIREARM, GUN OFFENDER. Ammunition, bullets and air rifles are no firearms.
    where iucr_codes.secondary_description ~ '\m(HANDGUN|FIREARM|GUN)\M'
),

counts as (
    select
        crimes.district,
        codes.iucr,
        codes.primary_description,
        codes.secondary_description,
        bool_or(coalesce(fbi_codes.is_violent, false)) as is_violent,
        count(*) filter (where crimes.date_of_occurrence >= held.last_year_from) as last_year,
        count(*) filter (where crimes.date_of_occurrence >= held.last_year_from and crimes.arrest) as last_year_arrests,
        count(*) filter (where crimes.date_of_occurrence < held.last_year_from) as year_before,
        bool_or(held.year_before_from is not null) as holds_year_before
    from chicago.crimes
    -- Inner: crimes of other codes.
    inner join codes on crimes.iucr = codes.iucr
    -- One row on the right.
    cross join chicago.place_periods_held as held
    -- Left: codes can be newer than the list.
    left join chicago.fbi_codes on crimes.fbi_code = fbi_codes.fbi_code
    where
        -- By the index on date_of_occurrence: two years, whatever is held.
        crimes.date_of_occurrence >= (
            select coalesce(place_periods_held.year_before_from, place_periods_held.last_year_from)
            from chicago.place_periods_held
        )
        and crimes.date_of_occurrence < (select place_periods_held.last_year_to + 1 from chicago.place_periods_held)
    group by crimes.district, codes.iucr, codes.primary_description, codes.secondary_description
)

select
    counts.district,
    coalesce(police_stations.district_name, 'unknown') as district_name,
    counts.iucr,
    counts.primary_description,
    counts.secondary_description,
    counts.is_violent,
    counts.last_year,
    counts.last_year_arrests,
    case when counts.holds_year_before then counts.year_before end as year_before
from counts
-- Left: crimes can be in a district that is unknown or has no station.
left join chicago.police_stations on counts.district = police_stations.district;

create unique index firearm_crimes_by_district_key on chicago.firearm_crimes_by_district (district, iucr)
nulls not distinct;

comment on materialized view chicago.firearm_crimes_by_district is
'One row is a police district (or unknown) and an IUCR code whose description names a firearm.
Unit: rows of crimes: incidents. Homicides, which are by victim, are not among them.
Definition: is_violent is summary UCR''s violent index by FBI code. NIBRS records weapons, this record only the words of its code.
Base: counts, not rates. Possession is found by an arrest: it measures the search for guns as well.
Period: last_year, and the 364 days before: see place_periods.
Chance: no range; two counts that differ by less than twice the root of their sum do not differ beyond it.
Lateness: of a whole last_year less than 1 % is still to come; year_before has had a year longer.
Do not read these as shootings: most are threats, robberies and possession, and a homicide by firearm is not among them, since its code names no weapon.';

comment on column chicago.firearm_crimes_by_district.district is 'Police district. Null: unknown.';

comment on column chicago.firearm_crimes_by_district.district_name is
'Name of the district; unknown where it is, or where the district has no station.';

comment on column chicago.firearm_crimes_by_district.iucr is 'IUCR code, four characters.';

comment on column chicago.firearm_crimes_by_district.primary_description is 'Kind of crime, as the list of codes has it.';

comment on column chicago.firearm_crimes_by_district.secondary_description is
'Kind of crime in detail, as the list of codes has it: it names a handgun, a firearm or a gun.';

comment on column chicago.firearm_crimes_by_district.is_violent is
'Whether these are violent index crimes, by FBI code. Those that are not are mostly possession, which an arrest finds: they measure the search for guns as well.';

comment on column chicago.firearm_crimes_by_district.last_year is
'Crimes of last_year: see place_periods.';

comment on column chicago.firearm_crimes_by_district.last_year_arrests is 'Of last_year, those with an arrest until now.';

comment on column chicago.firearm_crimes_by_district.year_before is
'Crimes of the 364 days before last_year. Null: not held whole.';
