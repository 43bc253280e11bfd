-- One row is an hour of the day; the crimes at exactly 00:00 are in hour 0 and beside it.
-- Reads: chicago.hour_cube, chicago.hour_differences. Run by: tasks/warehouse/views.py.

create view chicago.crimes_by_hour as
with counts as (
    select
        hour_cube.hour,
        sum(hour_cube.crimes) as crimes,
        sum(hour_cube.crimes) filter (where hour_cube.is_unknown_time) as crimes_at_unknown_time,
        sum(hour_cube.crimes) filter (where not hour_cube.is_unknown_time) as crimes_at_known_time,
        sum(case when hour_cube.is_unknown_time then hour_cube.crimes else hour_cube.at_one_past_midnight end)
            as crimes_at_placeholder_time,
        sum(hour_cube.at_exact_noon) as crimes_at_exact_noon
    from chicago.hour_cube
    group by hour_cube.hour
)

select
    cast(hours.hour as smallint) as hour,
    cast(coalesce(counts.crimes, 0) as bigint) as crimes,
    cast(coalesce(counts.crimes_at_unknown_time, 0) as bigint) as crimes_at_unknown_time,
    round(coalesce(counts.crimes, 0) / nullif(sum(counts.crimes) over (), 0), 4) as share,
    round(
        coalesce(counts.crimes_at_known_time, 0) / nullif(sum(counts.crimes_at_known_time) over (), 0), 4
    ) as share_of_known_times,
    cast(coalesce(counts.crimes_at_placeholder_time, 0) as bigint) as crimes_at_placeholder_time,
    cast(coalesce(counts.crimes_at_exact_noon, 0) as bigint) as crimes_at_exact_noon,
    round(
        coalesce(counts.crimes - counts.crimes_at_placeholder_time, 0)
        / nullif(sum(counts.crimes - counts.crimes_at_placeholder_time) over (), 0),
        4
    ) as share_without_placeholders,
    round(hour_differences.crimes / (24 * hour_differences.expected), 4) as recent_share,
    round(hour_differences.low / (24 * hour_differences.expected), 4) as share_low,
    round(hour_differences.high / (24 * hour_differences.expected), 4) as share_high,
    hour_differences.q_value,
    hour_differences.is_unusual
from generate_series(0, 23) as hours (hour)
-- Left: an hour without a crime keeps its row.
left join counts on hours.hour = counts.hour
-- Left: with few weeks nothing is known of chance. All hours of the day are a row of day 0 there.
left join chicago.hour_differences
    on
        hours.hour = hour_differences.hour
        and hour_differences.day_of_week = 0;

comment on view chicago.crimes_by_hour is
'One row is an hour of the day.
Unit: rows of crimes: an incident is one, and so is each victim of a homicide.
Base: shares of all crimes; share_without_placeholders is without 00:00 and 00:01, which stand for an unknown time.
Period: crimes and shares are of all days held, recent_share and its range of the whole weeks of the newest two years.
Chance: ranges of 19 in 20; is_unusual is by false-discovery rate over the 24 hours, against a 24th of the day.
Lateness: crimes has days that still fill; a share hardly moves by that.
Do not read hour 0 or 12 as a peak: unknown times are written there, and at noon nobody knows which.';

comment on column chicago.crimes_by_hour.hour is 'Hour of the day, 0 to 23, Chicago wall clock.';

comment on column chicago.crimes_by_hour.crimes is 'Crimes of all days; they add up to the rows of crimes.';

comment on column chicago.crimes_by_hour.crimes_at_unknown_time is
'Of them, those at exactly 00:00. Those at 00:01 are no better: see crimes_at_placeholder_time.';

comment on column chicago.crimes_by_hour.share is
'Share of all crimes, 0 to 1, unknown times in hour 0. Null: no crime.';

comment on column chicago.crimes_by_hour.share_of_known_times is
'Share of the crimes that are not at exactly 00:00, 0 to 1; 00:01 is in hour 0. Null: no such crime.';

comment on column chicago.crimes_by_hour.crimes_at_placeholder_time is
'Of crimes, those at exactly 00:00 or 00:01, which the City writes for an unknown time.';

comment on column chicago.crimes_by_hour.crimes_at_exact_noon is
'Of crimes, those at exactly 12:00. Some are of an unknown time, and nobody knows which: they are left in.';

comment on column chicago.crimes_by_hour.share_without_placeholders is
'Share of the crimes at other times than 00:00 and 00:01, 0 to 1. Null: no such crime.';

comment on column chicago.crimes_by_hour.recent_share is
'As share_without_placeholders, of the whole weeks of the newest two years. Null: fewer than 8.';

comment on column chicago.crimes_by_hour.share_low is
'Lower end of the range that chance leaves for recent_share, 19 of 20. Null as recent_share.';

comment on column chicago.crimes_by_hour.share_high is 'Upper end of that range. Null as recent_share.';

comment on column chicago.crimes_by_hour.q_value is
'False-discovery rate among the 24 hours, against an even day, of recent_share. Null as recent_share.';

comment on column chicago.crimes_by_hour.is_unusual is
'Whether q_value is below 0.05: more or fewer than a 24th of the crimes at a known time. Null as recent_share.';
