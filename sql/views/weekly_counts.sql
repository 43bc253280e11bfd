-- One row is a part of the city (one of its five counts, a district, ward, beat, kind of crime or hour of the day) and
-- a week of its newest 56 with at least one crime: what the comparisons of 28 days are made of. A week is seven days
-- that end on the weekday of the newest complete day, so that the newest four are the newest 28 complete days.
-- Reads: chicago.daily_crimes, chicago.daily_cube, pipeline.hour_counts, which follows the crimes, chicago.crimes (of
-- these weeks alone, by its index), chicago.primary_type_spellings.
-- Run by: tasks/warehouse/views.py; refreshed when the data changed.

create materialized view chicago.weekly_counts as
with newest as (
    select max(daily_crimes.date) as last_date
    from chicago.daily_crimes
    where daily_crimes.is_complete
),

days as (
    select
        daily_crimes.date,
        (newest.last_date - daily_crimes.date) / 7 as weeks_before,
        daily_crimes.crimes,
        daily_crimes.violent,
        daily_crimes.property,
        daily_crimes.arrests,
        daily_crimes.domestic
    from chicago.daily_crimes
    -- One row on the right.
    cross join newest
    -- Days that are not complete, or of no such week, are not compared.
    where daily_crimes.is_complete and daily_crimes.date > newest.last_date - 392
),

city as (
    select
        'city' as family,  -- noqa: RF04
        counts.counted as member,
        days.weeks_before,
        sum(counts.crimes) as crimes
    from days
    -- Five rows on the right: each day has all five counts.
    cross join
        lateral (
            values
            ('crimes', days.crimes),
            ('violent', days.violent),
            ('property', days.property),
            ('arrests', days.arrests),
            ('domestic', days.domestic)
        ) as counts (counted, crimes)
    group by counts.counted, days.weeks_before
),

districts as (
    select
        'district' as family,  -- noqa: RF04
        cast(daily_cube.district as text) as member,
        days.weeks_before,
        sum(daily_cube.crimes) as crimes
    from days
    -- Inner: each day has its districts.
    inner join chicago.daily_cube on days.date = daily_cube.date
    group by daily_cube.district, days.weeks_before
),

hours as (
    select
        'hour' as family,  -- noqa: RF04
        cast(hour_counts.hour as text) as member,
        days.weeks_before,
        sum(hour_counts.crimes) as crimes
    from days
    -- Inner: each day has its hours.
    inner join pipeline.hour_counts on days.date = hour_counts.date
    where not hour_counts.is_unknown_time
    group by hour_counts.hour, days.weeks_before
),

recent_crimes as (
    select
        ((select newest.last_date from newest) - cast(crimes.date_of_occurrence as date)) / 7 as weeks_before,
        crimes.ward,
        crimes.beat,
        coalesce(primary_type_spellings.primary_type, crimes.primary_description) as primary_type
    from chicago.crimes
    -- Left: most kinds have one spelling.
    left join chicago.primary_type_spellings on crimes.primary_description = primary_type_spellings.published
    -- Both bounds, so that the index is taken.
    where
        crimes.date_of_occurrence >= (select newest.last_date - 391 from newest)
        and crimes.date_of_occurrence < (select newest.last_date + 1 from newest)
),

places as (
    select
        case
            when grouping(recent_crimes.ward) = 0 then 'ward'
            when grouping(recent_crimes.beat) = 0 then 'beat'
            else 'kind'
        end as family,  -- noqa: RF04
        coalesce(cast(recent_crimes.ward as text), recent_crimes.beat, recent_crimes.primary_type) as member,
        recent_crimes.weeks_before,
        count(*) as crimes
    from recent_crimes
    group by
        grouping sets (
            (recent_crimes.weeks_before, recent_crimes.ward),
            (recent_crimes.weeks_before, recent_crimes.beat),
            (recent_crimes.weeks_before, recent_crimes.primary_type)
        )
),

counts as (
    select
        city.family,
        city.member,
        city.weeks_before,
        city.crimes
    from city
    union all
    select
        districts.family,
        districts.member,
        districts.weeks_before,
        districts.crimes
    from districts
    union all
    select
        hours.family,
        hours.member,
        hours.weeks_before,
        hours.crimes
    from hours
    union all
    select
        places.family,
        places.member,
        places.weeks_before,
        places.crimes
    from places
),

complete_weeks as (
    select days.weeks_before
    from days
    group by days.weeks_before
    having count(*) = 7
)

select
    counts.family,
    counts.member,
    cast(counts.weeks_before as smallint) as weeks_before,
    cast(counts.crimes as bigint) as crimes
from counts
-- Inner: a week that we do not hold whole is not compared.
inner join complete_weeks on counts.weeks_before = complete_weeks.weeks_before;

create unique index weekly_counts_key on chicago.weekly_counts (
    family, member, weeks_before
) nulls not distinct;

comment on materialized view chicago.weekly_counts is
'One row is a part of the city (see family) and one of its newest 56 complete weeks with a crime.
Base of family_dispersions, recent_changes and city_last_28_days.
Unit: rows of crimes: incidents, and each victim of a homicide; of family hour, those at a known time.
Period: 56 weeks of seven complete days, the newest of which ends with the newest complete day.';

comment on column chicago.weekly_counts.family is
'What is compared with each other: city (its five counts), district, ward, beat, kind, hour.';

comment on column chicago.weekly_counts.member is
'Which of them: crimes, violent and so on for city; the number of a district, ward or hour; a beat; a kind. Null: unknown.';

comment on column chicago.weekly_counts.weeks_before is
'Weeks before the newest: 0 is the seven days that end with the newest complete day.';

comment on column chicago.weekly_counts.crimes is
'Rows of crimes; of family hour, those at a known time. A week without one has no row.';
