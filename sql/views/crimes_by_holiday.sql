-- One row is a holiday of the City on one basis: on the day itself (actual), or on the day the City is closed
-- (observed).
-- Reads: chicago.daily_crimes, chicago.dates, chicago.crimes_by_holiday_date. Run by: tasks/warehouse/views.py;
-- refreshed when the data changed.
--
-- Chance is that of crimes_by_holiday_date, over all dates of the holiday that are compared: its crimes and those of
-- the ordinary days, as two counts. q is by Benjamini and Hochberg over the holidays of a basis. docs/methods.md.
--
-- What is expected of a holiday is the mean of the same weekday over the four weeks before and the four
-- after, days of holidays (either basis) and firsts of a month left out. A holiday is compared when it and all those
-- days are complete. The City writes the first of a month, at 00:00 or 00:01, for an unknown day: where a holiday is a
-- first, as New Year's Day, it and its ordinary days are compared without the crimes at these times.

create materialized view chicago.crimes_by_holiday as
with listed as (
    select
        dates.actual_holiday_name as holiday_name,
        bases.basis
    from chicago.dates
    -- Two rows on the right: each holiday has both, also where we hold no such day.
    cross join (values ('actual'), ('observed')) as bases (basis)
    where dates.actual_holiday_name is not null
    group by dates.actual_holiday_name, bases.basis
),

held_days as (
    select
        daily_crimes.date,
        'actual' as basis,
        daily_crimes.actual_holiday_name as holiday_name,
        daily_crimes.crimes,
        daily_crimes.violent,
        daily_crimes.crimes - daily_crimes.crimes_of_unknown_day as compared_crimes,
        daily_crimes.violent - daily_crimes.violent_of_unknown_day as compared_violent,
        daily_crimes.is_complete
    from chicago.daily_crimes
    where daily_crimes.actual_holiday_name is not null
    union all
    select
        daily_crimes.date,
        'observed' as basis,
        daily_crimes.holiday_name,
        daily_crimes.crimes,
        daily_crimes.violent,
        daily_crimes.crimes - daily_crimes.crimes_of_unknown_day as compared_crimes,
        daily_crimes.violent - daily_crimes.violent_of_unknown_day as compared_violent,
        daily_crimes.is_complete
    from chicago.daily_crimes
    where daily_crimes.holiday_name is not null
),

expectations as (
    select
        held_days.date,
        held_days.basis,
        held_days.holiday_name,
        avg(
            case
                when extract(day from held_days.date) = 1
                    then daily_crimes.crimes - daily_crimes.crimes_at_placeholder_time
                else daily_crimes.crimes
            end
        ) as expected_crimes,
        avg(
            case
                when extract(day from held_days.date) = 1
                    then daily_crimes.violent - daily_crimes.violent_at_placeholder_time
                else daily_crimes.violent
            end
        ) as expected_violent,
        held_days.is_complete and bool_and(coalesce(daily_crimes.is_complete, false)) as is_comparable
    from held_days
    -- Eight days a holiday; none is left out here, since one that we lack makes it incomparable.
    cross join generate_series(-28, 28, 7) as weeks (days)
    left join chicago.dates on held_days.date + weeks.days = dates.date
    left join chicago.daily_crimes on held_days.date + weeks.days = daily_crimes.date
    where
        weeks.days <> 0
        and extract(day from held_days.date + weeks.days) <> 1
        and dates.holiday_name is null
        and dates.actual_holiday_name is null
    group by held_days.date, held_days.basis, held_days.holiday_name, held_days.is_complete
),

holidays as (
    select
        listed.holiday_name,
        listed.basis,
        count(*) filter (where held_days.is_complete) as holidays,
        coalesce(sum(held_days.crimes), 0) as crimes,
        avg(held_days.crimes) filter (where held_days.is_complete) as crimes_per_day,
        avg(held_days.violent) filter (where held_days.is_complete) as violent_per_day,
        count(*) filter (where expectations.is_comparable) as compared_holidays,
        avg(expectations.expected_crimes) filter (where expectations.is_comparable) as expected_per_day,
        avg(expectations.expected_violent) filter (where expectations.is_comparable) as expected_violent,
        avg(held_days.compared_crimes) filter (where expectations.is_comparable) as compared_per_day,
        avg(held_days.compared_violent) filter (where expectations.is_comparable) as compared_violent_per_day
    from listed
    -- Left: a holiday that we hold no day of keeps its rows, and one without an ordinary day near it is not
    -- compared.
    left join held_days
        on
            listed.holiday_name = held_days.holiday_name
            and listed.basis = held_days.basis
    left join expectations
        on
            held_days.date = expectations.date
            and held_days.basis = expectations.basis
    group by listed.holiday_name, listed.basis
),

