-- One row is a police district with a crime in the last year (or unknown), the arrests in its crimes, and those
-- expected of its kinds of crime.
-- Reads: chicago.crimes of the last year, chicago.crime_history, chicago.place_periods_held,
-- chicago.primary_type_spellings. Run by: tasks/warehouse/views.py; refreshed when the data changed.
--
-- Indirect standardisation (Breslow and Day, Statistical Methods in Cancer Research II, 1987, chapter 2): expected is
-- the sum over kinds of the district's crimes times the city's share of arrests in that kind, so that the ratio of
-- observed to expected is not one of narcotics and weapons, which are found by an arrest.
-- The interval is Byar's approximation of the exact Poisson limits (the same, page 69), 95 %, of counts divided by the
-- dispersion: how many times more than a Poisson count a district's weeks stray from its own ratio (Pearson, at least
-- 1; each week scaled to the city's arrests of that week, since those of newer crimes are still to come).
-- At 30 days means as we held the crime at the start of the 30th day after it, whatever came later, so that crimes of
-- any age are compared at one age. It begins with the crimes that we already held then.

create materialized view chicago.standardized_arrests as
with recent as (
    select
        crimes.district,
        coalesce(primary_type_spellings.primary_type, crimes.primary_description) as primary_type,
        crimes.arrest,
        (held.last_year_to - cast(crimes.date_of_occurrence as date)) / 7 as weeks_ago
    from chicago.crimes
    -- One row on the right.
    cross join chicago.place_periods_held as held
    -- Left: most kinds have one spelling.
    left join chicago.primary_type_spellings on crimes.primary_description = primary_type_spellings.published
    where
        -- By the index on date_of_occurrence.
        crimes.date_of_occurrence >= (select place_periods_held.last_year_from from chicago.place_periods_held)
        and crimes.date_of_occurrence < (select place_periods_held.last_year_to + 1 from chicago.place_periods_held)
),

cells as materialized (
    select
        recent.district,
        recent.primary_type,
        recent.weeks_ago,
        count(*) as crimes,
        count(*) filter (where recent.arrest) as arrests
    from recent
    group by recent.district, recent.primary_type, recent.weeks_ago
),

kinds as (
    select
        cells.primary_type,
        1.0 * sum(cells.arrests) / sum(cells.crimes) as arrest_share
    from cells
    group by cells.primary_type
),

weeks as (
    select
        cells.district,
        cells.weeks_ago,
        sum(cells.crimes) as crimes,
        sum(cells.arrests) as observed,
        sum(cells.crimes * kinds.arrest_share) as expected
    from cells
    -- Inner: each kind of a cell is there.
    inner join kinds on cells.primary_type = kinds.primary_type
    group by cells.district, cells.weeks_ago
),

districts as (
    select
        weeks.district,
        sum(weeks.crimes) as crimes,
        sum(weeks.observed) as observed,
        sum(weeks.expected) as expected
    from weeks
    group by weeks.district
),

city_weeks as (
    select
        weeks.weeks_ago,
        sum(weeks.observed) / nullif(sum(weeks.expected), 0) as factor
    from weeks
    group by weeks.weeks_ago
),

fitted as (
    select
        weeks.observed,
        weeks.expected * city_weeks.factor * districts.observed / nullif(districts.expected, 0) as fitted
    from weeks
    -- Inner: each week and each district of it is there. Of unknown districts nothing is compared.
    inner join city_weeks on weeks.weeks_ago = city_weeks.weeks_ago
    inner join districts on weeks.district = districts.district
),

strayed as (
    select
        sum(power(fitted.observed - fitted.fitted, 2) / fitted.fitted)
        / nullif(
            count(*)
            - (select count(*) from districts where districts.district is not null and districts.observed > 0)
            - (select count(*) - 1 from city_weeks),
            0
        ) as dispersion
    from fitted
    where fitted.fitted > 0
),

versions as (
    select
        crimes.district,
        crimes.primary_description,
        crimes.arrest,
        crimes.loaded_at,
        cast('infinity' as timestamp with time zone) as retired_at,
        cast(crimes.date_of_occurrence as date) as date
    from chicago.crimes
    where
        crimes.date_of_occurrence
        >= (select place_periods_held.last_year_from from chicago.place_periods_held)
    union all
    select
        crime_history.district,
        crime_history.primary_description,
        crime_history.arrest,
        crime_history.loaded_at,
        crime_history.retired_at,
        cast(crime_history.date_of_occurrence as date) as date
    from chicago.crime_history
    where
        crime_history.date_of_occurrence
        >= (select place_periods_held.last_year_from from chicago.place_periods_held)
),

held_at_30_days as (
    select
        versions.district,
        coalesce(primary_type_spellings.primary_type, versions.primary_description) as primary_type,
        versions.arrest
    from versions
    -- One row on the right.
    cross join chicago.place_periods_held as held
    -- Left: as above.
    left join chicago.primary_type_spellings on versions.primary_description = primary_type_spellings.published
    where
        -- A day is complete at 21 days, and these are to be 30 days old.
        versions.date <= held.last_year_to - 9
        and chicago.wall_clock(versions.loaded_at) <= versions.date + 30
        and chicago.wall_clock(versions.retired_at) > versions.date + 30
),

