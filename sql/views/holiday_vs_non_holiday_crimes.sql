-- One row for holidays (the day itself, not the day that the City is closed), one for all other days, and one for the
-- crimes of which the day is not known.
-- Reads: chicago.daily_crimes. Run by: tasks/warehouse/views.py.

create view chicago.holiday_vs_non_holiday_crimes as
with sides as (
    select cast(side.is_holiday as boolean) as is_holiday
    from (values (true), (false)) as side (is_holiday)
)

select
    sides.is_holiday,
    count(*) filter (where daily_crimes.is_complete) as days,
    cast(coalesce(sum(daily_crimes.crimes - daily_crimes.crimes_of_unknown_day), 0) as bigint) as crimes,
    round(
        avg(daily_crimes.crimes - daily_crimes.crimes_of_unknown_day) filter (where daily_crimes.is_complete), 2
    ) as crimes_per_day,
    round(
        avg(daily_crimes.violent - daily_crimes.violent_of_unknown_day) filter (where daily_crimes.is_complete), 2
    ) as violent_per_day
from sides
-- Left: a side without a day keeps its row.
left join chicago.daily_crimes on sides.is_holiday = (daily_crimes.actual_holiday_name is not null)
group by sides.is_holiday
union all
select
    null as is_holiday,
    0 as days,
    cast(coalesce(sum(daily_crimes.crimes_of_unknown_day), 0) as bigint) as crimes,
    null as crimes_per_day,
    null as violent_per_day
from chicago.daily_crimes;

comment on view chicago.holiday_vs_non_holiday_crimes is
'One row for the City''s holidays, on the day itself, one for all other days, and one for unknown days (00:00 or 00:01 on the first of a month).';

comment on column chicago.holiday_vs_non_holiday_crimes.is_holiday is
'Whether it is the day of a holiday of the City, closed or not. Null: the crimes of unknown days.';

comment on column chicago.holiday_vs_non_holiday_crimes.days is 'Complete days: see daily_crimes. 0 for unknown.';

comment on column chicago.holiday_vs_non_holiday_crimes.crimes is
'Crimes of all days, complete or not; they add up to the rows of crimes.';

comment on column chicago.holiday_vs_non_holiday_crimes.crimes_per_day is
'Crimes of a known day, a day, over complete days. Null: there are none.';

comment on column chicago.holiday_vs_non_holiday_crimes.violent_per_day is
'Violent index crimes of a known day, a day, over complete days. Null: there are none.';
