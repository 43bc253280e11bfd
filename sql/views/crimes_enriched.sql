-- One row is a crime, with all columns of the record and what its lists and its calendar day say of it.
-- Reads: chicago.crimes, chicago.dates, chicago.police_stations, chicago.ward_offices, chicago.fbi_codes,
-- chicago.primary_type_spellings. Run by: tasks/warehouse/views.py.

create view chicago.crimes_enriched as
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
    crimes.updated_on,
    cast(crimes.date_of_occurrence as date) as date,
    cast(extract(year from crimes.date_of_occurrence) as smallint) as year,
    cast(extract(quarter from crimes.date_of_occurrence) as smallint) as quarter,
    cast(extract(month from crimes.date_of_occurrence) as smallint) as month,
    to_char(crimes.date_of_occurrence, 'FMMonth') as month_name,
    cast(extract(isodow from crimes.date_of_occurrence) as smallint) as day_of_week,
    to_char(crimes.date_of_occurrence, 'FMDay') as day_of_week_name,
    extract(isodow from crimes.date_of_occurrence) >= 6 as is_weekend,
    cast(extract(hour from crimes.date_of_occurrence) as smallint) as hour,
    case
        when cast(crimes.date_of_occurrence as time) = '00:00' then 'unknown'
        when extract(hour from crimes.date_of_occurrence) < 6 then 'night'
        when extract(hour from crimes.date_of_occurrence) < 12 then 'morning'
        when extract(hour from crimes.date_of_occurrence) < 18 then 'afternoon'
        else 'evening'
    end as time_of_day,
    dates.holiday_name,
    dates.actual_holiday_name,
    coalesce(police_stations.district_name, 'unknown') as district_name,
    ward_offices.alderman,
    fbi_codes.fbi_name,
    fbi_codes.is_index,
    fbi_codes.is_violent,
    fbi_codes.is_property,
    coalesce(primary_type_spellings.primary_type, crimes.primary_description) as primary_type,
    chicago.ward_map_since(cast(crimes.date_of_occurrence as date)) as ward_map_since,
    case
        when chicago.ward_map_since(cast(crimes.date_of_occurrence as date)) = chicago.ward_map_since('infinity')
            then ward_offices.alderman
    end as current_alderman,
    cast(crimes.date_of_occurrence as time) in ('00:00', '00:01') as is_placeholder_time,
    cast(crimes.date_of_occurrence as time) = '12:00' as is_exact_noon,
    extract(day from crimes.date_of_occurrence) = 1
    and cast(crimes.date_of_occurrence as time) in ('00:00', '00:01') as is_unknown_day
from chicago.crimes
-- Left, all of them, each on its list's key: no crime is lost, and none is doubled.
left join chicago.dates on cast(crimes.date_of_occurrence as date) = dates.date
left join chicago.police_stations on crimes.district = police_stations.district
left join chicago.ward_offices on crimes.ward = ward_offices.ward
left join chicago.fbi_codes on crimes.fbi_code = fbi_codes.fbi_code
left join chicago.primary_type_spellings on crimes.primary_description = primary_type_spellings.published;

comment on view chicago.crimes_enriched is
'One row is a crime (of a homicide, a victim): the record, its calendar, the names of its codes and places.
Unit: a row of crimes: an incident, or one victim of a homicide; case_number is no key.
Definition: is_index, is_violent and is_property are summary UCR''s by FBI code, one code a row; NIBRS counts every offence of an incident.
Base: all rows that are held now; crimes_as_of has those of an earlier moment.
Period: all days held, complete or not: daily_crimes says which are.
Chance: nothing is compared.
Lateness: a day gains rows for weeks, and its crimes arrests for longer.
Do not count unknown times and days as known ones (is_placeholder_time, is_unknown_day), nor an old ward as today''s (current_alderman).';

comment on column chicago.crimes_enriched.crime_id is 'The source''s row id.';

comment on column chicago.crimes_enriched.case_number is 'Police records division number. Not unique.';

comment on column chicago.crimes_enriched.date_of_occurrence is 'When it happened, Chicago wall clock.';

comment on column chicago.crimes_enriched.block is 'Address to the hundred block. Null: not published.';

comment on column chicago.crimes_enriched.iucr is 'Illinois Uniform Crime Reporting code, four characters.';

comment on column chicago.crimes_enriched.primary_description is
'Kind of crime, as published; see primary_type.';

comment on column chicago.crimes_enriched.secondary_description is
'Kind of crime in detail, as published. Null: not published.';

comment on column chicago.crimes_enriched.location_description is
'Kind of place, as published. Null: not published.';

comment on column chicago.crimes_enriched.arrest is 'Whether an arrest was made. Arrests come late.';

