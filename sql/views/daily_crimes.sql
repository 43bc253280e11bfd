-- One row is a Chicago local date that we hold: its counts, whether it is complete, and the means of the days
-- before.
-- Reads: chicago.daily_cube, chicago.dates, pipeline.counts_state (which days are complete), pipeline.nowcasts.
-- Run by: tasks/warehouse/views.py; refreshed when the data changed.
--
-- A day is complete when we hold it whole and it is at least 21 days older than the source's last load: 96%
-- of a day's rows are published by then. A day without a single row is one that we do not hold (the City has
-- hundreds a day), and the very first is held whole only when its rows begin at midnight.

create materialized view chicago.daily_crimes as
with days as (
    select
        daily_cube.date,
        cast(sum(daily_cube.crimes) as bigint) as crimes,
        cast(sum(daily_cube.violent) as bigint) as violent,
        cast(sum(daily_cube.property) as bigint) as property,
        cast(sum(daily_cube.arrests) as bigint) as arrests,
        cast(sum(daily_cube.domestic) as bigint) as domestic,
        cast(sum(daily_cube.crimes_at_placeholder_time) as bigint) as crimes_at_placeholder_time,
        cast(sum(daily_cube.violent_at_placeholder_time) as bigint) as violent_at_placeholder_time
    from chicago.daily_cube
    group by daily_cube.date
),

days_with_completeness as (
    select
        days.date,
        days.crimes,
        days.violent,
        days.property,
        days.arrests,
        days.domestic,
        days.crimes_at_placeholder_time,
        days.violent_at_placeholder_time,
        coalesce(
            days.date between counts_state.first_complete_date and counts_state.last_complete_date, false
        ) as is_complete
    from days
    -- One row on the right where there is a day; left, so that none is lost.
    left join pipeline.counts_state on true
)

select
    days.date,
    days.crimes,
    days.violent,
    days.property,
    days.arrests,
    days.domestic,
    days.is_complete,
    case
        when count(*) filter (where days.is_complete) over last_7_days = 7
            then round(avg(days.crimes) over last_7_days, 2)
    end as mean_7_days,
    case
        when count(*) filter (where days.is_complete) over last_28_days = 28
            then round(avg(days.crimes) over last_28_days, 2)
    end as mean_28_days,
    dates.holiday_name,
    dates.actual_holiday_name,
    days.crimes_at_placeholder_time,
    days.violent_at_placeholder_time,
    case when extract(day from days.date) = 1 then days.crimes_at_placeholder_time else 0 end as crimes_of_unknown_day,
    case when extract(day from days.date) = 1 then days.violent_at_placeholder_time else 0 end
        as violent_of_unknown_day,
    round(cast(nowcasts.published_share as numeric), 4) as published_share,
    nowcasts.nowcast,
    nowcasts.low as nowcast_low,
    nowcasts.high as nowcast_high
from days_with_completeness as days
-- Left: a date that the calendar lacks stays, without a holiday.
left join chicago.dates on days.date = dates.date
-- Left: older days move no more, and of the very newest only midnight is published.
left join pipeline.nowcasts
    on
        nowcasts.family = 'city'
        and nowcasts.place = 'crimes'
        and nowcasts.period = 'day'
        and days.date = nowcasts.first_date
window
    last_7_days as (order by days.date range between interval '6 days' preceding and current row),
    last_28_days as (order by days.date range between interval '27 days' preceding and current row);

create unique index daily_crimes_key on chicago.daily_crimes (date);

comment on materialized view chicago.daily_crimes is
'One row is a date that we hold.
Unit: rows of crimes: an incident is one, and so is each victim of a homicide. Arrests are crimes with one.
Definition: violent and property are summary UCR''s index by FBI code, one code a row; NIBRS counts every offence of an incident.
Base: counts of a day; published_share is by what the day will come to.
Period: all days held. A day is complete when it is held whole and at least 21 days older than the source''s last load.
Chance: no range: days differ by more than nowcast_low to nowcast_high, which is of lateness alone.
Lateness: days that are not complete still gain rows, and the newest complete one lacks about 2 %; nowcast corrects the newest 60.
Do not compare days that are not complete, nor firsts of a month without taking crimes_of_unknown_day off.';

comment on column chicago.daily_crimes.date is 'Key. Chicago local date of occurrence.';

comment on column chicago.daily_crimes.crimes is 'Rows of crimes: incidents, and a homicide''s victims.';

comment on column chicago.daily_crimes.violent is 'Violent index crimes, by FBI code.';

comment on column chicago.daily_crimes.property is 'Property index crimes, by FBI code.';

comment on column chicago.daily_crimes.arrests is 'Crimes with an arrest. Arrests come late.';

comment on column chicago.daily_crimes.domestic is 'Domestic crimes.';

comment on column chicago.daily_crimes.is_complete is
'Whether we hold the day whole and it is at least 21 days older than the source''s last load.';

comment on column chicago.daily_crimes.mean_7_days is
'Crimes a day over this day and the 6 before it. Null unless all 7 are complete.';

comment on column chicago.daily_crimes.mean_28_days is
'Crimes a day over this day and the 27 before it. Null unless all 28 are complete.';

comment on column chicago.daily_crimes.holiday_name is
'The holiday for which the City is closed on this date. Null: it is not closed for one.';

comment on column chicago.daily_crimes.actual_holiday_name is
'The holiday whose own day this date is. Null: it is not a holiday.';

comment on column chicago.daily_crimes.crimes_at_placeholder_time is
'Of crimes, those at exactly 00:00 or 00:01, which the City writes for an unknown time, and on the first of a month for an unknown day.';

comment on column chicago.daily_crimes.violent_at_placeholder_time is 'Of violent, the same.';

comment on column chicago.daily_crimes.crimes_of_unknown_day is
'Of crimes, those at 00:00 or 00:01 on the first of a month, which the City writes for an unknown day. 0 on other dates.';

comment on column chicago.daily_crimes.violent_of_unknown_day is 'Of violent, the same.';

comment on column chicago.daily_crimes.published_share is
'crimes by what they will come to. Null: not one of the newest 60 days published, or withheld (nowcast_days says why).';

comment on column chicago.daily_crimes.nowcast is
'crimes that will be held of the day in 45 days, see nowcast_days. Null: as published_share.';

comment on column chicago.daily_crimes.nowcast_low is
'Lower end of the nowcast''s interval of 90 %, which is of lateness alone.';

comment on column chicago.daily_crimes.nowcast_high is
'Upper end of the nowcast''s interval of 90 %, which is of lateness alone.';
