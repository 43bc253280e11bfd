-- One row is a beat, district, ward, community area as published, kind of crime and FBI code with a crime in one of the
-- periods of place_periods, and its counts in each: the base of what the views of places say of periods.
-- Reads: pipeline.place_period_counts, chicago.place_periods_held, chicago.fbi_codes.
-- Run by: tasks/warehouse/views.py.

create view chicago.places_by_period as
select
    counts.beat,
    counts.district,
    counts.ward,
    counts.community_area,
    counts.primary_type,
    counts.fbi_code,
    coalesce(fbi_codes.is_violent, false) as is_violent,
    coalesce(fbi_codes.is_property, false) as is_property,
    case when held.last_year_from is not null then counts.last_year end as last_year,
    case when held.last_year_from is not null then counts.last_year_arrests end as last_year_arrests,
    case when held.last_year_from is not null then counts.last_year_domestic end as last_year_domestic,
    case when held.year_before_from is not null then counts.year_before end as year_before,
    case when held.year_before_from is not null then counts.year_before_arrests end as year_before_arrests,
    case when held.year_before_from is not null then counts.year_before_domestic end as year_before_domestic,
    case when held.year_to_date_from is not null then counts.year_to_date end as year_to_date,
    case when held.year_to_date_from is not null then counts.year_to_date_arrests end as year_to_date_arrests,
    case when held.year_to_date_from is not null then counts.year_to_date_domestic end as year_to_date_domestic,
    case when held.year_to_date_before_from is not null then counts.year_to_date_before end as year_to_date_before,
    case when held.year_to_date_before_from is not null then counts.year_to_date_before_arrests end
        as year_to_date_before_arrests,
    case when held.year_to_date_before_from is not null then counts.year_to_date_before_domestic end
        as year_to_date_before_domestic
from pipeline.place_period_counts as counts
-- One row on the right.
cross join chicago.place_periods_held as held
-- Left: codes can be newer than the list.
left join chicago.fbi_codes on counts.fbi_code = fbi_codes.fbi_code;

comment on view chicago.places_by_period is
'One row is a beat, district, ward, community area, kind and FBI code with a crime in a period of place_periods.
Base of the views of beats, districts, wards and kinds, and of crime_rates.
Unit: rows of crimes: incidents, and each victim of a homicide.
Period: those of place_periods; null where one is not held.';

comment on column chicago.places_by_period.beat is 'Police beat, four characters. Null: unknown.';

comment on column chicago.places_by_period.district is 'Police district. Null: unknown.';

comment on column chicago.places_by_period.ward is 'Ward. Null: unknown.';

comment on column chicago.places_by_period.community_area is
'Community area, 1 to 77, as published. Null: unknown, and in the one-year dataset, which has none.';

comment on column chicago.places_by_period.primary_type is 'Kind of crime, one spelling for each.';

comment on column chicago.places_by_period.fbi_code is 'FBI code. Null: unknown.';

comment on column chicago.places_by_period.is_violent is
'Violent index crime by FBI code. False where the code is unknown.';

comment on column chicago.places_by_period.is_property is
'Property index crime by FBI code. False where the code is unknown.';

comment on column chicago.places_by_period.last_year is
'Crimes of last_year in place_periods: of the newest 364 complete days, or those of them that are held.';

comment on column chicago.places_by_period.last_year_arrests is 'Of last_year, those with an arrest.';

comment on column chicago.places_by_period.last_year_domestic is 'Of last_year, domestic ones.';

comment on column chicago.places_by_period.year_before is 'Crimes of the 364 days before those. Null: not held whole.';

comment on column chicago.places_by_period.year_before_arrests is
'Of year_before, those with an arrest. They had a year longer to become known. Null: not held whole.';

comment on column chicago.places_by_period.year_before_domestic is
'Of year_before, domestic ones. Null: not held whole.';

comment on column chicago.places_by_period.year_to_date is
'Crimes from 1 January to the newest complete day. Null: not held whole.';

comment on column chicago.places_by_period.year_to_date_arrests is
'Of year_to_date, those with an arrest. Null: not held whole.';

comment on column chicago.places_by_period.year_to_date_domestic is
'Of year_to_date, domestic ones. Null: not held whole.';

comment on column chicago.places_by_period.year_to_date_before is
'Crimes of the year before, from 1 January to the same day. Null: not held whole.';

comment on column chicago.places_by_period.year_to_date_before_arrests is
'Of year_to_date_before, those with an arrest. They had a year longer to become known. Null: not held whole.';

comment on column chicago.places_by_period.year_to_date_before_domestic is
'Of year_to_date_before, domestic ones. Null: not held whole.';
