-- One row is a date that is a holiday on one basis (actual: the day itself; observed: the day the City is closed),
-- with what an ordinary day of that weekday has at that time, and how far such a day strays from it.
-- Reads: chicago.daily_crimes, chicago.dates. Run by: tasks/warehouse/views.py; refreshed when the data changed.
--
-- Expected is the mean of the same weekday over the four weeks before and after, holidays and firsts of a month left
-- out, as in crimes_by_holiday; a holiday on the first of a month is compared without the crimes at 00:00 and 00:01.
-- Counts of a day stray more than a Poisson number would: the dispersion is the sum over compared holidays of
-- (count - expected)^2 / expected of their ordinary days, by its degrees of freedom, and at least 1. The range is
-- expected +- 1.96 * sqrt(dispersion * expected * (1 + 1 / ordinary days)): where 19 of 20 ordinary days lie.
-- Violent crimes have theirs. q is by Benjamini and Hochberg over the dates of a basis. docs/methods.md.

create materialized view chicago.crimes_by_holiday_date as
with holidays as (
    select
        daily_crimes.date,
        bases.basis,
        bases.holiday_name,
        measures.measure,
        measures.crimes,
        measures.crimes - measures.of_unknown_day as compared_crimes,
        daily_crimes.is_complete
    from chicago.daily_crimes
    -- Two rows on the right; a date that is no holiday on a basis has none there.
    cross join
        lateral (
            values
            ('actual', daily_crimes.actual_holiday_name),
            ('observed', daily_crimes.holiday_name)
        ) as bases (basis, holiday_name)
    -- Two rows on the right.
    cross join
        lateral (
            values
            ('crimes', daily_crimes.crimes, daily_crimes.crimes_of_unknown_day),
            ('violent', daily_crimes.violent, daily_crimes.violent_of_unknown_day)
        ) as measures (measure, crimes, of_unknown_day)
    where bases.holiday_name is not null
),

ordinary_days as (
    select
        holidays.date,
        holidays.basis,
        holidays.measure,
        compared_days.crimes,
        coalesce(daily_crimes.is_complete, false) as is_complete
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
                    when holidays.measure = 'crimes'
                        then
                            daily_crimes.crimes
                            - case extract(day from holidays.date)
                                when 1 then daily_crimes.crimes_at_placeholder_time else 0
                            end
                    else
                        daily_crimes.violent
                        - case extract(day from holidays.date)
                            when 1 then daily_crimes.violent_at_placeholder_time else 0
                        end
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
        ordinary_days.measure,
        count(*) as ordinary_days,
        avg(ordinary_days.crimes) as expected,
        var_samp(ordinary_days.crimes) * (count(*) - 1) / nullif(avg(ordinary_days.crimes), 0) as strayed
    from ordinary_days
    group by ordinary_days.date, ordinary_days.basis, ordinary_days.measure
    having bool_and(ordinary_days.is_complete)
),

compared as (
    select
        holidays.date,
        holidays.basis,
        holidays.holiday_name,
        holidays.measure,
        holidays.crimes,
        holidays.compared_crimes,
        holidays.is_complete,
        expectations.ordinary_days,
        expectations.expected,
        sum(expectations.ordinary_days - 1) over (partition by holidays.basis, holidays.measure)
            as degrees_of_freedom,
        -- One of each basis: a holiday that falls on a weekday is not counted twice.
        greatest(
            1,
            sum(expectations.strayed) over (partition by holidays.basis, holidays.measure)
            / nullif(sum(expectations.ordinary_days - 1) over (partition by holidays.basis, holidays.measure), 0)
        ) as dispersion
    from holidays
    -- Left: a holiday that is not compared keeps its row.
    left join expectations
        on
            holidays.date = expectations.date
            and holidays.basis = expectations.basis
            and holidays.measure = expectations.measure
            and holidays.is_complete
),

ranges as (
    select
        compared.date,
        compared.basis,
        compared.holiday_name,
        compared.measure,
        compared.crimes,
        compared.compared_crimes,
        compared.is_complete,
        compared.ordinary_days,
        compared.expected,
        compared.dispersion,
        compared.degrees_of_freedom,
        sqrt(compared.dispersion * compared.expected * (1 + 1.0 / compared.ordinary_days)) as deviation
    from compared
),

tests as (
    select
        ranges.date,
        ranges.basis,
        ranges.holiday_name,
        ranges.measure,
        ranges.crimes,
        ranges.compared_crimes,
        ranges.is_complete,
        ranges.ordinary_days,
        ranges.expected,
        ranges.dispersion,
        1.96 * ranges.deviation as half_range,
        case
            when ranges.degrees_of_freedom > 0
                then chicago.normal_p_value(
                    chicago.t_to_z(
                        (ranges.compared_crimes - ranges.expected) / nullif(ranges.deviation, 0),
                        ranges.degrees_of_freedom
                    )
                )
        end as p_value
    from ranges
),

ranked as (
    select
        tests.date,
        tests.basis,
        tests.holiday_name,
        tests.measure,
        tests.crimes,
        tests.compared_crimes,
        tests.is_complete,
        tests.ordinary_days,
        tests.expected,
        tests.dispersion,
        tests.half_range,
        tests.p_value,
        tests.p_value * count(tests.p_value) over (partition by tests.basis, tests.measure)
        / row_number() over (
            partition by tests.basis, tests.measure
            order by tests.p_value asc nulls last, tests.date asc
        ) as step
    from tests
),

