-- One row is a beat, district, ward, community area as published, kind of crime and FBI code with a crime in one of the
-- periods of place_periods, and its counts in each: the base of what the views of places say of periods.
-- Reads: chicago.crimes of the newest two years, chicago.place_periods, chicago.place_periods_held, chicago.fbi_codes,
-- chicago.primary_type_spellings. Run by: tasks/warehouse/views.py; refreshed when the data changed.

create materialized view chicago.places_by_period as
with periods as materialized (
    select
        held.last_year_from as last_year,
        held.year_before_from as year_before,
        held.year_to_date_from as to_date,
        held.year_to_date_before_from as to_date_before,
        -- The day after the last.
        held.year_before_to + 1 as year_before_end,
        held.year_to_date_before_to + 1 as to_date_before_end
    from chicago.place_periods_held as held
),

counted as (
    select
        crimes.beat,
        crimes.district,
        crimes.ward,
        crimes.community_area,
        coalesce(primary_type_spellings.primary_type, crimes.primary_description) as primary_type,
        crimes.fbi_code,
        crimes.arrest,
        crimes.domestic,
        crimes.date_of_occurrence >= periods.last_year as is_last_year,
        crimes.date_of_occurrence >= periods.year_before
        and crimes.date_of_occurrence < periods.year_before_end as is_year_before,
        crimes.date_of_occurrence >= periods.to_date as is_to_date,
        crimes.date_of_occurrence >= periods.to_date_before
        and crimes.date_of_occurrence < periods.to_date_before_end as is_to_date_before
    from chicago.crimes
    -- One row on the right.
    cross join periods
    -- Left: most kinds have one spelling.
    left join chicago.primary_type_spellings on crimes.primary_description = primary_type_spellings.published
    where
        -- By the index on date_of_occurrence: two years, whatever is held.
        crimes.date_of_occurrence >= (
            select min(place_periods.first_date) from chicago.place_periods
            where place_periods.is_held
        )
        and crimes.date_of_occurrence < (select max(place_periods.last_date) + 1 from chicago.place_periods)
),

counts as (
    select
        counted.beat,
        counted.district,
        counted.ward,
        counted.community_area,
        counted.primary_type,
        counted.fbi_code,
        count(*) filter (where counted.is_last_year) as last_year,
        count(*) filter (where counted.is_last_year and counted.arrest) as last_year_arrests,
        count(*) filter (where counted.is_last_year and counted.domestic) as last_year_domestic,
        count(*) filter (where counted.is_year_before) as year_before,
        count(*) filter (where counted.is_year_before and counted.arrest) as year_before_arrests,
        count(*) filter (where counted.is_year_before and counted.domestic) as year_before_domestic,
        count(*) filter (where counted.is_to_date) as to_date,
        count(*) filter (where counted.is_to_date and counted.arrest) as to_date_arrests,
        count(*) filter (where counted.is_to_date and counted.domestic) as to_date_domestic,
        count(*) filter (where counted.is_to_date_before) as to_date_before,
        count(*) filter (where counted.is_to_date_before and counted.arrest) as to_date_before_arrests,
        count(*) filter (where counted.is_to_date_before and counted.domestic) as to_date_before_domestic
    from counted
    where counted.is_last_year or counted.is_year_before or counted.is_to_date or counted.is_to_date_before
    group by
        counted.beat, counted.district, counted.ward, counted.community_area, counted.primary_type, counted.fbi_code
)

select
    counts.beat,
    counts.district,
    counts.ward,
    counts.community_area,
    counts.primary_type,
    counts.fbi_code,
    coalesce(fbi_codes.is_violent, false) as is_violent,
    coalesce(fbi_codes.is_property, false) as is_property,
    case when periods.last_year is not null then counts.last_year end as last_year,
    case when periods.last_year is not null then counts.last_year_arrests end as last_year_arrests,
    case when periods.last_year is not null then counts.last_year_domestic end as last_year_domestic,
    case when periods.year_before is not null then counts.year_before end as year_before,
    case when periods.year_before is not null then counts.year_before_arrests end as year_before_arrests,
    case when periods.year_before is not null then counts.year_before_domestic end as year_before_domestic,
    case when periods.to_date is not null then counts.to_date end as year_to_date,
    case when periods.to_date is not null then counts.to_date_arrests end as year_to_date_arrests,
    case when periods.to_date is not null then counts.to_date_domestic end as year_to_date_domestic,
    case when periods.to_date_before is not null then counts.to_date_before end as year_to_date_before,
    case when periods.to_date_before is not null then counts.to_date_before_arrests end
        as year_to_date_before_arrests,
    case when periods.to_date_before is not null then counts.to_date_before_domestic end
        as year_to_date_before_domestic
from counts
-- One row on the right.
cross join periods
-- Left: codes can be newer than the list.
left join chicago.fbi_codes on counts.fbi_code = fbi_codes.fbi_code;

create unique index places_by_period_key on chicago.places_by_period (
    beat, district, ward, community_area, primary_type, fbi_code
) nulls not distinct;

comment on materialized view chicago.places_by_period is
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
