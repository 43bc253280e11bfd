-- One row is a beat, district, ward, kind of crime and FBI code with at least one crime, on complete days or
-- on others: the counts that the views of places are made of, so that they read thousands of rows instead of
-- millions.
-- Reads: chicago.crimes, chicago.daily_crimes, chicago.fbi_codes, chicago.primary_type_spellings.
-- Run by: tasks/warehouse/views.py; refreshed when the data changed.

create materialized view chicago.place_cube as
with counts as (
    select
        crimes.beat,
        crimes.district,
        crimes.ward,
        crimes.primary_description,
        crimes.fbi_code,
        coalesce(daily_crimes.is_complete, false) as is_complete,
        count(*) as crimes,
        count(*) filter (where crimes.arrest) as arrests,
        count(*) filter (where crimes.domestic) as domestic
    from chicago.crimes
    -- Left, though every date of a crime is there: no crime may be lost.
    left join chicago.daily_crimes on cast(crimes.date_of_occurrence as date) = daily_crimes.date
    group by
        crimes.beat,
        crimes.district,
        crimes.ward,
        crimes.primary_description,
        crimes.fbi_code,
        coalesce(daily_crimes.is_complete, false)
)

select
    counts.beat,
    counts.district,
    counts.ward,
    coalesce(primary_type_spellings.primary_type, counts.primary_description) as primary_type,
    counts.fbi_code,
    coalesce(fbi_codes.is_violent, false) as is_violent,
    coalesce(fbi_codes.is_property, false) as is_property,
    counts.is_complete,
    cast(sum(counts.crimes) as bigint) as crimes,
    cast(sum(counts.arrests) as bigint) as arrests,
    cast(sum(counts.domestic) as bigint) as domestic
from counts
-- Left: most kinds have one spelling, and codes can be newer than the list.
left join chicago.primary_type_spellings on counts.primary_description = primary_type_spellings.published
left join chicago.fbi_codes on counts.fbi_code = fbi_codes.fbi_code
group by
    counts.beat,
    counts.district,
    counts.ward,
    coalesce(primary_type_spellings.primary_type, counts.primary_description),
    counts.fbi_code,
    fbi_codes.is_violent,
    fbi_codes.is_property,
    counts.is_complete;

create unique index place_cube_key on chicago.place_cube (
    beat, district, ward, primary_type, fbi_code, is_complete
) nulls not distinct;

comment on materialized view chicago.place_cube is
'One row is a beat, district, ward, kind, FBI code with a crime, on complete days or not. Base of views.';

comment on column chicago.place_cube.beat is 'Police beat, four characters. Null: unknown.';

comment on column chicago.place_cube.district is 'Police district. Null: unknown.';

comment on column chicago.place_cube.ward is 'Ward. Null: unknown.';

comment on column chicago.place_cube.primary_type is 'Kind of crime, one spelling for each.';

comment on column chicago.place_cube.fbi_code is 'FBI code. Null: unknown.';

comment on column chicago.place_cube.is_violent is
'Violent index crime by FBI code. False where the code is unknown.';

comment on column chicago.place_cube.is_property is
'Property index crime by FBI code. False where the code is unknown.';

comment on column chicago.place_cube.is_complete is
'Whether these crimes are those of complete days: see daily_crimes.';

comment on column chicago.place_cube.crimes is 'Rows of crimes: incidents, and a homicide''s victims.';

comment on column chicago.place_cube.arrests is 'Crimes with an arrest.';

comment on column chicago.place_cube.domestic is 'Domestic crimes.';
