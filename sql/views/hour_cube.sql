-- One row is an hour of the day, at a known time or at exactly 00:00, on complete days or on others, with a
-- crime.
-- Reads: pipeline.hour_counts, which follows the crimes, chicago.daily_crimes.
-- Run by: tasks/warehouse/views.py; refreshed when the data changed.

create materialized view chicago.hour_cube as
select
    hour_counts.hour,
    hour_counts.is_unknown_time,
    coalesce(daily_crimes.is_complete, false) as is_complete,
    cast(sum(hour_counts.crimes) as bigint) as crimes,
    cast(sum(hour_counts.at_one_past_midnight) as bigint) as at_one_past_midnight,
    cast(sum(hour_counts.at_exact_noon) as bigint) as at_exact_noon
from pipeline.hour_counts
-- Left, though every date of a crime is there: no crime may be lost.
left join chicago.daily_crimes on hour_counts.date = daily_crimes.date
group by hour_counts.hour, hour_counts.is_unknown_time, coalesce(daily_crimes.is_complete, false);

create unique index hour_cube_key on chicago.hour_cube (hour, is_unknown_time, is_complete);

comment on materialized view chicago.hour_cube is
'One row is an hour of the day, at a known time or not, on complete days or not.
Base of crimes_by_hour and crimes_by_time_of_day.
Unit: rows of crimes: incidents, and each victim of a homicide.
Period: all days held; is_complete says of which.';

comment on column chicago.hour_cube.hour is 'Hour of the day, 0 to 23, Chicago wall clock.';

comment on column chicago.hour_cube.is_unknown_time is
'Whether it is exactly 00:00, which stands for an unknown time.';

comment on column chicago.hour_cube.is_complete is
'Whether these crimes are those of complete days: see daily_crimes.';

comment on column chicago.hour_cube.crimes is 'Rows of crimes: incidents, and a homicide''s victims.';

comment on column chicago.hour_cube.at_one_past_midnight is
'Of crimes, those at exactly 00:01, which stands for an unknown time too.';

comment on column chicago.hour_cube.at_exact_noon is
'Of crimes, those at exactly 12:00, of which some are of an unknown time.';
