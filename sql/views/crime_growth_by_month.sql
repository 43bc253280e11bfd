-- One row is a calendar month that we hold something of, and how it compares with the one before and a year
-- before.
-- Reads: chicago.daily_crimes. Run by: tasks/warehouse/views.py.
--
-- Crimes count all days. A rate is over complete days alone, and a comparison needs both months whole.

create view chicago.crime_growth_by_month as
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
        end as year_growth
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
    round(100 * (comparisons.year_growth - 1), 2) as year_growth_pct
from comparisons;

comment on view chicago.crime_growth_by_month is
'One row is a calendar month that we hold something of. Whole months are compared, per day.';

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
