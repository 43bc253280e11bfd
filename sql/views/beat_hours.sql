-- One row is a police beat, a day of the week and an hour with a crime in the last year: sums and sums of squares over
-- the days, of which crimes_by_beat_and_hour makes means and variances.
-- Reads: pipeline.time_sums, which follows the crimes. Run by: tasks/warehouse/views.py.

create view chicago.beat_hours as
select
    time_sums.place as beat,
    time_sums.day_of_week,
    time_sums.part as hour,
    time_sums.crimes,
    time_sums.crimes_squared,
    time_sums.violent,
    time_sums.violent_squared
from pipeline.time_sums
where time_sums.counted = 'beat hour';

comment on view chicago.beat_hours is
'One row is a police beat, a day of the week and an hour with a crime in last_year.
Base of crimes_by_beat_and_hour: sums and sums of squares over the days; an hour without a crime has no row.
Unit: rows of crimes: incidents, and each victim of a homicide.
Period: the complete days of last_year.';

comment on column chicago.beat_hours.beat is 'Police beat, four characters. Null: unknown.';

comment on column chicago.beat_hours.day_of_week is '1 Monday to 7 Sunday (ISO 8601).';

comment on column chicago.beat_hours.hour is
'Hour of the day, 0 to 23, Chicago wall clock. Null: the time is not known.';

comment on column chicago.beat_hours.crimes is 'Crimes of the complete days of last_year.';

comment on column chicago.beat_hours.crimes_squared is 'Sum over the days of the square of a day''s crimes.';

comment on column chicago.beat_hours.violent is 'Of crimes, violent index crimes by FBI code.';

comment on column chicago.beat_hours.violent_squared is 'Sum over the days of the square of a day''s violent ones.';
