-- One row is a month of the year, over all years: how many crimes it has, a day, and its rank.
-- Reads: chicago.daily_crimes. Run by: tasks/warehouse/views.py.

create view chicago.crimes_by_month as
with months as (
    select
        cast(numbers.month as smallint) as month,
        to_char(make_date(2001, numbers.month, 1), 'FMMonth') as month_name
    from generate_series(1, 12) as numbers (month)
),

counts as (
    select
        extract(month from daily_crimes.date) as month,
        count(*) filter (where daily_crimes.is_complete) as days,
        sum(daily_crimes.crimes) as crimes,
        avg(daily_crimes.crimes) filter (where daily_crimes.is_complete) as crimes_per_day,
        avg(daily_crimes.violent) filter (where daily_crimes.is_complete) as violent_per_day
    from chicago.daily_crimes
    group by extract(month from daily_crimes.date)
)

select
    months.month,
    months.month_name,
    coalesce(counts.days, 0) as days,
    cast(coalesce(counts.crimes, 0) as bigint) as crimes,
    round(counts.crimes_per_day, 2) as crimes_per_day,
    round(counts.violent_per_day, 2) as violent_per_day,
    case when counts.crimes_per_day is not null then rank() over by_crimes_per_day end as rank
from months
-- Left: a month without a crime keeps its row.
left join counts on months.month = counts.month
window by_crimes_per_day as (order by counts.crimes_per_day desc nulls last);

comment on view chicago.crimes_by_month is
'One row is a month of the year over all years, compared per day.
Unit: rows of crimes: an incident is one, and so is each victim of a homicide.
Definition: violent_per_day is of summary UCR''s violent index by FBI code, and no number of NIBRS.
Base: crimes a day, since months differ in length.
Period: all years held: crimes of all days, rates of complete days, which can be of one year for one month and of two for another.
Chance: no range. In crime_growth_by_month each month has one, and months of one year drift.
Lateness: rates are of complete days, of which the newest month''s read up to 2 % low.
Do not read rank as the season where few years are held: it is that of these years.';

comment on column chicago.crimes_by_month.month is 'Month of the year, 1 to 12.';

comment on column chicago.crimes_by_month.month_name is 'January to December.';

comment on column chicago.crimes_by_month.days is
'Complete days of that month in all years: see daily_crimes.';

comment on column chicago.crimes_by_month.crimes is 'Crimes of all days; they add up to the rows of crimes.';

comment on column chicago.crimes_by_month.crimes_per_day is
'Crimes a day over complete days. Null: there are none.';

comment on column chicago.crimes_by_month.violent_per_day is
'Violent index crimes a day over complete days. Null: there are none.';

comment on column chicago.crimes_by_month.rank is
'Rank by crimes_per_day, 1 the most. Null: no complete day.';
