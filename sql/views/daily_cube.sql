-- One row is a Chicago local date and a police district with at least one crime: the counts that the views of
-- days and districts are made of, so that they read thousands of rows instead of millions.
-- Reads: pipeline.daily_counts, which follows the crimes. Run by: tasks/warehouse/views.py.

create view chicago.daily_cube as
select
    daily_counts.date,
    daily_counts.district,
    daily_counts.crimes,
    daily_counts.violent,
    daily_counts.property,
    daily_counts.arrests,
    daily_counts.domestic,
    daily_counts.at_placeholder_time as crimes_at_placeholder_time,
    daily_counts.violent_at_placeholder_time
from pipeline.daily_counts;

comment on view chicago.daily_cube is
'One row is a date and a police district with at least one crime.
Base of the views of days and districts.
Unit: rows of crimes: incidents, and each victim of a homicide.
Period: all days held, complete or not: daily_crimes says which are.';

comment on column chicago.daily_cube.date is 'Chicago local date of occurrence.';

comment on column chicago.daily_cube.district is 'Police district. Null: unknown.';

comment on column chicago.daily_cube.crimes is 'Rows of crimes: incidents, and a homicide''s victims.';

comment on column chicago.daily_cube.violent is 'Violent index crimes, by FBI code.';

comment on column chicago.daily_cube.property is 'Property index crimes, by FBI code.';

comment on column chicago.daily_cube.arrests is 'Crimes with an arrest.';

comment on column chicago.daily_cube.domestic is 'Domestic crimes.';

comment on column chicago.daily_cube.crimes_at_placeholder_time is
'Of crimes, those at exactly 00:00 or 00:01, which the City writes for an unknown time, and on the first of a month for an unknown day.';

comment on column chicago.daily_cube.violent_at_placeholder_time is 'Of violent, the same.';