comment on column chicago.crimes_enriched.domestic is
'Whether it falls under the Illinois Domestic Violence Act.';

comment on column chicago.crimes_enriched.beat is 'Police beat, four characters. Null: not published.';

comment on column chicago.crimes_enriched.district is
'Police district as published, else that of the beat. Null: unknown.';

comment on column chicago.crimes_enriched.ward is
'Ward, 1 to 50, by the map of when the City recorded the case: see ward_map_since. Null: not published.';

comment on column chicago.crimes_enriched.community_area is
'Community area, 1 to 77. Null in the one-year dataset.';

comment on column chicago.crimes_enriched.fbi_code is 'FBI code. Null: not published.';

comment on column chicago.crimes_enriched.x_coordinate is
'Feet east, EPSG:3435, of the block. Null: not published.';

comment on column chicago.crimes_enriched.y_coordinate is
'Feet north, EPSG:3435, of the block. Null: not published.';

comment on column chicago.crimes_enriched.latitude is 'Degrees north of the block. Null: not published.';

comment on column chicago.crimes_enriched.longitude is 'Degrees east of the block. Null: not published.';

comment on column chicago.crimes_enriched.created_at is 'When the source made this row. Instant.';

comment on column chicago.crimes_enriched.updated_at is 'When the source last touched this row. Instant.';

comment on column chicago.crimes_enriched.version is 'The source''s version of this row.';

comment on column chicago.crimes_enriched.loaded_at is 'When this content was first stored here. Instant.';

comment on column chicago.crimes_enriched.updated_on is
'When the City last changed the record, Chicago wall clock. Null in the one-year dataset.';

comment on column chicago.crimes_enriched.date is 'Chicago local date of occurrence. Days are found fastest by a condition on date_of_occurrence.';

comment on column chicago.crimes_enriched.year is 'Calendar year of occurrence.';

comment on column chicago.crimes_enriched.quarter is 'Quarter of the year, 1 to 4.';

comment on column chicago.crimes_enriched.month is 'Month of the year, 1 to 12.';

comment on column chicago.crimes_enriched.month_name is 'January to December.';

comment on column chicago.crimes_enriched.day_of_week is '1 Monday to 7 Sunday (ISO 8601).';

comment on column chicago.crimes_enriched.day_of_week_name is 'Monday to Sunday.';

comment on column chicago.crimes_enriched.is_weekend is 'Whether it was a Saturday or a Sunday.';

comment on column chicago.crimes_enriched.hour is
'Hour of the day, 0 to 23, Chicago wall clock; 0 also where time_of_day is unknown.';

comment on column chicago.crimes_enriched.time_of_day is
'night 0-5, morning 6-11, afternoon 12-17, evening 18-23; unknown at exactly 00:00, written for no time.';

comment on column chicago.crimes_enriched.holiday_name is
'The holiday for which the City was closed that day. Null: none.';

comment on column chicago.crimes_enriched.actual_holiday_name is
'The holiday whose own day it was. Null: none.';

comment on column chicago.crimes_enriched.district_name is
'Name of the district; unknown where it is, or where the district has no station.';

comment on column chicago.crimes_enriched.alderman is
'Alderman now of the ward that has this number now, whatever the date; "Last, First". Before 15 May 2023 that is another area: see current_alderman. Null: unknown ward or seat.';

comment on column chicago.crimes_enriched.fbi_name is 'What the FBI code means. Null: unknown code.';

comment on column chicago.crimes_enriched.is_index is
'Whether it is an index crime: violent or of property. Null: unknown code.';

comment on column chicago.crimes_enriched.is_violent is
'Whether it is a violent index crime, by FBI code. Null: unknown code.';

comment on column chicago.crimes_enriched.is_property is
'Whether it is a property index crime, by FBI code. Null: unknown code.';

comment on column chicago.crimes_enriched.primary_type is 'Kind of crime, one spelling for each.';

comment on column chicago.crimes_enriched.ward_map_since is
'First day of the map of wards in force on the day of the crime. A case that was recorded much later can have its ward of the next map. Null: a map before 18 May 2015.';

comment on column chicago.crimes_enriched.current_alderman is
'Alderman now of the ward, "Last, First", where the crime is of today''s map of wards. Null: an earlier map, unknown ward or seat.';

comment on column chicago.crimes_enriched.is_placeholder_time is
'Whether it is at exactly 00:00 or 00:01, which are written for an unknown time.';

comment on column chicago.crimes_enriched.is_exact_noon is
'Whether it is at exactly 12:00. Some of these are of an unknown time: noon has more than the hours beside it.';

comment on column chicago.crimes_enriched.is_unknown_day is
'Whether it is at 00:00 or 00:01 on the first of a month, which is written for an unknown day.';