kinds_at_30_days as (
    select
        held_at_30_days.primary_type,
        1.0 * count(*) filter (where held_at_30_days.arrest) / count(*) as arrest_share
    from held_at_30_days
    group by held_at_30_days.primary_type
),

districts_at_30_days as (
    select
        held_at_30_days.district,
        count(*) as crimes,
        count(*) filter (where held_at_30_days.arrest) as observed,
        sum(kinds_at_30_days.arrest_share) as expected
    from held_at_30_days
    -- Inner: each kind of these crimes is there.
    inner join kinds_at_30_days on held_at_30_days.primary_type = kinds_at_30_days.primary_type
    group by held_at_30_days.district
),

compared as (
    select
        districts.district,
        districts.crimes,
        districts.observed,
        districts.expected,
        greatest(1, coalesce(strayed.dispersion, 1)) as dispersion,
        -- What Byar's limits are made of: counts as if there were as many as they tell.
        cast(districts.observed / greatest(1, coalesce(strayed.dispersion, 1)) as double precision) as low_count,
        cast(districts.observed / greatest(1, coalesce(strayed.dispersion, 1)) + 1 as double precision)
            as high_count,
        cast(nullif(districts.expected, 0) / greatest(1, coalesce(strayed.dispersion, 1)) as double precision)
            as told
    from districts
    -- One row on the right.
    cross join strayed
)

select
    compared.district,
    compared.crimes,
    compared.observed as arrests,
    round(compared.expected, 2) as expected_arrests,
    round(compared.observed / nullif(compared.expected, 0), 4) as ratio,
    case
        when compared.told is null then null
        when compared.low_count = 0 then 0
        else
            round(
                cast(
                    compared.low_count / compared.told
                    * power(
                        greatest(1 - 1 / (9 * compared.low_count) - 1.959964 / (3 * sqrt(compared.low_count)), 0), 3
                    ) as numeric
                ),
                4
            )
    end as ratio_low,
    round(
        cast(
            compared.high_count / compared.told
            * power(1 - 1 / (9 * compared.high_count) + 1.959964 / (3 * sqrt(compared.high_count)), 3) as numeric
        ),
        4
    ) as ratio_high,
    round(cast(compared.dispersion as numeric), 3) as dispersion,
    coalesce(districts_at_30_days.crimes, 0) as crimes_at_30_days,
    districts_at_30_days.observed as arrests_at_30_days,
    round(districts_at_30_days.expected, 2) as expected_arrests_at_30_days,
    round(districts_at_30_days.observed / nullif(districts_at_30_days.expected, 0), 4) as ratio_at_30_days
from compared
-- Left: of a district we may have held no crime at 30 days.
left join districts_at_30_days on compared.district is not distinct from districts_at_30_days.district;

create unique index standardized_arrests_key on chicago.standardized_arrests (district) nulls not distinct;

comment on materialized view chicago.standardized_arrests is
'One row is a police district (or unknown): crimes of last_year with an arrest, beside those expected of its kinds of crime.
Unit: crimes with an arrest: not persons.
Base: expected_arrests: the district''s crimes of each kind times the city''s share of arrests in that kind.
Period: last_year; at 30 days, those of its crimes that we already held then.
Chance: a 95 % interval for each district by itself: of 22, one outside 1 is no surprise.
Lateness: newer crimes still gain arrests, in all districts; ratio_at_30_days is of one age.
Do not read a ratio as effort, nor an arrest as a clearance: it says nothing of officers or calls.';

comment on column chicago.standardized_arrests.district is 'Police district. Null: unknown.';

comment on column chicago.standardized_arrests.crimes is 'Crimes of last_year: see place_periods.';

comment on column chicago.standardized_arrests.arrests is
'Of them, those with an arrest until now. Newer crimes still gain arrests.';

comment on column chicago.standardized_arrests.expected_arrests is
'Crimes of the district times the city''s share of arrests, summed over kinds of crime. Over all districts they add up to arrests.';

comment on column chicago.standardized_arrests.ratio is
'arrests by expected_arrests: 1 is what the city has in such crimes. Null: none is expected.';

comment on column chicago.standardized_arrests.ratio_low is
'Lower end of the 95 % interval of ratio, of counts that stray as dispersion says. Null: none is expected.';

comment on column chicago.standardized_arrests.ratio_high is
'Upper end of the 95 % interval of ratio. Of 22 districts, one outside 1 is no surprise. Null: none is expected.';

comment on column chicago.standardized_arrests.dispersion is
'How many times more than a Poisson count the weeks of districts stray from their own ratio; at least 1. The same for all.';

comment on column chicago.standardized_arrests.crimes_at_30_days is
'Crimes of last_year that we held at the start of the 30th day after them. 0 until we have loaded for that long.';

comment on column chicago.standardized_arrests.arrests_at_30_days is
'Of them, those that had an arrest then. Null: there are none.';

comment on column chicago.standardized_arrests.expected_arrests_at_30_days is
'As expected_arrests, of the crimes and arrests at 30 days. Null: there are none.';

comment on column chicago.standardized_arrests.ratio_at_30_days is
'arrests_at_30_days by expected_arrests_at_30_days. Null: none is expected.';