changes as (
    select
        holidays.holiday_name,
        holidays.basis,
        holidays.holidays,
        holidays.crimes,
        holidays.crimes_per_day,
        holidays.violent_per_day,
        holidays.compared_holidays,
        holidays.expected_per_day,
        holidays.expected_violent,
        holidays.compared_per_day,
        holidays.compared_violent_per_day,
        100 * (holidays.compared_per_day / nullif(holidays.expected_per_day, 0) - 1) as change_pct,
        100 * (
            holidays.compared_violent_per_day / nullif(holidays.expected_violent, 0) - 1
        ) as violent_change_pct
    from holidays
),

measures as (
    select
        crimes_by_holiday_date.holiday_name,
        crimes_by_holiday_date.basis,
        counts.measure,
        sum(counts.crimes) as crimes,
        -- As many ordinary days for each as make the same variance.
        sum(counts.expected) * sum(counts.expected)
        / nullif(sum(counts.expected / crimes_by_holiday_date.ordinary_days), 0) as ordinary_crimes,
        sum(counts.expected)
        / nullif(sum(counts.expected / crimes_by_holiday_date.ordinary_days), 0) as ordinary_days,
        max(counts.dispersion) as dispersion
    from chicago.crimes_by_holiday_date
    -- Two rows on the right.
    cross join
        lateral (
            values
            (
                'crimes', crimes_by_holiday_date.compared_crimes, crimes_by_holiday_date.expected,
                crimes_by_holiday_date.dispersion
            ),
            (
                'violent', crimes_by_holiday_date.compared_violent, crimes_by_holiday_date.violent_expected,
                crimes_by_holiday_date.violent_dispersion
            )
        ) as counts (measure, crimes, expected, dispersion)
    where crimes_by_holiday_date.expected is not null
    group by crimes_by_holiday_date.holiday_name, crimes_by_holiday_date.basis, counts.measure
    -- A comparison needs an expected count of 5.
    having sum(counts.expected) >= 5
),

tests as (
    select
        measures.holiday_name,
        measures.basis,
        measures.measure,
        chicago.rate_ratio_bound(
            measures.crimes, measures.ordinary_crimes, 1, measures.ordinary_days,
            measures.dispersion, -chicago.normal_quantile(0.975)
        ) as ratio_low,
        chicago.rate_ratio_bound(
            measures.crimes, measures.ordinary_crimes, 1, measures.ordinary_days,
            measures.dispersion, chicago.normal_quantile(0.975)
        ) as ratio_high,
        chicago.rate_ratio_z(
            measures.crimes, measures.ordinary_crimes, 1, measures.ordinary_days,
            measures.dispersion
        ) as z
    from measures
),

ranked as (
    select
        tests.holiday_name,
        tests.basis,
        tests.measure,
        tests.ratio_low,
        tests.ratio_high,
        tests.z,
        chicago.normal_p_value(tests.z) * count(tests.z) over (partition by tests.basis, tests.measure)
        / row_number() over (
            partition by tests.basis, tests.measure
            order by abs(tests.z) desc nulls last, tests.holiday_name asc
        ) as step
    from tests
),

corrected as (
    select
        ranked.holiday_name,
        ranked.basis,
        ranked.measure,
        round(cast(100 * (ranked.ratio_low - 1) as numeric), 2) as low_pct,
        round(cast(100 * (ranked.ratio_high - 1) as numeric), 2) as high_pct,
        ranked.z,
        case
            when ranked.z is not null
                then min(ranked.step) over (
                    partition by ranked.basis, ranked.measure
                    order by abs(ranked.z) asc nulls first, ranked.holiday_name desc
                    rows unbounded preceding
                )
        end as q_value
    from ranked
)

select
    changes.holiday_name,
    changes.basis,
    changes.holidays,
    cast(changes.crimes as bigint) as crimes,
    round(changes.crimes_per_day, 2) as crimes_per_day,
    changes.compared_holidays,
    round(changes.expected_per_day, 2) as expected_per_day,
    round(changes.change_pct, 2) as change_pct,
    round(changes.violent_per_day, 2) as violent_per_day,
    round(changes.expected_violent, 2) as expected_violent_per_day,
    round(changes.violent_change_pct, 2) as violent_change_pct,
    case
        when changes.change_pct is not null
            then rank() over (partition by changes.basis order by changes.change_pct desc nulls last)
    end as rank,
    all_crimes.low_pct as change_low_pct,
    all_crimes.high_pct as change_high_pct,
    round(cast(all_crimes.q_value as numeric), 4) as q_value,
    all_crimes.q_value < 0.05 as is_unusual,
    case
        when all_crimes.q_value < 0.05
            then rank() over (
                partition by changes.basis, all_crimes.q_value < 0.05
                order by abs(all_crimes.z) desc nulls last
            )
    end as unusual_rank,
    violent.low_pct as violent_change_low_pct,
    violent.high_pct as violent_change_high_pct,
    round(cast(violent.q_value as numeric), 4) as violent_q_value,
    violent.q_value < 0.05 as violent_is_unusual,
    round(changes.compared_per_day, 2) as compared_per_day,
    round(changes.compared_violent_per_day, 2) as compared_violent_per_day
