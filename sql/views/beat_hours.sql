-- One row is a police beat, a day of the week and an hour with a crime in the last year: sums and sums of squares over
-- the days, of which crimes_by_beat_and_hour makes means and variances.
-- Reads: chicago.last_year_crimes. Run by: tasks/warehouse/views.py; refreshed when the data changed.

create materialized view chicago.beat_hours as
with cells as (
    select
        crimes.beat,
        crimes.date,
        crimes.day_of_week,
        crimes.hour,
        count(*) as crimes,
        count(*) filter (where crimes.is_violent) as violent
    from chicago.last_year_crimes as crimes
    group by crimes.beat, crimes.date, crimes.day_of_week, crimes.hour
)

select
    cells.beat,
    cells.day_of_week,
    cells.hour,
    sum(cells.crimes) as crimes,
    sum(cells.crimes * cells.crimes) as crimes_squared,
    sum(cells.violent) as violent,
    sum(cells.violent * cells.violent) as violent_squared
from cells
group by cells.beat, cells.day_of_week, cells.hour;

create unique index beat_hours_key on chicago.beat_hours (beat, day_of_week, hour) nulls not distinct;

comment on materialized view chicago.beat_hours is
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
