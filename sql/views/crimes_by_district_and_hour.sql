-- One row is a police district, a day of the week and an hour, with a crime or without: what one such hour has, and how
-- far it strays from that; and one the crimes of the weekday of which the time is not known.
-- Reads: pipeline.time_sums, which follows the crimes, chicago.daily_crimes, chicago.place_periods_held,
-- chicago.police_stations.
-- Run by: tasks/warehouse/views.py.
--
-- The variance is over the weeks, those without a crime included: (sum of squares - sum * sum / days) / (days - 1).

create view chicago.crimes_by_district_and_hour as
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

sums as (
    select
        cast(time_sums.place as smallint) as district,
        time_sums.day_of_week,
        time_sums.part as hour,
        time_sums.crimes,
        time_sums.crimes_squared,
        time_sums.violent,
        time_sums.violent_squared
    from pipeline.time_sums
    where time_sums.counted = 'district hour'
),

listed as (
    select police_stations.district
    from chicago.police_stations
    union
    select sums.district
    from sums
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
        listed.district,
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
        sums.district,
        sums.day_of_week,
        sums.hour,
        sums.crimes,
        sums.crimes_squared,
        sums.violent,
        sums.violent_squared
    from sums
),

-- Put together by grouping: a join in which nulls are equal would compare each row with each.
added_up as (
    select
        framed.district,
        framed.day_of_week,
        framed.hour,
        sum(framed.crimes) as crimes,
        sum(framed.crimes_squared) as crimes_squared,
        sum(framed.violent) as violent,
        sum(framed.violent_squared) as violent_squared
    from framed
    group by framed.district, framed.day_of_week, framed.hour
),

rows_of_all as (
    select
        added_up.district,
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
    rows_of_all.district,
    coalesce(police_stations.district_name, 'unknown') as district_name,
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
from rows_of_all
-- Left: crimes can be in a district that is unknown or has no station.
left join chicago.police_stations on rows_of_all.district = police_stations.district;

comment on view chicago.crimes_by_district_and_hour is
'One row is a police district, a day of the week and an hour: what to expect of one such hour, and its spread; one is a weekday''s unknown times.
Unit: rows of crimes: an incident is one, and so is each victim of a homicide.
Definition: violent is summary UCR''s violent index by FBI code; the simple assaults and batteries of NIBRS are in crimes alone.
Base: an expected count is by all such hours, those without a crime included.
Period: the complete days of last_year, 52 of a weekday at most.
Chance: not tested; the variance is over the weeks, and equals expected_crimes where chance alone is at work.
Lateness: of a whole last_year less than 1 % is still to come.
Do not read it as the officers that an hour needs: recorded crimes are not calls for service.';

comment on column chicago.crimes_by_district_and_hour.district is 'Police district. Null: unknown.';

comment on column chicago.crimes_by_district_and_hour.district_name is
'Name of the district; unknown where it is, or where the district has no station.';

comment on column chicago.crimes_by_district_and_hour.day_of_week is '1 Monday to 7 Sunday (ISO 8601).';

comment on column chicago.crimes_by_district_and_hour.day_of_week_name is 'Monday to Sunday.';

comment on column chicago.crimes_by_district_and_hour.hour is
'Hour of the day, 0 to 23, Chicago wall clock. Null: the crimes at exactly 00:00 or 00:01, of which the time is not known.';

comment on column chicago.crimes_by_district_and_hour.days is
'Complete days of that weekday in last_year, 52 at most. One Sunday in March has no hour 2, one in November two hours 1.';

comment on column chicago.crimes_by_district_and_hour.crimes is
'Crimes of these days. Over all rows they add up to those of the complete days of last_year.';

comment on column chicago.crimes_by_district_and_hour.expected_crimes is
'Crimes in one such hour: crimes by days. As published: of a whole last_year less than 1 in 100 is still to come. Null: the time is not known.';

comment on column chicago.crimes_by_district_and_hour.crimes_variance is
'Variance of that number over the weeks, hours without a crime included. Equal to expected_crimes if chance alone were at work. Null: one day, or the time is not known.';

comment on column chicago.crimes_by_district_and_hour.violent is 'Of crimes, violent index crimes by FBI code.';

comment on column chicago.crimes_by_district_and_hour.expected_violent is
'Violent crimes in one such hour: violent by days. Null: the time is not known.';

comment on column chicago.crimes_by_district_and_hour.violent_variance is
'Variance of that number over the weeks, hours without one included. Null: one day, or the time is not known.';
