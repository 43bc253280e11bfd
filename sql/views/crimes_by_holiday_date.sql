-- One row is a date that is a holiday on one basis (actual: the day itself; observed: the day the City is closed),
-- with what an ordinary day of that weekday has at that time, and how far such a day strays from it.
-- Reads: chicago.daily_crimes, chicago.dates. Run by: tasks/warehouse/views.py; refreshed when the data changed.
--
-- Expected is the mean of the same weekday over the four weeks before and after, holidays and firsts of a month left
-- out, as in crimes_by_holiday; a holiday on the first of a month is compared without the crimes at 00:00 and 00:01.
-- Counts of a day stray more than a Poisson number would: the dispersion is the sum over compared holidays of
-- (count - expected)^2 / expected of their ordinary days, by its degrees of freedom, and at least 1. The range is
-- expected +- 1.96 * sqrt(dispersion * expected * (1 + 1 / ordinary days)): where 19 of 20 ordinary days lie.

create materialized view chicago.crimes_by_holiday_date as
with holidays as (
    select
        daily_crimes.date,
        bases.basis,
        bases.holiday_name,
        daily_crimes.crimes,
        daily_crimes.crimes - daily_crimes.crimes_of_unknown_day as compared_crimes,
        daily_crimes.is_complete
    from chicago.daily_crimes
    -- Two rows on the right; a date that is no holiday on a basis has none there.
    cross join
        lateral (
            values
            ('actual', daily_crimes.actual_holiday_name),
            ('observed', daily_crimes.holiday_name)
        ) as bases (basis, holiday_name)
    where bases.holiday_name is not null
),

ordinary_days as (
    select
        holidays.date,
        holidays.basis,
        compared_days.crimes,
        coalesce(daily_crimes.is_complete, false) as is_complete,
        avg(compared_days.crimes) over (partition by holidays.date, holidays.basis) as expected
    from holidays
    -- Eight days a holiday, less those that are holidays; one that we lack makes it incomparable.
    cross join generate_series(-28, 28, 7) as weeks (days)
    left join chicago.dates on holidays.date + weeks.days = dates.date
    left join chicago.daily_crimes on holidays.date + weeks.days = daily_crimes.date
    -- One row on the right: the day's crimes, as those of the holiday are compared.
    cross join
        lateral (
            values (
                case
                    when extract(day from holidays.date) = 1
                        then daily_crimes.crimes - daily_crimes.crimes_at_placeholder_time
                    else daily_crimes.crimes
                end
            )
        ) as compared_days (crimes)
    where
        weeks.days <> 0
        and extract(day from holidays.date + weeks.days) <> 1
        and dates.holiday_name is null
        and dates.actual_holiday_name is null
),

expectations as (
    select
        ordinary_days.date,
        ordinary_days.basis,
        count(*) as ordinary_days,
        avg(ordinary_days.crimes) as expected,
        sum(power(ordinary_days.crimes - ordinary_days.expected, 2) / nullif(ordinary_days.expected, 0)) as strayed
    from ordinary_days
    group by ordinary_days.date, ordinary_days.basis
    having bool_and(ordinary_days.is_complete)
),

compared as (
    select
        holidays.date,
        holidays.basis,
        holidays.holiday_name,
        holidays.crimes,
        holidays.compared_crimes,
        holidays.is_complete,
        expectations.ordinary_days,
        expectations.expected,
        -- One of each basis: a holiday that falls on a weekday is not counted twice.
        greatest(
            1,
            sum(expectations.strayed) over (partition by holidays.basis)
            / nullif(sum(expectations.ordinary_days - 1) over (partition by holidays.basis), 0)
        ) as dispersion
    from holidays
    -- Left: a holiday that is not compared keeps its row.
    left join expectations
        on
            holidays.date = expectations.date
            and holidays.basis = expectations.basis
            and holidays.is_complete
),

ranges as (
    select
        compared.date,
        compared.basis,
        compared.holiday_name,
        compared.crimes,
        compared.compared_crimes,
        compared.is_complete,
        compared.ordinary_days,
        compared.expected,
        compared.dispersion,
        1.96 * sqrt(compared.dispersion * compared.expected * (1 + 1.0 / compared.ordinary_days)) as half_range
    from compared
)

select
    ranges.date,
    ranges.basis,
    ranges.holiday_name,
    ranges.crimes,
    ranges.is_complete,
    ranges.ordinary_days,
    round(ranges.expected, 2) as expected,
    round(cast(greatest(ranges.expected - ranges.half_range, 0) as numeric), 2) as expected_low,
    round(cast(ranges.expected + ranges.half_range as numeric), 2) as expected_high,
    case when ranges.expected is not null then round(cast(ranges.dispersion as numeric), 3) end as dispersion,
    round(100 * (ranges.compared_crimes / nullif(ranges.expected, 0) - 1), 2) as change_pct,
    abs(ranges.compared_crimes - ranges.expected) > ranges.half_range as is_unusual,
    ranges.compared_crimes
from ranges;

create unique index crimes_by_holiday_date_key on chicago.crimes_by_holiday_date (date, basis);

comment on materialized view chicago.crimes_by_holiday_date is
'One row is a holiday''s date and a basis, with the range in which 19 of 20 ordinary days of that weekday lie.';

comment on column chicago.crimes_by_holiday_date.date is 'Chicago local date, with at least one crime.';

comment on column chicago.crimes_by_holiday_date.basis is
'actual: the day itself. observed: the day that the City is closed for it.';

comment on column chicago.crimes_by_holiday_date.holiday_name is 'Holiday of the City, as it writes it.';

comment on column chicago.crimes_by_holiday_date.crimes is 'Crimes of that date.';

comment on column chicago.crimes_by_holiday_date.is_complete is 'Whether the date is complete: see daily_crimes.';

comment on column chicago.crimes_by_holiday_date.ordinary_days is
'Days compared with: the same weekday, four weeks on either side, no holidays and no firsts of a month. Null: it, or one of them, is not complete.';

comment on column chicago.crimes_by_holiday_date.expected is 'Their mean. Null: not compared.';

comment on column chicago.crimes_by_holiday_date.expected_low is
'Lower end of the range of an ordinary day, 19 of 20. Null: not compared.';

comment on column chicago.crimes_by_holiday_date.expected_high is
'Upper end of the range of an ordinary day, 19 of 20. Null: not compared.';

comment on column chicago.crimes_by_holiday_date.dispersion is
'Variance of ordinary days by their mean, over all compared holidays of the basis; at least 1, which is Poisson. '
'Null: not compared.';

comment on column chicago.crimes_by_holiday_date.change_pct is
'compared_crimes less expected, in percent of it. Null: not compared.';

comment on column chicago.crimes_by_holiday_date.is_unusual is
'Whether compared_crimes lie outside the range. Null: not compared.';

comment on column chicago.crimes_by_holiday_date.compared_crimes is
'Crimes of that date; on the first of a month without those at 00:00 or 00:01, of which the day is not known. expected is of the same.';
