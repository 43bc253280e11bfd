-- One row is a holiday, its eve, the night after it or the day after it, in a police district, over the newest two
-- years of complete days: its crimes beside those of ordinary days.
-- Reads: chicago.crimes of the newest two years, chicago.daily_crimes, chicago.dates, chicago.fbi_codes,
-- chicago.police_stations. Run by: tasks/warehouse/views.py; refreshed when the data changed.
--
-- Expected is the mean of the same weekday over the four weeks before and after; holidays, their eves, the days after
-- them and firsts of a month are left out. All is counted without 00:00 and 00:01, which stand for an unknown time, and
-- on the first of a month for an unknown day.
-- The dispersion of a part is pooled over districts and holidays, as in crimes_by_holiday_date: the sum of
-- (count - expected)^2 / expected of ordinary days, by their degrees of freedom, and at least 1. The range is
-- expected +- 3.05 * sqrt(dispersion * expected * (1 + 1 / ordinary days)) + 1.38 * dispersion, where all 22 districts
-- of an ordinary day lie 19 times of 20: 3.05 is the normal quantile at 1 - (1 - 0.95^(1/22)) / 2, and 1.38, which is
-- (3.05^2 - 1) / 6, corrects for the skew of small counts (Cornish and Fisher, 1938). Where less than 2.33 dispersions
-- are expected, none at all is no surprise: the lower end is 0.

create materialized view chicago.crimes_by_holiday_and_district as
with newest as (
    select max(daily_crimes.date) as last_date
    from chicago.daily_crimes
    where daily_crimes.is_complete
),

complete_days as materialized (
    select daily_crimes.date
    from chicago.daily_crimes
    -- One row on the right.
    cross join newest
    where daily_crimes.is_complete and daily_crimes.date > newest.last_date - 728
),

counted as materialized (
    select
        crimes.district,
        complete_days.date,
        count(*) as crimes,
        count(*) filter (where fbi_codes.is_violent) as violent,
        count(*) filter (where extract(hour from crimes.date_of_occurrence) < 6) as night_crimes,
        count(*) filter (where extract(hour from crimes.date_of_occurrence) < 6 and fbi_codes.is_violent)
            as night_violent
    from chicago.crimes
    -- Inner: days that are not complete are not compared.
    inner join complete_days on cast(crimes.date_of_occurrence as date) = complete_days.date
    -- Left: codes can be newer than the list.
    left join chicago.fbi_codes on crimes.fbi_code = fbi_codes.fbi_code
    where
        cast(crimes.date_of_occurrence as time) >= time '00:02'
        -- By the index on date_of_occurrence: two years, whatever is held.
        and crimes.date_of_occurrence >= (select newest.last_date - 727 from newest)
        and crimes.date_of_occurrence < (select newest.last_date + 1 from newest)
    group by crimes.district, complete_days.date
),

parts as (
    select
        parts.part,
        parts.days_after,
        parts.is_night
    from (
        values
        ('eve', -1, false),
        ('day', 0, false),
        ('night after', 1, true),
        ('day after', 1, false)
    ) as parts (part, days_after, is_night)
),

special as materialized (
    select distinct dates.date + neighbours.days_after as date
    from chicago.dates
    -- Three rows on the right.
    cross join (values (-1), (0), (1)) as neighbours (days_after)
    where dates.actual_holiday_name is not null
    union
    select dates.date
    from chicago.dates
    where dates.holiday_name is not null or dates.day = 1
),

holidays as materialized (
    select
        dates.actual_holiday_name as holiday_name,
        parts.part,
        parts.is_night,
        complete_days.date
    from chicago.dates
    -- Four rows on the right.
    cross join parts
    -- Inner: a day that is not complete is not compared.
    inner join complete_days on dates.date + parts.days_after = complete_days.date
    where dates.actual_holiday_name is not null
),

ordinary_days as materialized (
    select
        holidays.holiday_name,
        holidays.part,
        holidays.is_night,
        holidays.date,
        complete_days.date as ordinary_date
    from holidays
    -- Eight rows on the right.
    cross join generate_series(-28, 28, 7) as weeks (days)
    -- Inner: with fewer than four of them below, the holiday is not compared.
    inner join complete_days on holidays.date + weeks.days = complete_days.date
    where
        weeks.days <> 0
        and not exists (select 1 from special where special.date = holidays.date + weeks.days)
),

enough as (
    select
        ordinary_days.part,
        ordinary_days.holiday_name,
        ordinary_days.date,
        count(*) as ordinary_days
    from ordinary_days
    group by ordinary_days.part, ordinary_days.holiday_name, ordinary_days.date
    having count(*) >= 4
),

