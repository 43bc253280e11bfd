-- One row is a calendar month that we hold something of, and how it compares with the one before and a year
-- before.
-- Reads: chicago.daily_crimes, chicago.family_dispersions.
-- Run by: tasks/warehouse/views.py; refreshed when the data changed.
--
-- Crimes count all days. A rate is over complete days alone, and a comparison needs both months whole. Chance is that
-- of recent_changes, by the city's noise and drift; q is by Benjamini and Hochberg over the months that are compared.

create materialized view chicago.crime_growth_by_month as
with months as (
    select
        cast(date_trunc('month', daily_crimes.date) as date) as first_date,
        count(*) filter (where daily_crimes.is_complete) as days,
        sum(daily_crimes.crimes) as crimes,
        sum(daily_crimes.crimes) filter (where daily_crimes.is_complete) as complete_crimes
    from chicago.daily_crimes
    group by date_trunc('month', daily_crimes.date)
),

rates as (
    select
        months.first_date,
        months.days,
        months.days = extract(day from months.first_date + interval '1 month - 1 day') as is_complete,
        months.crimes,
        months.complete_crimes / nullif(months.days, 0) as crimes_per_day
    from months
),

comparisons as (
    select
        rates.first_date,
        rates.days,
        rates.is_complete,
        rates.crimes,
        rates.crimes_per_day,
        previous_month.crimes_per_day as previous_crimes_per_day,
        last_year.crimes_per_day as same_month_last_year_per_day,
        case
            when rates.is_complete then rates.crimes_per_day / nullif(previous_month.crimes_per_day, 0)
        end as growth,
        case
            when rates.is_complete then rates.crimes_per_day / nullif(last_year.crimes_per_day, 0)
        end as year_growth,
        rates.crimes_per_day * rates.days as compared_crimes,
        case when rates.is_complete then previous_month.days end as previous_days,
        case when rates.is_complete then previous_month.crimes_per_day * previous_month.days end as previous_crimes,
        case when rates.is_complete then last_year.days end as last_year_days,
        case when rates.is_complete then last_year.crimes_per_day * last_year.days end as last_year_crimes
    from rates
    -- Left, and by the calendar: a month that we do not hold whole gives a null, not another month's number.
    left join rates as previous_month
        on
            rates.first_date = previous_month.first_date + interval '1 month'
            and previous_month.is_complete
    left join rates as last_year
        on
            rates.first_date = last_year.first_date + interval '1 year'
            and last_year.is_complete
),

pairs as (
    select
        comparisons.first_date,
        compared.compared_with,
        comparisons.compared_crimes as crimes,
        comparisons.days,
        compared.crimes_before,
        compared.days_before,
        power(compared.drift, 2) * (comparisons.compared_crimes + compared.crimes_before)
        * comparisons.days * compared.days_before / power(comparisons.days + compared.days_before, 2) as drift,
        family_dispersions.noise,
        compared.degrees_of_freedom
    from comparisons
    -- Inner: without half a year of weeks nothing is known of chance, and the columns are null.
    inner join chicago.family_dispersions on family_dispersions.family = 'city'
    -- Two rows on the right.
    cross join
        lateral (
            values
            (
                'previous', comparisons.previous_crimes, comparisons.previous_days, family_dispersions.drift,
                family_dispersions.degrees_of_freedom
            ),
            (
                'last_year', comparisons.last_year_crimes, comparisons.last_year_days,
                family_dispersions.year_drift, 10
            )
        ) as compared (compared_with, crimes_before, days_before, drift, degrees_of_freedom)
    where comparisons.compared_crimes + compared.crimes_before >= 10
),

tests as (
    select
        pairs.first_date,
        pairs.compared_with,
        pairs.crimes,
        pairs.days,
        pairs.crimes_before,
        pairs.days_before,
        pairs.noise + pairs.drift as dispersion,
        coalesce(
            least(1e6, pairs.degrees_of_freedom * power(1 + pairs.noise / nullif(pairs.drift, 0), 2)), 1e6
        ) as degrees_of_freedom
    from pairs
),

p_values as (
    select
        tests.first_date,
        tests.compared_with,
        chicago.rate_ratio_bound(
            tests.crimes, tests.crimes_before, tests.days, tests.days_before, tests.dispersion,
            -chicago.z_to_t(chicago.normal_quantile(0.975), tests.degrees_of_freedom)
        ) as ratio_low,
        chicago.rate_ratio_bound(
            tests.crimes, tests.crimes_before, tests.days, tests.days_before, tests.dispersion,
            chicago.z_to_t(chicago.normal_quantile(0.975), tests.degrees_of_freedom)
        ) as ratio_high,
        chicago.normal_p_value(
            chicago.t_to_z(
                chicago.rate_ratio_z(
                    tests.crimes, tests.crimes_before, tests.days, tests.days_before, tests.dispersion
                ),
                tests.degrees_of_freedom
            )
        ) as p_value
    from tests
),

ranked as (
    select
        p_values.first_date,
        p_values.compared_with,
        p_values.ratio_low,
        p_values.ratio_high,
        p_values.p_value,
        p_values.p_value * count(p_values.p_value) over (partition by p_values.compared_with)
        / row_number() over (
            partition by p_values.compared_with
            order by p_values.p_value asc nulls last, p_values.first_date asc
        ) as step
    from p_values
),