corrected as (
    select
        ranked.date,
        ranked.basis,
        ranked.holiday_name,
        ranked.measure,
        ranked.crimes,
        ranked.compared_crimes,
        ranked.is_complete,
        ranked.ordinary_days,
        ranked.expected,
        ranked.dispersion,
        ranked.half_range,
        case when ranked.expected is not null then greatest(ranked.expected - ranked.half_range, 0) end as low,
        case
            when ranked.p_value is not null
                then min(ranked.step) over (
                    partition by ranked.basis, ranked.measure
                    order by ranked.p_value desc nulls first, ranked.date desc
                    rows unbounded preceding
                )
        end as q_value
    from ranked
)

select
    all_crimes.date,
    all_crimes.basis,
    all_crimes.holiday_name,
    all_crimes.crimes,
    all_crimes.is_complete,
    all_crimes.ordinary_days,
    round(all_crimes.expected, 2) as expected,
    round(cast(all_crimes.low as numeric), 2) as expected_low,
    round(cast(all_crimes.expected + all_crimes.half_range as numeric), 2) as expected_high,
    case when all_crimes.expected is not null then round(cast(all_crimes.dispersion as numeric), 3) end as dispersion,
    round(100 * (all_crimes.compared_crimes / nullif(all_crimes.expected, 0) - 1), 2) as change_pct,
    abs(all_crimes.compared_crimes - all_crimes.expected) > all_crimes.half_range as is_unusual,
    round(cast(all_crimes.q_value as numeric), 4) as q_value,
    all_crimes.q_value < 0.05 as stands_out,
    violent.crimes as violent,
    round(violent.expected, 2) as violent_expected,
    round(cast(violent.low as numeric), 2) as violent_expected_low,
    round(cast(violent.expected + violent.half_range as numeric), 2) as violent_expected_high,
    case when violent.expected is not null then round(cast(violent.dispersion as numeric), 3) end
        as violent_dispersion,
    round(100 * (violent.compared_crimes / nullif(violent.expected, 0) - 1), 2) as violent_change_pct,
    abs(violent.compared_crimes - violent.expected) > violent.half_range as violent_is_unusual,
    round(cast(violent.q_value as numeric), 4) as violent_q_value,
    violent.q_value < 0.05 as violent_stands_out,
    all_crimes.compared_crimes,
    violent.compared_crimes as compared_violent
from corrected as all_crimes
-- Inner: each date has both measures.
inner join corrected as violent
    on
        all_crimes.date = violent.date
        and all_crimes.basis = violent.basis
        and all_crimes.measure = 'crimes'
        and violent.measure = 'violent';

create unique index crimes_by_holiday_date_key on chicago.crimes_by_holiday_date (date, basis);

comment on materialized view chicago.crimes_by_holiday_date is
'One row is a holiday''s date and a basis, with the range in which 19 of 20 ordinary days of that weekday lie.
Unit: rows of crimes: an incident is one, and so is each victim of a homicide.
Definition: violent is summary UCR''s violent index by FBI code, without the simple batteries that NIBRS counts.
Base: the same weekday in the four weeks before and after, without holidays and firsts of a month.
Period: one date; not compared unless it and the days of its base are complete.
Chance: of twenty ordinary days one is_unusual; stands_out is by false-discovery rate over all dates of a basis.
Lateness: crimes of a date that is not complete still grow; of compared dates little is left of it, as ordinary days lie on both sides.
Do not act on is_unusual: that is for stands_out, and even that is one day of one year.';

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

comment on column chicago.crimes_by_holiday_date.q_value is
'False-discovery rate among all compared dates of the basis. Null: not compared.';

comment on column chicago.crimes_by_holiday_date.stands_out is
'Whether q_value is below 0.05: unusual also for one of so many dates. Null: not compared.';

comment on column chicago.crimes_by_holiday_date.violent is 'Violent index crimes of that date, by FBI code.';

comment on column chicago.crimes_by_holiday_date.violent_expected is 'As expected, of violent index crimes.';

comment on column chicago.crimes_by_holiday_date.violent_expected_low is 'As expected_low, of violent index crimes.';

comment on column chicago.crimes_by_holiday_date.violent_expected_high is 'As expected_high, of violent index crimes.';

comment on column chicago.crimes_by_holiday_date.violent_dispersion is 'As dispersion, of violent index crimes.';

comment on column chicago.crimes_by_holiday_date.violent_change_pct is 'As change_pct, of violent index crimes.';

comment on column chicago.crimes_by_holiday_date.violent_is_unusual is 'As is_unusual, of violent index crimes.';

comment on column chicago.crimes_by_holiday_date.violent_q_value is 'As q_value, of violent index crimes.';

comment on column chicago.crimes_by_holiday_date.violent_stands_out is 'As stands_out, of violent index crimes.';

comment on column chicago.crimes_by_holiday_date.compared_crimes is
'Crimes of that date; on the first of a month without those at 00:00 or 00:01, of which the day is not known. expected is of the same.';

comment on column chicago.crimes_by_holiday_date.compared_violent is
'As compared_crimes, of violent index crimes.';
