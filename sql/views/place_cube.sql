-- One row is a beat, district, ward, kind of crime and FBI code with at least one crime, on complete days or
-- on others: the counts that the views of places are made of, so that they read thousands of rows instead of
-- millions.
-- Reads: pipeline.place_counts, which follows the crimes, chicago.fbi_codes. Run by: tasks/warehouse/views.py.

create view chicago.place_cube as
select
    place_counts.beat,
    place_counts.district,
    place_counts.ward,
    place_counts.primary_type,
    place_counts.fbi_code,
    coalesce(fbi_codes.is_violent, false) as is_violent,
    coalesce(fbi_codes.is_property, false) as is_property,
    sides.is_complete,
    case
        when sides.is_complete then place_counts.crimes - place_counts.incomplete_crimes
        else place_counts.incomplete_crimes
    end as crimes,
    case
        when sides.is_complete then place_counts.arrests - place_counts.incomplete_arrests
        else place_counts.incomplete_arrests
    end as arrests,
    case
        when sides.is_complete then place_counts.domestic - place_counts.incomplete_domestic
        else place_counts.incomplete_domestic
    end as domestic
from pipeline.place_counts
-- Left: codes can be newer than the list.
left join chicago.fbi_codes on place_counts.fbi_code = fbi_codes.fbi_code
-- Two rows for each; a side without a crime is left out below.
cross join (values (true), (false)) as sides (is_complete)
where
    case
        when sides.is_complete then place_counts.crimes - place_counts.incomplete_crimes
        else place_counts.incomplete_crimes
    end <> 0;

comment on view chicago.place_cube is
'One row is a beat, district, ward, kind and FBI code with a crime, on complete days or not.
Base of the views of beats, districts, wards and kinds.
Unit: rows of crimes: incidents, and each victim of a homicide.
Period: all days held; is_complete says of which.';

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