corrected as (
    select
        ranked.first_date,
        ranked.compared_with,
        round(cast(100 * (ranked.ratio_low - 1) as numeric), 2) as low_pct,
        round(cast(100 * (ranked.ratio_high - 1) as numeric), 2) as high_pct,
        case
            when ranked.p_value is not null
                then min(ranked.step) over (
                    partition by ranked.compared_with
                    order by ranked.p_value desc nulls first, ranked.first_date desc
                    rows unbounded preceding
                )
        end as q_value
    from ranked
)

select
    cast(extract(year from comparisons.first_date) as smallint) as year,
    cast(extract(month from comparisons.first_date) as smallint) as month,
    comparisons.days,
    comparisons.is_complete,
    cast(comparisons.crimes as bigint) as crimes,
    round(comparisons.crimes_per_day, 2) as crimes_per_day,
    round(comparisons.previous_crimes_per_day, 2) as previous_crimes_per_day,
    round(100 * (comparisons.growth - 1), 2) as growth_pct,
    round(comparisons.same_month_last_year_per_day, 2) as same_month_last_year_per_day,
    round(100 * (comparisons.year_growth - 1), 2) as year_growth_pct,
    previous.low_pct as growth_low_pct,
    previous.high_pct as growth_high_pct,
    round(cast(previous.q_value as numeric), 4) as growth_q_value,
    previous.q_value < 0.05 as growth_is_unusual,
    last_year.low_pct as year_growth_low_pct,
    last_year.high_pct as year_growth_high_pct,
    round(cast(last_year.q_value as numeric), 4) as year_growth_q_value,
    last_year.q_value < 0.05 as year_growth_is_unusual
from comparisons
-- Left, both: a month that is not compared has no chance either.
left join corrected as previous
    on
        comparisons.first_date = previous.first_date
        and previous.compared_with = 'previous'
left join corrected as last_year
    on
        comparisons.first_date = last_year.first_date
        and last_year.compared_with = 'last_year';

create unique index crime_growth_by_month_key on chicago.crime_growth_by_month (year, month);

comment on materialized view chicago.crime_growth_by_month is
'One row is a calendar month that we hold something of.
Unit: rows of crimes: an incident is one, and so is each victim of a homicide.
Base: crimes a day, since months differ in length.
Period: crimes are of all days held, rates of complete days; only whole complete months are compared.
Chance: the ranges (19 of 20) allow for it and the usual drift; is_unusual is by false-discovery rate over all months compared.
Lateness: not corrected: the newest complete month reads about 1 % low. nowcast_months corrects it.
Do not read growth_pct as rising crime: the season is in it. Whether crime rises is asked of year_growth_is_unusual.';

comment on column chicago.crime_growth_by_month.year is 'Calendar year.';

comment on column chicago.crime_growth_by_month.month is 'Month of the year, 1 to 12.';

comment on column chicago.crime_growth_by_month.days is 'Complete days of the month: see daily_crimes.';

comment on column chicago.crime_growth_by_month.is_complete is 'Whether all days of the month are complete.';

comment on column chicago.crime_growth_by_month.crimes is
'Crimes of all days; they add up to the rows of crimes.';

comment on column chicago.crime_growth_by_month.crimes_per_day is
'Crimes a day over the month''s complete days. Null: it has none.';

comment on column chicago.crime_growth_by_month.previous_crimes_per_day is
'crimes_per_day of the month before. Null: that month is not complete, or not held.';

comment on column chicago.crime_growth_by_month.growth_pct is
'Change from the month before in percent. Null unless both are complete.';

comment on column chicago.crime_growth_by_month.same_month_last_year_per_day is
'crimes_per_day of this month a year before. Null: that month is not complete, or not held.';

comment on column chicago.crime_growth_by_month.year_growth_pct is
'Change from a year before in percent. Null unless both are complete.';

comment on column chicago.crime_growth_by_month.growth_low_pct is
'Lower end of what chance leaves for growth_pct, 19 of 20: see recent_changes. Null: not compared.';

comment on column chicago.crime_growth_by_month.growth_high_pct is 'Upper end of it. Null: not compared.';

comment on column chicago.crime_growth_by_month.growth_q_value is
'False-discovery rate of growth_pct among all months compared. Null: not compared.';

comment on column chicago.crime_growth_by_month.growth_is_unusual is
'Whether growth_q_value is below 0.05: more than chance and the usual drift of a month. Null: not compared.';

comment on column chicago.crime_growth_by_month.year_growth_low_pct is
'As growth_low_pct, of the change from a year before.';

comment on column chicago.crime_growth_by_month.year_growth_high_pct is
'As growth_high_pct, of the change from a year before.';

comment on column chicago.crime_growth_by_month.year_growth_q_value is
'As growth_q_value, of the change from a year before.';

comment on column chicago.crime_growth_by_month.year_growth_is_unusual is
'As growth_is_unusual, of the change from a year before: only then has crime risen or fallen in a year.';