districts as (
    select police_stations.district
    from chicago.police_stations
    union
    select counted.district
    from counted
),

measured as (
    select
        districts.district,
        ordinary_days.holiday_name,
        ordinary_days.part,
        ordinary_days.date,
        coalesce(case when ordinary_days.is_night then counted.night_crimes else counted.crimes end, 0) as crimes,
        coalesce(case when ordinary_days.is_night then counted.night_violent else counted.violent end, 0) as violent
    from ordinary_days
    cross join districts
    -- Left: a district can have no crime on a day.
    left join counted
        on
            ordinary_days.ordinary_date = counted.date
            and districts.district is not distinct from counted.district
),

means as (
    select
        measured.district,
        measured.holiday_name,
        measured.part,
        measured.date,
        count(*) as ordinary_days,
        avg(measured.crimes) as expected,
        avg(measured.violent) as expected_violent,
        -- Over the days of one holiday, (count - mean)^2 / mean adds up to (n - 1) * variance / mean.
        (count(*) - 1) * var_samp(measured.crimes) / nullif(avg(measured.crimes), 0) as strayed,
        (count(*) - 1) * var_samp(measured.violent) / nullif(avg(measured.violent), 0) as strayed_violent
    from measured
    group by measured.district, measured.holiday_name, measured.part, measured.date
),

dispersions as (
    select
        means.part,
        greatest(
            1, sum(means.strayed) / nullif(sum(means.ordinary_days - 1) filter (where means.strayed is not null), 0)
        ) as dispersion,
        greatest(
            1,
            sum(means.strayed_violent)
            / nullif(sum(means.ordinary_days - 1) filter (where means.strayed_violent is not null), 0)
        ) as dispersion_violent
    from means
    group by means.part
),

compared as (
    select
        districts.district,
        holidays.holiday_name,
        holidays.part,
        count(*) as days_held,
        count(enough.date) as days,
        max(holidays.date) as last_date,
        sum(coalesce(case when holidays.is_night then counted.night_crimes else counted.crimes end, 0)) filter (
            where enough.date is not null
        ) as crimes,
        sum(coalesce(case when holidays.is_night then counted.night_violent else counted.violent end, 0)) filter (
            where enough.date is not null
        ) as violent,
        sum(means.expected) filter (where enough.date is not null) as expected,
        sum(means.expected_violent) filter (where enough.date is not null) as expected_violent,
        sum(means.expected * (1 + 1.0 / means.ordinary_days)) filter (where enough.date is not null) as told,
        sum(means.expected_violent * (1 + 1.0 / means.ordinary_days)) filter (where enough.date is not null)
            as told_violent
    from holidays
    cross join districts
    -- Left: a holiday with fewer than four ordinary days is held and not compared.
    left join enough
        on
            holidays.holiday_name = enough.holiday_name
            and holidays.part = enough.part
            and holidays.date = enough.date
    left join means
        on
            holidays.holiday_name = means.holiday_name
            and holidays.part = means.part
            and holidays.date = means.date
            and districts.district is not distinct from means.district
    -- Left: a district can have no crime on a day.
    left join counted
        on
            holidays.date = counted.date
            and districts.district is not distinct from counted.district
    group by districts.district, holidays.holiday_name, holidays.part
),

spreads as (
    select
        compared.district,
        compared.holiday_name,
        compared.part,
        compared.days_held,
        compared.days,
        compared.last_date,
        compared.crimes,
        compared.violent,
        compared.expected,
        compared.expected_violent,
        dispersions.dispersion,
        dispersions.dispersion_violent,
        3.05 * sqrt(dispersions.dispersion * compared.told) as half_range,
        3.05 * sqrt(dispersions.dispersion_violent * compared.told_violent) as half_range_violent
    from compared
    -- Left: where nothing is compared, nothing strays.
    left join dispersions on compared.part = dispersions.part
),

ranges as (
    select
        spreads.district,
        spreads.holiday_name,
        spreads.part,
        spreads.days_held,
        spreads.days,
        spreads.last_date,
        spreads.crimes,
        spreads.violent,
        spreads.expected,
        spreads.expected_violent,
        case
            when spreads.expected < 2.33 * spreads.dispersion then 0
            else spreads.expected + 1.38 * spreads.dispersion - spreads.half_range
        end as low,
        spreads.expected + 1.38 * spreads.dispersion + spreads.half_range as high,
        case
            when spreads.expected_violent < 2.33 * spreads.dispersion_violent then 0
            else spreads.expected_violent + 1.38 * spreads.dispersion_violent - spreads.half_range_violent
        end as low_violent,
        spreads.expected_violent + 1.38 * spreads.dispersion_violent + spreads.half_range_violent as high_violent
    from spreads
)

