-- One row is a count of the whole city (all crimes, violent, property, arrests, domestic): the newest 28 complete
-- days against the 28 before and the same 28 a year before, with what chance allows.
-- Reads: chicago.weekly_counts, chicago.recent_changes, chicago.daily_crimes. Run by: tasks/warehouse/views.py.

create view chicago.city_last_28_days as
with counts as (
    select
        numbers.place,
        numbers.counted
    from (
        values (1, 'crimes'), (2, 'violent'), (3, 'property'), (4, 'arrests'), (5, 'domestic')
    ) as numbers (place, counted)
),

newest as (
    select max(daily_crimes.date) as last_date
    from chicago.daily_crimes
    where daily_crimes.is_complete
),

sums as (
    select
        counts.place,
        counts.counted,
        newest.last_date,
        -- 364 days are 52 whole weeks: the same weekdays a year before. Null unless all four weeks are held.
        case
            when count(*) filter (where weekly_counts.weeks_before < 4) = 4
                then sum(weekly_counts.crimes) filter (where weekly_counts.weeks_before < 4)
        end as last_28_days,
        case
            when count(*) filter (where weekly_counts.weeks_before between 4 and 7) = 4
                then sum(weekly_counts.crimes) filter (where weekly_counts.weeks_before between 4 and 7)
        end as previous_28_days,
        case
            when count(*) filter (where weekly_counts.weeks_before between 52 and 55) = 4
                then sum(weekly_counts.crimes) filter (where weekly_counts.weeks_before between 52 and 55)
        end as same_28_days_last_year
    from counts
    -- One row on the right.
    cross join newest
    -- Left: also where we hold no whole week.
    left join chicago.weekly_counts
        on
            weekly_counts.family = 'city'
            and counts.counted = weekly_counts.member
    where newest.last_date is not null
    group by counts.place, counts.counted, newest.last_date
)

select
    sums.counted,
    sums.last_date - 27 as first_date,
    sums.last_date,
    cast(sums.last_28_days as bigint) as last_28_days,
    cast(sums.previous_28_days as bigint) as previous_28_days,
    round(100 * (sums.last_28_days / nullif(sums.previous_28_days, 0) - 1), 2) as change_pct,
    cast(sums.same_28_days_last_year as bigint) as same_28_days_last_year,
    round(100 * (sums.last_28_days / nullif(sums.same_28_days_last_year, 0) - 1), 2) as year_change_pct,
    previous.change_low_pct,
    previous.change_high_pct,
    previous.q_value as change_q_value,
    previous.is_unusual as change_is_unusual,
    last_year.change_low_pct as year_change_low_pct,
    last_year.change_high_pct as year_change_high_pct,
    last_year.q_value as year_change_q_value,
    last_year.is_unusual as year_change_is_unusual,
    previous.corrected_change_pct,
    last_year.corrected_change_pct as year_corrected_change_pct,
    previous.published_share
from sums
-- Left, both: a change that is not compared has no chance either.
left join chicago.recent_changes as previous
    on
        previous.family = 'city'
        and previous.compared_with = 'previous'
        and sums.counted = previous.member
left join chicago.recent_changes as last_year
    on
        last_year.family = 'city'
        and last_year.compared_with = 'last_year'
        and sums.counted = last_year.member
order by sums.place;

comment on view chicago.city_last_28_days is
'One row is a count of the whole city: the newest 28 complete days against the 28 before and the same 28 a year before.
Unit: rows of crimes: an incident is one, and so is each victim of a homicide. Arrests are crimes with one.
Definition: violent and property are the index crimes of summary UCR by FBI code, one code a row; NIBRS counts every offence of an incident.
Base: a change is in percent of the earlier 28 days.
Period: 28 days in a row, and those 28 and 364 days before; null where not all are held.
Chance: the ranges (19 of 20) allow for it and the usual drift; is_unusual is by false-discovery rate over these counts.
Lateness: last_28_days and change_pct are as held, about 1 % low; corrected_change_pct and the ranges allow for that. Arrests are not compared.
Do not read a month against the one before as a trend: the season is in it.';

comment on column chicago.city_last_28_days.counted is
'Key. What is counted: crimes, violent, property, arrests or domestic, as in daily_crimes.';

comment on column chicago.city_last_28_days.first_date is 'First of the newest 28 complete days.';

comment on column chicago.city_last_28_days.last_date is 'Last of them: the newest complete day.';

comment on column chicago.city_last_28_days.last_28_days is
'Crimes of the newest 28 complete days. Null: we do not hold them whole.';

comment on column chicago.city_last_28_days.previous_28_days is
'Crimes of the 28 days before those. Null: we do not hold them whole.';

comment on column chicago.city_last_28_days.change_pct is
'last_28_days less previous_28_days in percent of it. Null: one is not held, or there were none.';

comment on column chicago.city_last_28_days.same_28_days_last_year is
'Crimes of the 28 days that lie 364 days before last_28_days. Null: we do not hold them whole.';

comment on column chicago.city_last_28_days.year_change_pct is
'last_28_days less same_28_days_last_year in percent of it. Null: one is not held, or there were none.';

comment on column chicago.city_last_28_days.change_low_pct is
'Lower end of what chance leaves for the change, 19 of 20: see recent_changes. Null: not compared.';

comment on column chicago.city_last_28_days.change_high_pct is 'Upper end of it. Null: not compared.';

comment on column chicago.city_last_28_days.change_q_value is
'False-discovery rate of the change among the five counts. Null: not compared.';

comment on column chicago.city_last_28_days.change_is_unusual is
'Whether change_q_value is below 0.05: only then has this risen or fallen. Null: not compared.';

comment on column chicago.city_last_28_days.year_change_low_pct is
'As change_low_pct, of the change from a year before.';

comment on column chicago.city_last_28_days.year_change_high_pct is
'As change_high_pct, of the change from a year before.';

comment on column chicago.city_last_28_days.year_change_q_value is
'As change_q_value, of the change from a year before.';

comment on column chicago.city_last_28_days.year_change_is_unusual is
'As change_is_unusual, of the change from a year before.';

comment on column chicago.city_last_28_days.corrected_change_pct is
'change_pct of what both periods will come to: the newest days still gain rows. Null: withheld or unknown, see recent_changes.';

comment on column chicago.city_last_28_days.year_corrected_change_pct is 'As corrected_change_pct, from a year before.';

comment on column chicago.city_last_28_days.published_share is
'last_28_days by what will be held of them in 45 days. Null: withheld; and for arrests.';
