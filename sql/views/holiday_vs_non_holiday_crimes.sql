-- One row for holidays (the day itself, not the day that the City is closed) and one for all other days.
-- Reads: chicago.daily_crimes. Run by: tasks/warehouse/views.py.

create view chicago.holiday_vs_non_holiday_crimes as
with sides as (
    select cast(side.is_holiday as boolean) as is_holiday
    from (values (true), (false)) as side (is_holiday)
)

select
    sides.is_holiday,
    count(*) filter (where daily_crimes.is_complete) as days,
    cast(coalesce(sum(daily_crimes.crimes), 0) as bigint) as crimes,
    round(avg(daily_crimes.crimes) filter (where daily_crimes.is_complete), 2) as crimes_per_day,
    round(avg(daily_crimes.violent) filter (where daily_crimes.is_complete), 2) as violent_per_day
from sides
-- Left: a side without a day keeps its row.
left join chicago.daily_crimes on sides.is_holiday = (daily_crimes.actual_holiday_name is not null)
group by sides.is_holiday;

comment on view chicago.holiday_vs_non_holiday_crimes is
'One row for the City''s holidays, on the day itself, and one for all other days.';

comment on column chicago.holiday_vs_non_holiday_crimes.is_holiday is
'Whether it is the day of a holiday of the City, closed or not.';

comment on column chicago.holiday_vs_non_holiday_crimes.days is 'Complete days: see daily_crimes.';

comment on column chicago.holiday_vs_non_holiday_crimes.crimes is
'Crimes of all days; they add up to the rows of crimes.';

comment on column chicago.holiday_vs_non_holiday_crimes.crimes_per_day is
'Crimes a day over complete days. Null: there are none.';

comment on column chicago.holiday_vs_non_holiday_crimes.violent_per_day is
'Violent index crimes a day over complete days. Null: there are none.';
