-- One row is a police beat, a day of the week and an hour, with a crime or without: what one such hour has, and how
-- far it strays from that; and one the crimes of the weekday of which the time is not known.
-- Reads: chicago.beat_hours, chicago.daily_crimes, chicago.place_periods_held, chicago.beats.
-- Run by: tasks/warehouse/views.py.
--
-- The variance is over the weeks, those without a crime included: (sum of squares - sum * sum / days) / (days - 1).

create view chicago.crimes_by_beat_and_hour as
with weekdays as (
    select
        cast(extract(isodow from daily_crimes.date) as smallint) as day_of_week,
        count(*) as days
    from chicago.daily_crimes
    -- Inner: one row, which says of which days.
    inner join chicago.place_periods_held as held
        on daily_crimes.date between held.last_year_from and held.last_year_to
    where daily_crimes.is_complete
    group by cast(extract(isodow from daily_crimes.date) as smallint)
),

listed as (
    select beats.beat
    from chicago.beats
    union
    select sums.beat
    from chicago.beat_hours as sums
),

hours as (
    select cast(numbers.hour as smallint) as hour
    from generate_series(0, 23) as numbers (hour)
    union all
    -- The row of unknown times.
    select cast(null as smallint) as hour
),

framed as (
    select
        listed.beat,
        weekdays.day_of_week,
        hours.hour,
        0 as crimes,
        0 as crimes_squared,
        0 as violent,
        0 as violent_squared
    from listed
    -- Seven rows, and 25 for each of them.
    cross join weekdays
    cross join hours
    union all
    select
        sums.beat,
        sums.day_of_week,
        sums.hour,
        sums.crimes,
        sums.crimes_squared,
        sums.violent,
        sums.violent_squared
    from chicago.beat_hours as sums
),

-- Put together by grouping: a join in which nulls are equal would compare each row with each.
added_up as (
    select
        framed.beat,
        framed.day_of_week,
        framed.hour,
        sum(framed.crimes) as crimes,
        sum(framed.crimes_squared) as crimes_squared,
        sum(framed.violent) as violent,
        sum(framed.violent_squared) as violent_squared
    from framed
    group by framed.beat, framed.day_of_week, framed.hour
),

rows_of_all as (
    select
        added_up.beat,
        added_up.day_of_week,
        weekdays.days,
        added_up.hour,
        added_up.crimes,
        added_up.crimes_squared,
        added_up.violent,
        added_up.violent_squared
    from added_up
    -- Inner: each weekday of a crime has a complete day.
    inner join weekdays on added_up.day_of_week = weekdays.day_of_week
)

select
    rows_of_all.beat,
    cast(left(rows_of_all.beat, 2) as smallint) as district,
    rows_of_all.day_of_week,
    (array['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'])[rows_of_all.day_of_week]
        as day_of_week_name,
    rows_of_all.hour,
    rows_of_all.days,
    cast(rows_of_all.crimes as bigint) as crimes,
    case when rows_of_all.hour is not null then round(rows_of_all.crimes / rows_of_all.days, 4) end
        as expected_crimes,
    case
        when rows_of_all.hour is not null
            then
                round(
                    (rows_of_all.crimes_squared - rows_of_all.crimes * rows_of_all.crimes / rows_of_all.days)
                    / nullif(rows_of_all.days - 1, 0),
                    4
                )
    end as crimes_variance,
    cast(rows_of_all.violent as bigint) as violent,
    case when rows_of_all.hour is not null then round(rows_of_all.violent / rows_of_all.days, 4) end
        as expected_violent,
    case
        when rows_of_all.hour is not null
            then
                round(
                    (rows_of_all.violent_squared - rows_of_all.violent * rows_of_all.violent / rows_of_all.days)
                    / nullif(rows_of_all.days - 1, 0),
                    4
                )
    end as violent_variance
from rows_of_all;

comment on view chicago.crimes_by_beat_and_hour is
'One row is a police beat, a day of the week and an hour: what to expect of one such hour, and its spread; one is a weekday''s unknown times.
Unit: rows of crimes: an incident is one, and so is each victim of a homicide.
Definition: violent is summary UCR''s violent index by FBI code, without simple assault and battery; the assaults of NIBRS include these.
Base: an expected count is by all such hours, those without a crime included.
Period: the complete days of last_year, 52 of a weekday at most.
Chance: not tested; the variance is over the weeks. An hour of a beat has one crime in ten weeks on average.
Lateness: of a whole last_year less than 1 % is still to come.
Do not compare single hours of beats: add hours up first.';

comment on column chicago.crimes_by_beat_and_hour.beat is 'Police beat, four characters. Null: unknown.';

comment on column chicago.crimes_by_beat_and_hour.district is 'The beat divided by 100. Null: unknown.';

comment on column chicago.crimes_by_beat_and_hour.day_of_week is '1 Monday to 7 Sunday (ISO 8601).';

comment on column chicago.crimes_by_beat_and_hour.day_of_week_name is 'Monday to Sunday.';

comment on column chicago.crimes_by_beat_and_hour.hour is
'Hour of the day, 0 to 23, Chicago wall clock. Null: the crimes at exactly 00:00 or 00:01, of which the time is not known.';

comment on column chicago.crimes_by_beat_and_hour.days is
'Complete days of that weekday in last_year, 52 at most. One Sunday in March has no hour 2, one in November two hours 1.';

comment on column chicago.crimes_by_beat_and_hour.crimes is
'Crimes of these days. Over all rows they add up to those of the complete days of last_year.';

comment on column chicago.crimes_by_beat_and_hour.expected_crimes is
'Crimes in one such hour: crimes by days. As published: of a whole last_year less than 1 in 100 is still to come. Null: the time is not known.';

comment on column chicago.crimes_by_beat_and_hour.crimes_variance is
'Variance of that number over the weeks, hours without a crime included. Equal to expected_crimes if chance alone were at work. Null: one day, or the time is not known.';

comment on column chicago.crimes_by_beat_and_hour.violent is 'Of crimes, violent index crimes by FBI code.';

comment on column chicago.crimes_by_beat_and_hour.expected_violent is
'Violent crimes in one such hour: violent by days. Null: the time is not known.';

comment on column chicago.crimes_by_beat_and_hour.violent_variance is
'Variance of that number over the weeks, hours without one included. Null: one day, or the time is not known.';
