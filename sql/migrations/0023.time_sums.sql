-- depends: 0022.scope_and_watches
-- What places have by hour and by watch follows the crimes and the days, as the counts by period do
-- (docs/decisions/0027). The first refresh after it counts all crimes anew.
-- Run by: tasks/warehouse/migrations.py (yoyo), once, under the writer's lock.

create function chicago.known_hour(occurred timestamp without time zone)
returns smallint
language sql
immutable
parallel safe
as
$$
    select case when cast(occurred as time) >= time '00:02' then cast(extract(hour from occurred) as smallint) end
$$;

comment on function chicago.known_hour(timestamp without time zone) is
'Hour of the day, 0 to 23, of a Chicago wall clock. Null: at 00:00 and 00:01, which stand for an unknown time.';

create table pipeline.time_sums (
    counted text not null check (counted in ('beat hour', 'district hour', 'district watch')),
    place text,
    day_of_week smallint not null,
    part smallint,
    crimes bigint not null,
    crimes_squared bigint not null,
    violent bigint not null,
    violent_squared bigint not null,
    unique nulls not distinct (counted, place, day_of_week, part)
) with (fillfactor = 70);

comment on table pipeline.time_sums is
'One row is a beat or district, a day of the week, and an hour or a watch of it with a crime in last_year: sums and sums of squares over the days, which follow the crimes.';

comment on column pipeline.time_sums.counted is
'beat hour, district hour or district watch: what place and part are. Each crime of last_year is in the hours of both; a watch counts where all its hours are of last_year.';

comment on column pipeline.time_sums.place is 'The beat, or the number of the district. Null: not published.';

comment on column pipeline.time_sums.day_of_week is
'1 Monday to 7 Sunday (ISO 8601); of a watch, of the day that the watch is of.';

comment on column pipeline.time_sums.part is 'Hour of the day, 0 to 23, or watch. Null: the time is not known.';

comment on column pipeline.time_sums.crimes is 'Crimes of these hours or watches.';

comment on column pipeline.time_sums.crimes_squared is 'Sum over the days of the square of a day''s crimes.';

comment on column pipeline.time_sums.violent is 'Of crimes, violent index crimes by FBI code.';

comment on column pipeline.time_sums.violent_squared is 'Sum over the days of the square of a day''s violent ones.';

delete from pipeline.counts_state;