select
    ranges.holiday_name,
    ranges.part,
    ranges.district,
    coalesce(police_stations.district_name, 'unknown') as district_name,
    ranges.last_date,
    ranges.days_held,
    ranges.days,
    cast(ranges.crimes as bigint) as crimes,
    round(ranges.expected, 2) as expected_crimes,
    round(cast(case when ranges.low < 0 then 0 else ranges.low end as numeric), 2) as expected_crimes_low,
    round(cast(ranges.high as numeric), 2) as expected_crimes_high,
    not ranges.crimes between ranges.low and ranges.high as is_unusual,
    cast(ranges.violent as bigint) as violent,
    round(ranges.expected_violent, 2) as expected_violent,
    round(cast(case when ranges.low_violent < 0 then 0 else ranges.low_violent end as numeric), 2)
        as expected_violent_low,
    round(cast(ranges.high_violent as numeric), 2) as expected_violent_high,
    not ranges.violent between ranges.low_violent and ranges.high_violent as is_violent_unusual
from ranges
-- Left: crimes can be in a district that is unknown or has no station.
left join chicago.police_stations on ranges.district = police_stations.district;

create unique index crimes_by_holiday_and_district_key on chicago.crimes_by_holiday_and_district (
    holiday_name, part, district
) nulls not distinct;

comment on materialized view chicago.crimes_by_holiday_and_district is
'One row is a holiday, its eve, or the night or day after it, in a police district.
Unit: rows of crimes at a known time: an incident is one, and so is each victim of a homicide.
Definition: violent is summary UCR''s violent index by FBI code, without the simple batteries that NIBRS counts.
Base: the same weekday within four weeks, four such days at least, without holidays, the days beside them and firsts of a month.
Period: the newest 728 complete days, so two dates of each at most; 00:00 and 00:01 are left out.
Chance: a range is of 22 districts read together, 19 of 20, for one holiday and part; of twenty of these, one names a district by chance.
Lateness: only complete days are compared, with ordinary days mostly on both sides, so that little is left of it.
Do not read a count inside its range as fewer or more, nor one outside it as what next year brings.';

comment on column chicago.crimes_by_holiday_and_district.holiday_name is 'Holiday of the City, as it writes it, on its own day.';

comment on column chicago.crimes_by_holiday_and_district.part is
'eve: the day before (31 December). day. night after: 00:02 to 05:59 of the day after. day after: all of it (5 July).';

comment on column chicago.crimes_by_holiday_and_district.district is 'Police district. Null: unknown.';

comment on column chicago.crimes_by_holiday_and_district.district_name is
'Name of the district; unknown where it is, or where the district has no station.';

comment on column chicago.crimes_by_holiday_and_district.last_date is 'Newest Chicago local date of them that is held.';

comment on column chicago.crimes_by_holiday_and_district.days_held is 'Complete days that are held, two at most.';

comment on column chicago.crimes_by_holiday_and_district.days is
'Of them, those compared: at least four ordinary days of the weekday are held within four weeks.';

comment on column chicago.crimes_by_holiday_and_district.crimes is 'Crimes of the days compared. Null: none is.';

comment on column chicago.crimes_by_holiday_and_district.expected_crimes is
'What ordinary days of the same weekdays have. Null: none is compared.';

comment on column chicago.crimes_by_holiday_and_district.expected_crimes_low is
'Lower end of the range of ordinary days. Null: none is compared.';

comment on column chicago.crimes_by_holiday_and_district.expected_crimes_high is
'Upper end of the range of ordinary days: all 22 districts lie within theirs 19 times of 20. Null: none is compared.';

comment on column chicago.crimes_by_holiday_and_district.is_unusual is
'Whether crimes lie outside the range. Null: none is compared.';

comment on column chicago.crimes_by_holiday_and_district.violent is
'Of crimes, violent index crimes by FBI code. Null: none is compared.';

comment on column chicago.crimes_by_holiday_and_district.expected_violent is
'What ordinary days of the same weekdays have. Null: none is compared.';

comment on column chicago.crimes_by_holiday_and_district.expected_violent_low is
'Lower end of the range of ordinary days. Null: none is compared.';

comment on column chicago.crimes_by_holiday_and_district.expected_violent_high is
'Upper end of the range of ordinary days. Null: none is compared.';

comment on column chicago.crimes_by_holiday_and_district.is_violent_unusual is
'Whether violent lies outside its range. Null: none is compared.';
