-- One row is a crime of a complete day of the last year, with its hour where its time is known: the base of what is
-- said of places by time.
-- Reads: chicago.crimes of the last year, chicago.daily_crimes, chicago.place_periods_held, chicago.fbi_codes,
-- chicago.primary_type_spellings. Run by: tasks/warehouse/views.py.

create view chicago.last_year_crimes as
select
    crimes.crime_id,
    crimes.beat,
    crimes.district,
    crimes.ward,
    daily_crimes.date,
    cast(extract(isodow from daily_crimes.date) as smallint) as day_of_week,
    chicago.known_hour(crimes.date_of_occurrence) as hour,
    crimes.iucr,
    coalesce(primary_type_spellings.primary_type, crimes.primary_description) as primary_type,
    crimes.secondary_description,
    crimes.fbi_code,
    crimes.arrest,
    crimes.domestic,
    coalesce(fbi_codes.is_violent, false) as is_violent
from chicago.place_periods_held as held
-- Inner: by the index on date_of_occurrence, one year, whatever is held.
inner join chicago.crimes
    on
        held.last_year_from <= crimes.date_of_occurrence
        and held.last_year_to + 1 > crimes.date_of_occurrence
-- Inner: days that are not complete are not compared.
inner join chicago.daily_crimes
    on cast(crimes.date_of_occurrence as date) = daily_crimes.date and daily_crimes.is_complete
-- Left: codes can be newer than the list, and most kinds have one spelling.
left join chicago.fbi_codes on crimes.fbi_code = fbi_codes.fbi_code
left join chicago.primary_type_spellings on crimes.primary_description = primary_type_spellings.published;

comment on view chicago.last_year_crimes is
'One row is a crime of a complete day of last_year, with its hour where its time is known.
Base of the views of places by hour, watch and time of day.
Unit: a row of crimes: an incident, or one victim of a homicide.
Period: the complete days of last_year.';

comment on column chicago.last_year_crimes.crime_id is 'As in crimes.';

comment on column chicago.last_year_crimes.beat is 'Police beat. Null: unknown.';

comment on column chicago.last_year_crimes.district is 'Police district. Null: unknown.';

comment on column chicago.last_year_crimes.ward is 'Ward. Null: unknown.';

comment on column chicago.last_year_crimes.date is 'Chicago local date of occurrence.';

comment on column chicago.last_year_crimes.day_of_week is 'Of date: 1 Monday to 7 Sunday (ISO 8601).';

comment on column chicago.last_year_crimes.hour is
'Hour of the day, 0 to 23, Chicago wall clock. Null: at exactly 00:00 or 00:01, which stand for an unknown time.';

comment on column chicago.last_year_crimes.iucr is 'As in crimes.';

comment on column chicago.last_year_crimes.primary_type is 'Kind of crime, one spelling for each.';

comment on column chicago.last_year_crimes.secondary_description is 'As in crimes.';

comment on column chicago.last_year_crimes.fbi_code is 'As in crimes.';

comment on column chicago.last_year_crimes.arrest is 'As in crimes.';

comment on column chicago.last_year_crimes.domestic is 'As in crimes.';

comment on column chicago.last_year_crimes.is_violent is
'Violent index crime by FBI code. False where the code is unknown.';
