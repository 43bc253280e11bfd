-- One row is a time of day, compared per hour; and one for the crimes of which the time is not known.
-- Reads: chicago.hour_cube, chicago.daily_crimes. Run by: tasks/warehouse/views.py.

create view chicago.crimes_by_time_of_day as
with times_of_day as (
    select
        times.time_of_day,
        times.first_hour,
        times.last_hour
    from (
        values
        ('night', 0, 5),
        ('morning', 6, 11),
        ('afternoon', 12, 17),
        ('evening', 18, 23),
        ('unknown', null, null)
    ) as times (time_of_day, first_hour, last_hour)
),

complete_days as (
    select count(*) as days
    from chicago.daily_crimes
    where daily_crimes.is_complete
),

counts as (
    select
        times_of_day.time_of_day,
        times_of_day.first_hour,
        (times_of_day.last_hour - times_of_day.first_hour + 1) * complete_days.days as hours,
        coalesce(sum(hour_cube.crimes), 0) as crimes,
        coalesce(sum(hour_cube.crimes) filter (where hour_cube.is_complete), 0) as complete_crimes,
        coalesce(
            sum(case when hour_cube.is_unknown_time then hour_cube.crimes else hour_cube.at_one_past_midnight end), 0
        ) as crimes_at_placeholder_time,
        coalesce(sum(hour_cube.at_exact_noon), 0) as crimes_at_exact_noon,
        coalesce(
            sum(hour_cube.crimes - hour_cube.at_one_past_midnight) filter (where hour_cube.is_complete), 0
        ) as crimes_without_placeholders
    from times_of_day
    -- One row on the right.
    cross join complete_days
    -- Left: a time without a crime keeps its row. Each hour of the cube meets exactly one time of day.
    left join chicago.hour_cube
        on
            case
                when hour_cube.is_unknown_time then times_of_day.first_hour is null
                else hour_cube.hour between times_of_day.first_hour and times_of_day.last_hour
            end
    group by times_of_day.time_of_day, times_of_day.first_hour, times_of_day.last_hour, complete_days.days
),

rates as (
    select
        counts.time_of_day,
        counts.hours,
        counts.crimes,
        counts.complete_crimes / nullif(counts.hours, 0) as crimes_per_hour,
        counts.crimes_at_placeholder_time,
        counts.crimes_at_exact_noon,
        counts.crimes_without_placeholders / nullif(counts.hours, 0) as crimes_per_hour_without_placeholders
    from counts
)

select
    rates.time_of_day,
    rates.hours,
    cast(rates.crimes as bigint) as crimes,
    round(rates.crimes_per_hour, 2) as crimes_per_hour,
    round(rates.crimes / nullif(sum(rates.crimes) over (), 0), 4) as share,
    case
        when rates.crimes_per_hour is not null
            then rank() over (order by rates.crimes_per_hour desc nulls last)
    end as rank,
    cast(rates.crimes_at_placeholder_time as bigint) as crimes_at_placeholder_time,
    cast(rates.crimes_at_exact_noon as bigint) as crimes_at_exact_noon,
    round(rates.crimes_per_hour_without_placeholders, 2) as crimes_per_hour_without_placeholders,
    case
        when rates.crimes_per_hour_without_placeholders is not null
            then rank() over (order by rates.crimes_per_hour_without_placeholders desc nulls last)
    end as rank_without_placeholders
from rates;

comment on view chicago.crimes_by_time_of_day is
'One row is a time of day, compared per hour, and one the crimes at exactly 00:00, an unknown time.
Unit: rows of crimes: an incident is one, and so is each victim of a homicide.
Base: crimes an hour, six hours of each complete day; share is of all crimes.
Period: crimes and share are of all days held, crimes an hour of complete days.
Chance: no range. crimes_by_hour has one for each hour.
Lateness: crimes has days that still fill; rates are of complete days.
Do not compare nights by crimes_per_hour, which has 00:01, as unknown as 00:00: take crimes_per_hour_without_placeholders.';

comment on column chicago.crimes_by_time_of_day.time_of_day is
'night 0-5, morning 6-11, afternoon 12-17, evening 18-23, unknown: exactly 00:00.';

comment on column chicago.crimes_by_time_of_day.hours is
'Hours of complete days in it: see daily_crimes. Null for unknown.';

comment on column chicago.crimes_by_time_of_day.crimes is
'Crimes of all days; they add up to the rows of crimes.';

comment on column chicago.crimes_by_time_of_day.crimes_per_hour is
'Crimes an hour over complete days, those at 00:01 in night. Null for unknown and without a complete day.';

comment on column chicago.crimes_by_time_of_day.share is 'Share of all crimes, 0 to 1. Null: no crime.';

comment on column chicago.crimes_by_time_of_day.rank is
'Rank by crimes_per_hour, 1 the most. Null where that is null.';

comment on column chicago.crimes_by_time_of_day.crimes_at_placeholder_time is
'Of crimes, those at exactly 00:00 (all of unknown) or 00:01 (in night), which the City writes for an unknown time.';

comment on column chicago.crimes_by_time_of_day.crimes_at_exact_noon is
'Of crimes, those at exactly 12:00 (in afternoon). Some are of an unknown time, and nobody knows which.';

comment on column chicago.crimes_by_time_of_day.crimes_per_hour_without_placeholders is
'Crimes an hour over complete days, those at exactly 00:00 or 00:01 left out. Null for unknown and without a complete day.';

comment on column chicago.crimes_by_time_of_day.rank_without_placeholders is
'Rank by crimes_per_hour_without_placeholders, 1 the most. Null where that is null.';