from changes
-- Left, both: see above.
left join corrected as all_crimes
    on
        changes.holiday_name = all_crimes.holiday_name
        and changes.basis = all_crimes.basis
        and all_crimes.measure = 'crimes'
left join corrected as violent
    on
        changes.holiday_name = violent.holiday_name
        and changes.basis = violent.basis
        and violent.measure = 'violent';

create unique index crimes_by_holiday_key on chicago.crimes_by_holiday (holiday_name, basis);

comment on materialized view chicago.crimes_by_holiday is
'One row is a holiday and a basis, with what is expected of an ordinary day of that weekday at that time.
Unit: rows of crimes: an incident is one, and so is each victim of a homicide.
Definition: violent is summary UCR''s violent index by FBI code, without the simple batteries that NIBRS counts.
Base: the same weekday in the four weeks before and after, without holidays and firsts of a month.
Period: crimes are of all days held, rates of complete days; compared are those whose weeks around are complete too.
Chance: ranges of 19 in 20; is_unusual is by false-discovery rate over the holidays of a basis. One year has one day of each.
Lateness: only complete days are compared, and ordinary days lie on both sides, so that little is left of it.
Do not read rank before is_unusual: the first of thirteen is there also where no holiday differs.';

comment on column chicago.crimes_by_holiday.holiday_name is 'Holiday of the City, as it writes it.';

comment on column chicago.crimes_by_holiday.basis is
'actual: the day itself. observed: the day that the City is closed for it.';

comment on column chicago.crimes_by_holiday.holidays is 'Complete days of it that we hold: see daily_crimes.';

comment on column chicago.crimes_by_holiday.crimes is 'Crimes on all days of it that we hold. New Year''s Day has those of unknown days (00:00 or 00:01 on the first of a month).';

comment on column chicago.crimes_by_holiday.crimes_per_day is
'Crimes a day over complete days of it. Null: there are none.';

comment on column chicago.crimes_by_holiday.compared_holidays is
'Of its complete days, those of which the four weeks on either side are complete too.';

comment on column chicago.crimes_by_holiday.expected_per_day is
'Mean of the same weekday, four weeks on either side, without holidays and firsts of a month, for the days compared, of crimes as in compared_per_day. Null: none.';

comment on column chicago.crimes_by_holiday.change_pct is
'compared_per_day less what is expected, in percent of it. Null: none is compared.';

comment on column chicago.crimes_by_holiday.violent_per_day is
'Violent index crimes a day over complete days of it. Null: there are none.';

comment on column chicago.crimes_by_holiday.expected_violent_per_day is
'As expected_per_day, of violent index crimes.';

comment on column chicago.crimes_by_holiday.violent_change_pct is
'As change_pct, of violent index crimes. Null: none is compared, or none is expected.';

comment on column chicago.crimes_by_holiday.rank is
'Rank by change_pct within the basis: 1 is the most above what is expected. Null where that is null.';

comment on column chicago.crimes_by_holiday.change_low_pct is
'Lower end of the range that chance leaves for change_pct, 19 of 20. Null: none is compared, or fewer than 5 are expected.';

comment on column chicago.crimes_by_holiday.change_high_pct is 'Upper end of that range. Null as change_low_pct.';

comment on column chicago.crimes_by_holiday.q_value is
'False-discovery rate among the holidays of the basis. Null as change_low_pct.';

comment on column chicago.crimes_by_holiday.is_unusual is
'Whether q_value is below 0.05: more or fewer crimes than its weekday would give. Null as change_low_pct.';

comment on column chicago.crimes_by_holiday.unusual_rank is
'Rank of the unusual ones within the basis, 1 the furthest from what is expected by chance. Null: not unusual.';

comment on column chicago.crimes_by_holiday.violent_change_low_pct is 'As change_low_pct, of violent index crimes.';

comment on column chicago.crimes_by_holiday.violent_change_high_pct is 'As change_high_pct, of violent index crimes.';

comment on column chicago.crimes_by_holiday.violent_q_value is 'As q_value, of violent index crimes.';

comment on column chicago.crimes_by_holiday.violent_is_unusual is 'As is_unusual, of violent index crimes.';

comment on column chicago.crimes_by_holiday.compared_per_day is
'Crimes a day on the days compared; where the holiday is the first of a month, without those at 00:00 or 00:01, of which the day is not known. Null: none is compared.';

comment on column chicago.crimes_by_holiday.compared_violent_per_day is
'As compared_per_day, of violent index crimes.';
