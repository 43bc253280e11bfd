-- One row is an IUCR code whose description names a firearm, with a crime in the last year or the year before.
-- Reads: chicago.firearm_crimes_by_district. Run by: tasks/warehouse/views.py.

create view chicago.firearm_crimes as
select
    firearm_crimes_by_district.iucr,
    firearm_crimes_by_district.primary_description,
    firearm_crimes_by_district.secondary_description,
    bool_or(firearm_crimes_by_district.is_violent) as is_violent,
    cast(sum(firearm_crimes_by_district.last_year) as bigint) as last_year,
    cast(sum(firearm_crimes_by_district.last_year_arrests) as bigint) as last_year_arrests,
    cast(sum(firearm_crimes_by_district.year_before) as bigint) as year_before
from chicago.firearm_crimes_by_district
group by
    firearm_crimes_by_district.iucr, firearm_crimes_by_district.primary_description,
    firearm_crimes_by_district.secondary_description;

comment on view chicago.firearm_crimes is
'One row is an IUCR code whose description names a firearm, in the city.
Unit: rows of crimes: incidents. Homicides, which are by victim, are not among them.
Definition: is_violent is summary UCR''s violent index by FBI code. NIBRS records weapons, this record only the words of its code.
Base: counts of the whole city, not rates.
Period: last_year, and the 364 days before: see place_periods.
Chance: no range; two years that differ by less than twice the root of their sum do not differ beyond it.
Lateness: of a whole last_year less than 1 % is still to come; year_before has had a year longer, and so have its arrests.
Do not read these as shootings: a shot that hits nobody may be in no record, a homicide by firearm is not here, and possession is.';

comment on column chicago.firearm_crimes.iucr is 'IUCR code, four characters.';

comment on column chicago.firearm_crimes.primary_description is 'Kind of crime, as the list of codes has it.';

comment on column chicago.firearm_crimes.secondary_description is
'Kind of crime in detail, as the list of codes has it: it names a handgun, a firearm or a gun.';

comment on column chicago.firearm_crimes.is_violent is 'Whether these are violent index crimes, by FBI code.';

comment on column chicago.firearm_crimes.last_year is 'Crimes of last_year: see place_periods.';

comment on column chicago.firearm_crimes.last_year_arrests is 'Of last_year, those with an arrest until now.';

comment on column chicago.firearm_crimes.year_before is
'Crimes of the 364 days before last_year. Null: not held whole.';
