-- One row is a police district, a day of the week and a watch of it: what one such watch has, and how far it strays
-- from that; and one the crimes of the weekday of which the time is not known.
-- Reads: pipeline.time_sums, which follows the crimes, chicago.watches, chicago.daily_crimes,
-- chicago.place_periods_held, chicago.police_stations.
-- Run by: tasks/warehouse/views.py.
--
-- A watch is compared where all its hours are of complete days: the first watch of a day begins on the evening before.

create view chicago.crimes_by_district_and_watch as
with complete_days as materialized (
    select daily_crimes.date
    from chicago.daily_crimes
    -- Inner: one row, which says of which days.
    inner join chicago.place_periods_held as held
        on daily_crimes.date between held.last_year_from and held.last_year_to
    where daily_crimes.is_complete
),

occurrences as (
    select
        watches.watch,
        complete_days.date as watch_date,
        cast(extract(isodow from complete_days.date) as smallint) as day_of_week
    from complete_days
    -- Three rows on the right.
    cross join chicago.watches
    where
        watches.starts_at_hour < watches.ends_at_hour
        or exists (select 1 from complete_days as eves where eves.date = complete_days.date - 1)
),

weekdays as (
    select
        occurrences.watch,
        occurrences.day_of_week,
        count(*) as watches
    from occurrences
    group by occurrences.watch, occurrences.day_of_week
    union all
    -- The row of unknown times.
    select
        cast(null as smallint) as watch,
        cast(extract(isodow from complete_days.date) as smallint) as day_of_week,
        count(*) as watches
    from complete_days
    group by cast(extract(isodow from complete_days.date) as smallint)
),

sums as (
    select
        cast(time_sums.place as smallint) as district,
        time_sums.part as watch,
        time_sums.day_of_week,
        -- Numerics, since means are made of them.
        cast(time_sums.crimes as numeric) as crimes,
        cast(time_sums.crimes_squared as numeric) as crimes_squared,
        cast(time_sums.violent as numeric) as violent,
        cast(time_sums.violent_squared as numeric) as violent_squared
    from pipeline.time_sums
    where time_sums.counted = 'district watch'
),

listed as (
    select police_stations.district
    from chicago.police_stations
    union
    select sums.district
    from sums
),

rows_of_all as (
    select
        listed.district,
        weekdays.day_of_week,
        weekdays.watch,
        weekdays.watches,
        coalesce(sums.crimes, 0) as crimes,
        coalesce(sums.crimes_squared, 0) as crimes_squared,
        coalesce(sums.violent, 0) as violent,
        coalesce(sums.violent_squared, 0) as violent_squared
    from listed
    -- 28 rows on the right.
    cross join weekdays
    -- Left: a watch without a crime keeps its row.
    left join sums
        on
            listed.district is not distinct from sums.district
            and weekdays.day_of_week = sums.day_of_week
            and weekdays.watch is not distinct from sums.watch
)

select
    rows_of_all.district,
    coalesce(police_stations.district_name, 'unknown') as district_name,
    rows_of_all.day_of_week,
    (array['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'])[rows_of_all.day_of_week]
        as day_of_week_name,
    rows_of_all.watch,
    coalesce(watches.watch_name, 'unknown') as watch_name,
    rows_of_all.watches,
    cast(rows_of_all.crimes as bigint) as crimes,
    case when rows_of_all.watch is not null then round(rows_of_all.crimes / rows_of_all.watches, 4) end
        as expected_crimes,
    case
        when rows_of_all.watch is not null
            then
                round(
                    (rows_of_all.crimes_squared - rows_of_all.crimes * rows_of_all.crimes / rows_of_all.watches)
                    / nullif(rows_of_all.watches - 1, 0),
                    4
                )
    end as crimes_variance,
    cast(rows_of_all.violent as bigint) as violent,
    case when rows_of_all.watch is not null then round(rows_of_all.violent / rows_of_all.watches, 4) end
        as expected_violent,
    case
        when rows_of_all.watch is not null
            then
                round(
                    (rows_of_all.violent_squared - rows_of_all.violent * rows_of_all.violent / rows_of_all.watches)
                    / nullif(rows_of_all.watches - 1, 0),
                    4
                )
    end as violent_variance
from rows_of_all
-- Left: the time can be unknown.
left join chicago.watches on rows_of_all.watch = watches.watch
-- Left: crimes can be in a district that is unknown or has no station.
left join chicago.police_stations on rows_of_all.district = police_stations.district;

comment on view chicago.crimes_by_district_and_watch is
'One row is a police district, a day of the week and a watch: what to expect of one such watch, and its spread; one is a weekday''s unknown times.
Unit: rows of crimes: an incident is one, and so is each victim of a homicide.
Definition: violent is summary UCR''s violent index by FBI code; the simple assaults and batteries of NIBRS are in crimes alone.
Base: an expected count is by all such watches of complete days, those without a crime included.
Period: last_year, 52 watches of a weekday at most; the first watch of a day begins on the evening before.
Chance: not tested; the variance is over the weeks, and equals expected_crimes where chance alone is at work.
Lateness: of a whole last_year less than 1 % is still to come.
Do not read it as the officers that a watch needs: recorded crimes are not calls for service.';

comment on column chicago.crimes_by_district_and_watch.district is 'Police district. Null: unknown.';

comment on column chicago.crimes_by_district_and_watch.district_name is
'Name of the district; unknown where it is, or where the district has no station.';

comment on column chicago.crimes_by_district_and_watch.day_of_week is
'1 Monday to 7 Sunday (ISO 8601), of the day that the watch is of: the first watch of Monday begins on Sunday at 22:00.';

comment on column chicago.crimes_by_district_and_watch.day_of_week_name is 'Monday to Sunday.';

comment on column chicago.crimes_by_district_and_watch.watch is
'1, 2 or 3: see watches. Null: the crimes at exactly 00:00 or 00:01, of which the time is not known.';

comment on column chicago.crimes_by_district_and_watch.watch_name is 'As the police call it, or unknown.';

comment on column chicago.crimes_by_district_and_watch.watches is
'How many such watches of last_year are of complete days alone, 52 at most.';

comment on column chicago.crimes_by_district_and_watch.crimes is
'Crimes of these watches. Half a first watch at either end of the days held is left out.';

comment on column chicago.crimes_by_district_and_watch.expected_crimes is
'Crimes in one such watch: crimes by watches. As published: of a whole last_year less than 1 in 100 is still to come. Null: the time is not known.';

comment on column chicago.crimes_by_district_and_watch.crimes_variance is
'Variance of that number over the weeks, watches without a crime included. Equal to expected_crimes if chance alone were at work. Null: one watch, or the time is not known.';

comment on column chicago.crimes_by_district_and_watch.violent is 'Of crimes, violent index crimes by FBI code.';

comment on column chicago.crimes_by_district_and_watch.expected_violent is
'Violent crimes in one such watch: violent by watches. Null: the time is not known.';

comment on column chicago.crimes_by_district_and_watch.violent_variance is
'Variance of that number over the weeks, watches without one included. Null: one watch, or the time is not known.';
