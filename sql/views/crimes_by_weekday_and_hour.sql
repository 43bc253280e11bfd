-- One row is an hour of a day of the week, 168 in all: its crimes, and how many a day of that weekday has at a known
-- time.
-- Reads: pipeline.hour_counts, which follows the crimes, chicago.daily_crimes, chicago.hour_differences.
-- Run by: tasks/warehouse/views.py; refreshed when the data changed.

create materialized view chicago.crimes_by_weekday_and_hour as
with counts as (
    select
        cast(extract(isodow from hour_counts.date) as smallint) as day_of_week,
        hour_counts.hour,
        sum(hour_counts.crimes) as crimes,
        sum(hour_counts.crimes) filter (where hour_counts.is_unknown_time) as crimes_at_unknown_time,
        sum(hour_counts.crimes) filter (
            where daily_crimes.is_complete and not hour_counts.is_unknown_time
        ) as compared_crimes,
        sum(
            case when hour_counts.is_unknown_time then hour_counts.crimes else hour_counts.at_one_past_midnight end
        ) as crimes_at_placeholder_time,
        sum(hour_counts.at_exact_noon) as crimes_at_exact_noon,
        sum(hour_counts.crimes - hour_counts.at_one_past_midnight) filter (
            where daily_crimes.is_complete and not hour_counts.is_unknown_time
        ) as crimes_without_placeholders
    from pipeline.hour_counts
    -- Inner: each date with a crime is in daily_crimes.
    inner join chicago.daily_crimes on hour_counts.date = daily_crimes.date
    group by cast(extract(isodow from hour_counts.date) as smallint), hour_counts.hour
),

weekdays as (
    select
        cast(numbers.day_of_week as smallint) as day_of_week,
        (array['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'])[numbers.day_of_week]
            as day_of_week_name,
        count(*) filter (where daily_crimes.is_complete) as days
    from generate_series(1, 7) as numbers (day_of_week)
    -- Left: a weekday that we hold no day of keeps its rows.
    left join chicago.daily_crimes on numbers.day_of_week = extract(isodow from daily_crimes.date)
    group by numbers.day_of_week
)

select
    weekdays.day_of_week,
    weekdays.day_of_week_name,
    cast(hours.hour as smallint) as hour,
    weekdays.days,
    cast(coalesce(counts.crimes, 0) as bigint) as crimes,
    cast(coalesce(counts.crimes_at_unknown_time, 0) as bigint) as crimes_at_unknown_time,
    round(coalesce(counts.compared_crimes, 0) / nullif(weekdays.days, 0), 2) as crimes_per_day,
    cast(coalesce(counts.crimes_at_placeholder_time, 0) as bigint) as crimes_at_placeholder_time,
    cast(coalesce(counts.crimes_at_exact_noon, 0) as bigint) as crimes_at_exact_noon,
    round(coalesce(counts.crimes_without_placeholders, 0) / nullif(weekdays.days, 0), 2)
        as crimes_per_day_without_placeholders,
    -- Of weeks that are held whole, a day of the week is there as often as any other.
    round(hour_differences.expected / hour_differences.weeks, 2) as expected_per_day,
    round(100 * (hour_differences.crimes / hour_differences.expected - 1), 2) as change_pct,
    round(100 * (hour_differences.low / hour_differences.expected - 1), 2) as change_low_pct,
    round(100 * (hour_differences.high / hour_differences.expected - 1), 2) as change_high_pct,
    hour_differences.q_value,
    hour_differences.is_unusual
from weekdays
-- 24 rows on the right.
cross join generate_series(0, 23) as hours (hour)
-- Left: an hour without a crime has its row.
left join counts on weekdays.day_of_week = counts.day_of_week and hours.hour = counts.hour
-- Left: with few weeks or crimes nothing is known of chance.
left join chicago.hour_differences
    on
        weekdays.day_of_week = hour_differences.day_of_week
        and hours.hour = hour_differences.hour;

create unique index crimes_by_weekday_and_hour_key on chicago.crimes_by_weekday_and_hour (day_of_week, hour);

comment on materialized view chicago.crimes_by_weekday_and_hour is
'One row is an hour of a day of the week, 168 in all.
Unit: rows of crimes: an incident is one, and so is each victim of a homicide.
Base: crimes in that hour of one such day; expected_per_day is the weekday''s crimes by the hour''s share on all days.
Period: crimes are of all days held, rates of complete days, change_pct and its range of the whole weeks of the newest two years.
Chance: ranges of 19 in 20; is_unusual is by false-discovery rate over the 168 hours.
Lateness: crimes has days that still fill; rates are of complete days, and hours hardly differ in it.
Do not read is_unusual as a busy hour: it is against that hour on other days. And take crimes_per_day_without_placeholders: 00:00 and 00:01 stand for an unknown time.';

comment on column chicago.crimes_by_weekday_and_hour.day_of_week is '1 Monday to 7 Sunday (ISO 8601).';

comment on column chicago.crimes_by_weekday_and_hour.day_of_week_name is 'Monday to Sunday.';

comment on column chicago.crimes_by_weekday_and_hour.hour is 'Hour of the day, 0 to 23, Chicago wall clock.';

comment on column chicago.crimes_by_weekday_and_hour.days is 'Complete days of that weekday: see daily_crimes.';

comment on column chicago.crimes_by_weekday_and_hour.crimes is
'Crimes of all days; they add up to the rows of crimes.';

comment on column chicago.crimes_by_weekday_and_hour.crimes_at_unknown_time is
'Of them, those at exactly 00:00. Those at 00:01 are no better: see crimes_at_placeholder_time.';

comment on column chicago.crimes_by_weekday_and_hour.crimes_per_day is
'Crimes in that hour of one such day, over complete days, those at exactly 00:00 left out. Null: there are none.';

comment on column chicago.crimes_by_weekday_and_hour.crimes_at_placeholder_time is
'Of crimes, those at exactly 00:00 or 00:01, which the City writes for an unknown time.';

comment on column chicago.crimes_by_weekday_and_hour.crimes_at_exact_noon is
'Of crimes, those at exactly 12:00. Some are of an unknown time, and nobody knows which: they are left in.';

comment on column chicago.crimes_by_weekday_and_hour.crimes_per_day_without_placeholders is
'Crimes in that hour of one such day, over complete days, those at exactly 00:00 or 00:01 left out. Null: there are none.';

comment on column chicago.crimes_by_weekday_and_hour.expected_per_day is
'Crimes at a known time of the weekday, by the share of the hour on all days; over the whole weeks of the '
'newest two years. Null: fewer than 8 weeks, '
'or fewer than 5 crimes expected in all.';

comment on column chicago.crimes_by_weekday_and_hour.change_pct is
'Crimes of the hour on that weekday, less what is expected, in percent of it. Null as expected_per_day.';

comment on column chicago.crimes_by_weekday_and_hour.change_low_pct is
'Lower end of the range that chance leaves for change_pct, 19 of 20. Null as expected_per_day.';

comment on column chicago.crimes_by_weekday_and_hour.change_high_pct is
'Upper end of that range. Null as expected_per_day.';

comment on column chicago.crimes_by_weekday_and_hour.q_value is
'False-discovery rate among the 168 hours of a week. Null as expected_per_day.';

comment on column chicago.crimes_by_weekday_and_hour.is_unusual is
'Whether q_value is below 0.05: this weekday has other hours than the others. Null as expected_per_day.';
