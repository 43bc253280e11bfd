-- One row is a Chicago local date and a police district with at least one crime: the counts that the views of
-- days and districts are made of, so that they read thousands of rows instead of millions.
-- Reads: chicago.crimes, chicago.fbi_codes. Run by: tasks/warehouse/views.py; refreshed when the data
-- changed.

create materialized view chicago.daily_cube as
select
    cast(crimes.date_of_occurrence as date) as date,
    crimes.district,
    count(*) as crimes,
    count(*) filter (where fbi_codes.is_violent) as violent,
    count(*) filter (where fbi_codes.is_property) as property,
    count(*) filter (where crimes.arrest) as arrests,
    count(*) filter (where crimes.domestic) as domestic,
    min(crimes.date_of_occurrence) as first_occurrence,
    max(crimes.updated_at) as newest_update
from chicago.crimes
-- Left: a crime whose code is not in the list counts, as neither violent nor of property.
left join chicago.fbi_codes on crimes.fbi_code = fbi_codes.fbi_code
group by cast(crimes.date_of_occurrence as date), crimes.district;

create unique index daily_cube_key on chicago.daily_cube (date, district) nulls not distinct;

comment on materialized view chicago.daily_cube is
'One row is a date and a police district with at least one crime. Base of the views of days and districts.';

comment on column chicago.daily_cube.date is 'Chicago local date of occurrence.';

comment on column chicago.daily_cube.district is 'Police district. Null: unknown.';

comment on column chicago.daily_cube.crimes is 'Rows of crimes: incidents, and a homicide''s victims.';

comment on column chicago.daily_cube.violent is 'Violent index crimes, by FBI code.';

comment on column chicago.daily_cube.property is 'Property index crimes, by FBI code.';

comment on column chicago.daily_cube.arrests is 'Crimes with an arrest.';

comment on column chicago.daily_cube.domestic is 'Domestic crimes.';

comment on column chicago.daily_cube.first_occurrence is 'Earliest occurrence of them, Chicago wall clock.';

comment on column chicago.daily_cube.newest_update is
'When the source last touched one of them. Instant. Null: the source gives none.';
