-- One row is a ward (or unknown), a day of the week and a time of day: its domestic crimes of the last year.
-- Reads: chicago.last_year_crimes, chicago.daily_crimes, chicago.place_periods_held, chicago.ward_offices.
-- Run by: tasks/warehouse/views.py; refreshed when the data changed.
--
-- Violence is a battery, an assault, a homicide, a sexual assault or a robbery of whatever degree, and not what summary
-- UCR calls violent, which has no simple battery: most domestic violence is that. The variance is over the weeks, those
-- without a crime included.

create materialized view chicago.domestic_violence_by_ward_and_time as
with held as materialized (
    select
        periods.last_year_from,
        periods.last_year_to,
        chicago.ward_map_since(periods.last_year_from) = chicago.ward_map_since('infinity') as is_of_todays_map
    from chicago.place_periods_held as periods
),

weekdays as (
    select
        cast(extract(isodow from daily_crimes.date) as smallint) as day_of_week,
        count(*) as days
    from chicago.daily_crimes
    -- Inner: one row, which says of which days.
    inner join held on daily_crimes.date between held.last_year_from and held.last_year_to
    where daily_crimes.is_complete
    group by cast(extract(isodow from daily_crimes.date) as smallint)
),

times as (
    select
        times.time_of_day,
        times.quarter
    from (
        values ('night', 0), ('morning', 1), ('afternoon', 2), ('evening', 3), ('unknown', null)
    ) as times (time_of_day, quarter)
),

cells as (
    select
        crimes.ward,
        crimes.date,
        crimes.day_of_week,
        crimes.hour / 6 as quarter,
        count(*) as domestic_crimes,
        count(*) filter (
            where crimes.primary_type in (
                'ASSAULT', 'BATTERY', 'CRIMINAL SEXUAL ASSAULT', 'HOMICIDE', 'ROBBERY'
            )
        ) as violence,
        count(*) filter (where crimes.is_violent) as violent_index
    from chicago.last_year_crimes as crimes
    where crimes.domestic
    group by crimes.ward, crimes.date, crimes.day_of_week, crimes.hour / 6
),

sums as (
    select
        cells.ward,
        cells.day_of_week,
        cells.quarter,
        sum(cells.domestic_crimes) as domestic_crimes,
        sum(cells.violence) as violence,
        sum(cells.violence * cells.violence) as violence_squared,
        sum(cells.violent_index) as violent_index
    from cells
    group by cells.ward, cells.day_of_week, cells.quarter
),

listed as (
    select ward_offices.ward
    from chicago.ward_offices
    union
    select sums.ward
    from sums
),

rows_of_all as (
    select
        listed.ward,
        weekdays.day_of_week,
        weekdays.days,
        times.time_of_day,
        held.is_of_todays_map,
        coalesce(sums.domestic_crimes, 0) as domestic_crimes,
        coalesce(sums.violence, 0) as violence,
        coalesce(sums.violence_squared, 0) as violence_squared,
        coalesce(sums.violent_index, 0) as violent_index
    from listed
    -- One row, seven, and five for each of them.
    cross join held
    cross join weekdays
    cross join times
    -- Left: a time without a crime keeps its row.
    left join sums
        on
            -- Equal also where both are unknown; by a join on values, which need not compare each row with each.
            coalesce(listed.ward, 0) = coalesce(sums.ward, 0)
            and weekdays.day_of_week = sums.day_of_week
            and coalesce(times.quarter, -1) = coalesce(sums.quarter, -1)
)

select
    rows_of_all.ward,
    coalesce(cast(rows_of_all.ward as text), 'unknown') as ward_name,
    rows_of_all.day_of_week,
    (array['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'])[rows_of_all.day_of_week]
        as day_of_week_name,
    rows_of_all.time_of_day,
    rows_of_all.days,
    cast(rows_of_all.domestic_crimes as bigint) as domestic_crimes,
    cast(rows_of_all.violence as bigint) as domestic_violence,
    cast(rows_of_all.violent_index as bigint) as domestic_violent_index,
    case when rows_of_all.time_of_day <> 'unknown' then round(rows_of_all.violence / rows_of_all.days, 4) end
        as expected_violence,
    case
        when rows_of_all.time_of_day <> 'unknown'
            then
                round(
                    (rows_of_all.violence_squared - rows_of_all.violence * rows_of_all.violence / rows_of_all.days)
                    / nullif(rows_of_all.days - 1, 0),
                    4
                )
    end as violence_variance,
    rows_of_all.is_of_todays_map
from rows_of_all;

create unique index domestic_violence_by_ward_and_time_key on chicago.domestic_violence_by_ward_and_time (
    ward, day_of_week, time_of_day
) nulls not distinct;

comment on materialized view chicago.domestic_violence_by_ward_and_time is
'One row is a ward (or unknown), a day of the week and a time of day: its domestic crimes, as recorded.
Unit: rows of crimes under the Illinois Domestic Violence Act: an incident is one, and so is each victim of a homicide.
Definition: domestic_violence has batteries, assaults, sexual assaults, robberies and homicides of whatever degree; domestic_violent_index is summary UCR''s index, without simple batteries. Neither is a class of NIBRS.
Base: an expected count is by all such times, those without a crime included.
Period: the complete days of last_year; is_of_todays_map says whether wards were then as now.
Chance: not tested; the variance is over the weeks.
Lateness: of a whole last_year less than 1 % is still to come.
Do not read fewer records as less violence: much of it is never reported, and not equally seldom everywhere.';

comment on column chicago.domestic_violence_by_ward_and_time.ward is 'Ward. Null: unknown.';

comment on column chicago.domestic_violence_by_ward_and_time.ward_name is 'The ward as text, or unknown.';

comment on column chicago.domestic_violence_by_ward_and_time.day_of_week is '1 Monday to 7 Sunday (ISO 8601).';

comment on column chicago.domestic_violence_by_ward_and_time.day_of_week_name is 'Monday to Sunday.';

comment on column chicago.domestic_violence_by_ward_and_time.time_of_day is
'night 0-5, morning 6-11, afternoon 12-17, evening 18-23, unknown: exactly 00:00 or 00:01.';

comment on column chicago.domestic_violence_by_ward_and_time.days is
'Complete days of that weekday in last_year, 52 at most.';

comment on column chicago.domestic_violence_by_ward_and_time.domestic_crimes is
'Crimes under the Illinois Domestic Violence Act. Over all rows they add up to those of the complete days of last_year.';

comment on column chicago.domestic_violence_by_ward_and_time.domestic_violence is
'Of them, batteries, assaults, sexual assaults, robberies and homicides of whatever degree.';

comment on column chicago.domestic_violence_by_ward_and_time.domestic_violent_index is
'Of them, violent index crimes by FBI code, to which simple batteries and assaults do not belong.';

comment on column chicago.domestic_violence_by_ward_and_time.expected_violence is
'domestic_violence in one such time: by days. Null: the time is not known.';

comment on column chicago.domestic_violence_by_ward_and_time.violence_variance is
'Variance of that number over the weeks, those without one included. Null: one day, or the time is not known.';

comment on column chicago.domestic_violence_by_ward_and_time.is_of_todays_map is
'Whether all of last_year is of the map of wards of 15 May 2023: before it, a number is another area.';
