-- One row is a police district: its crimes, its rates, and the last 28 complete days against others; and one
-- for unknown.
-- Reads: chicago.place_cube, chicago.daily_cube, chicago.daily_crimes, chicago.police_stations,
-- chicago.places_by_period, chicago.place_periods_held, chicago.recent_changes, chicago.family_dispersions.
-- Run by: tasks/warehouse/views.py; refreshed when the data changed.

create materialized view chicago.crimes_by_district as
with counts as (
    select
        place_cube.district,
        sum(place_cube.crimes) as crimes,
        sum(place_cube.crimes) filter (where place_cube.is_violent) as violent,
        sum(place_cube.crimes) filter (where place_cube.is_property) as property,
        sum(place_cube.arrests) as arrests,
        sum(place_cube.domestic) as domestic,
        sum(place_cube.crimes) filter (where place_cube.is_complete) as complete_crimes,
        sum(place_cube.arrests) filter (where place_cube.is_complete) as complete_arrests
    from chicago.place_cube
    group by place_cube.district
),

newest as (
    select max(daily_crimes.date) as last_date
    from chicago.daily_crimes
    where daily_crimes.is_complete
),

periods as (
    select
        -- 364 days are 52 whole weeks: the same weekdays a year before.
        daily_crimes.date > newest.last_date - 28 as is_last,
        daily_crimes.date between newest.last_date - 55 and newest.last_date - 28 as is_previous,
        daily_crimes.date between newest.last_date - 391 and newest.last_date - 364 as is_last_year,
        daily_crimes.date
    from chicago.daily_crimes
    -- One row on the right.
    cross join newest
    where daily_crimes.is_complete and daily_crimes.date > newest.last_date - 392
),

held_periods as (
    select
        count(*) filter (where periods.is_last) = 28 as holds_last,
        count(*) filter (where periods.is_previous) = 28 as holds_previous,
        count(*) filter (where periods.is_last_year) = 28 as holds_last_year
    from periods
),

period_counts as (
    select
        daily_cube.district,
        sum(daily_cube.crimes) filter (where periods.is_last) as last_28_days,
        sum(daily_cube.crimes) filter (where periods.is_previous) as previous_28_days,
        sum(daily_cube.crimes) filter (where periods.is_last_year) as same_28_days_last_year
    from chicago.daily_cube
    -- Inner: days that are not complete, or of no period, are not compared.
    inner join periods on daily_cube.date = periods.date
    group by daily_cube.district
),

year_counts as (
    select
        places_by_period.district,
        sum(places_by_period.last_year) as last_year,
        sum(places_by_period.last_year) filter (where places_by_period.is_violent) as last_year_violent,
        sum(places_by_period.last_year) filter (where places_by_period.is_property) as last_year_property,
        sum(places_by_period.year_before) as year_before,
        sum(places_by_period.year_before) filter (where places_by_period.is_violent) as year_before_violent,
        sum(places_by_period.year_to_date) as year_to_date,
        sum(places_by_period.year_to_date) filter (where places_by_period.is_violent) as year_to_date_violent,
        sum(places_by_period.year_to_date_before) as year_to_date_before,
        sum(places_by_period.year_to_date_before) filter (where places_by_period.is_violent)
            as year_to_date_before_violent
    from chicago.places_by_period
    group by places_by_period.district
),

listed as (
    select police_stations.district
    from chicago.police_stations
    union
    select counts.district
    from counts
    union
    -- The row of unknown districts is always there.
    select cast(null as smallint) as district
),

districts as (
    select
        listed.district,
        coalesce(police_stations.district_name, 'unknown') as district_name,
        coalesce(counts.crimes, 0) as crimes,
        coalesce(counts.violent, 0) as violent,
        coalesce(counts.property, 0) as property,
        coalesce(counts.arrests, 0) as arrests,
        counts.complete_arrests / nullif(counts.complete_crimes, 0) as arrest_rate,
        counts.domestic / nullif(counts.crimes, 0) as domestic_share,
        case when held_periods.holds_last then coalesce(period_counts.last_28_days, 0) end as last_28_days,
        case when held_periods.holds_previous then coalesce(period_counts.previous_28_days, 0) end
            as previous_28_days,
        case when held_periods.holds_last_year then coalesce(period_counts.same_28_days_last_year, 0) end
            as same_28_days_last_year
    from listed
    -- One row on the right.
    cross join held_periods
    -- Left: a district can have no crime, and crimes can be in a district that has no station.
    left join counts on listed.district is not distinct from counts.district
    left join period_counts on listed.district is not distinct from period_counts.district
    left join chicago.police_stations on listed.district = police_stations.district
),

changes as (
    select
        districts.district,
        districts.district_name,
        districts.crimes,
        districts.violent,
        districts.property,
        districts.arrests,
        districts.arrest_rate,
        districts.domestic_share,
        districts.last_28_days,
        districts.previous_28_days,
        100 * (districts.last_28_days / nullif(districts.previous_28_days, 0) - 1) as change_pct,
        districts.same_28_days_last_year,
        100 * (districts.last_28_days / nullif(districts.same_28_days_last_year, 0) - 1) as year_change_pct,
        districts.district is not null as is_known
    from districts
),

years as (
    select
        districts.district,
        held.last_year_from,
        held.last_year_to,
        held.last_year_days,
        case when held.last_year_days > 0 then coalesce(year_counts.last_year, 0) end as last_year,
        case when held.last_year_days > 0 then coalesce(year_counts.last_year_violent, 0) end as last_year_violent,
        case when held.last_year_days > 0 then coalesce(year_counts.last_year_property, 0) end as last_year_property,
        case when held.year_before_from is not null then coalesce(year_counts.year_before, 0) end as year_before,
        case when held.year_before_from is not null then coalesce(year_counts.year_before_violent, 0) end
            as year_before_violent,
        case when held.year_to_date_from is not null then coalesce(year_counts.year_to_date, 0) end as year_to_date,
        case when held.year_to_date_from is not null then coalesce(year_counts.year_to_date_violent, 0) end
            as year_to_date_violent,
        case when held.year_to_date_before_from is not null then coalesce(year_counts.year_to_date_before, 0) end
            as year_to_date_before,
        case
            when held.year_to_date_before_from is not null then coalesce(year_counts.year_to_date_before_violent, 0)
        end as year_to_date_before_violent
    from districts
    -- One row on the right.
    cross join chicago.place_periods_held as held
    -- Left: a district can have no crime in any period.
    left join year_counts on districts.district is not distinct from year_counts.district
)

select
    changes.district,
    changes.district_name,
    cast(changes.crimes as bigint) as crimes,
    cast(changes.violent as bigint) as violent,
    cast(changes.property as bigint) as property,
    cast(changes.arrests as bigint) as arrests,
    round(changes.arrest_rate, 4) as arrest_rate,
    round(changes.domestic_share, 4) as domestic_share,
    cast(changes.last_28_days as bigint) as last_28_days,
    cast(changes.previous_28_days as bigint) as previous_28_days,
    round(changes.change_pct, 2) as change_pct,
    cast(changes.same_28_days_last_year as bigint) as same_28_days_last_year,
    round(changes.year_change_pct, 2) as year_change_pct,
    case
        when changes.is_known
            then rank() over (partition by changes.is_known order by changes.crimes desc)
    end as crimes_rank,
    case
        when changes.is_known
            then rank() over (partition by changes.is_known order by changes.violent desc)
    end as violent_rank,
    case
        when changes.is_known
            then rank() over (partition by changes.is_known order by changes.property desc)
    end as property_rank,
    case
        when changes.is_known and changes.arrest_rate is not null
            then rank() over (partition by changes.is_known order by changes.arrest_rate desc nulls last)
    end as arrest_rate_rank,
    case
        when changes.is_known and changes.change_pct is not null
            then rank() over (partition by changes.is_known order by changes.change_pct desc nulls last)
    end as change_rank,
    previous.change_low_pct,
    previous.change_high_pct,
    previous.q_value as change_q_value,
    previous.is_unusual as change_is_unusual,
    case
        when changes.is_known
            then count(*) filter (where previous.is_unusual) over (partition by changes.is_known)
    end as unusual_changes,
    last_year.change_low_pct as year_change_low_pct,
    last_year.change_high_pct as year_change_high_pct,
    last_year.q_value as year_change_q_value,
    last_year.is_unusual as year_change_is_unusual,
    previous.corrected_change_pct,
    last_year.corrected_change_pct as year_corrected_change_pct,
    case
        when changes.is_known
            then chicago.rank_from(
                changes.crimes, array_agg(changes.crimes) over (partition by changes.is_known), family_dispersions.noise
            )
    end as crimes_rank_from,
    case
        when changes.is_known
            then chicago.rank_to(
                changes.crimes, array_agg(changes.crimes) over (partition by changes.is_known), family_dispersions.noise
            )
    end as crimes_rank_to,
    case
        when changes.is_known
            then chicago.rank_from(
                changes.violent, array_agg(changes.violent) over (partition by changes.is_known),
                family_dispersions.noise
            )
    end as violent_rank_from,
    case
        when changes.is_known
            then chicago.rank_to(
                changes.violent, array_agg(changes.violent) over (partition by changes.is_known),
                family_dispersions.noise
            )
    end as violent_rank_to,
    cast(years.last_year as bigint) as last_year,
    cast(years.last_year_violent as bigint) as last_year_violent,
    cast(years.last_year_property as bigint) as last_year_property,
    years.last_year_from,
    years.last_year_to,
    years.last_year_days,
    round(years.last_year / years.last_year_days, 4) as last_year_per_day,
    cast(years.year_before as bigint) as year_before,
    cast(years.year_before_violent as bigint) as year_before_violent,
    cast(years.year_to_date as bigint) as year_to_date,
    cast(years.year_to_date_violent as bigint) as year_to_date_violent,
    cast(years.year_to_date_before as bigint) as year_to_date_before,
    cast(years.year_to_date_before_violent as bigint) as year_to_date_before_violent,
    -- All have the same days: the rank of a count is that of its rate per day.
    case
        when changes.is_known and years.last_year is not null
            then rank() over (partition by changes.is_known order by years.last_year desc)
    end as last_year_rank,
    case
        when changes.is_known and years.last_year is not null
            then rank() over (partition by changes.is_known order by years.last_year_violent desc)
    end as last_year_violent_rank,
    case
        when changes.is_known and years.last_year is not null
            then rank() over (partition by changes.is_known order by years.last_year_property desc)
    end as last_year_property_rank
from changes
-- Inner, and one to one: both are made of districts.
inner join years on changes.district is not distinct from years.district
-- Left, both: a change that is not compared has no chance either.
left join chicago.recent_changes as previous
    on
        previous.family = 'district'
        and previous.compared_with = 'previous'
        and previous.member = cast(changes.district as text)
left join chicago.recent_changes as last_year
    on
        last_year.family = 'district'
        and last_year.compared_with = 'last_year'
        and last_year.member = cast(changes.district as text)
-- Left: with few weeks nothing is known of chance.
left join chicago.family_dispersions on family_dispersions.family = 'district';

create unique index crimes_by_district_key on chicago.crimes_by_district (district) nulls not distinct;

comment on materialized view chicago.crimes_by_district is
'One row is a police district, and one the crimes of unknown districts. A rank of 1 is the most.
Unit: rows of crimes: an incident is one, and so is each victim of a homicide.
Definition: violent and property are summary UCR''s index by FBI code, one code a row; NIBRS counts every offence.
Base: counts, not by residents (crime_rates); arrest_rate is by crimes.
Period: crimes, violent, property, arrests and their ranks are of all days held; arrest_rate, 28 days and years of complete days.
Chance: ranges of 19 in 20, is_unusual over the districts, and the ranks that it leaves. The largest of 22 changes passes 10 % in most months in which nothing happens.
Lateness: change_pct is as held, about 1 % low; corrected_change_pct and its range allow for that. Arrests come later.
Do not read change_rank before change_is_unusual, nor arrest_rate_rank as effort.';

comment on column chicago.crimes_by_district.district is
'Police district. Null: the crimes of unknown districts, which have no rank.';

comment on column chicago.crimes_by_district.district_name is
'Name of the district; unknown where it is, or where the district has no station.';

comment on column chicago.crimes_by_district.crimes is
'Crimes of all days; they add up to the rows of crimes.';

comment on column chicago.crimes_by_district.violent is 'Violent index crimes of all days, by FBI code.';

comment on column chicago.crimes_by_district.property is 'Property index crimes of all days, by FBI code.';

comment on column chicago.crimes_by_district.arrests is 'Crimes with an arrest, of all days.';

comment on column chicago.crimes_by_district.arrest_rate is
'Share of crimes with an arrest, 0 to 1, of complete days, because arrests come late. Null: no such crime.';

comment on column chicago.crimes_by_district.domestic_share is
'Share of domestic crimes, 0 to 1, of all days. Null: no crime.';

comment on column chicago.crimes_by_district.last_28_days is
'Crimes of the newest 28 complete days. Null: we do not hold them whole.';

comment on column chicago.crimes_by_district.previous_28_days is
'Crimes of the 28 days before those. Null: we do not hold them whole.';

comment on column chicago.crimes_by_district.change_pct is
'last_28_days less previous_28_days in percent of it. Null: one is not held, or there were none.';

comment on column chicago.crimes_by_district.same_28_days_last_year is
'Crimes of the 28 days that lie 364 days before last_28_days. Null: we do not hold them whole.';

comment on column chicago.crimes_by_district.year_change_pct is
'last_28_days less same_28_days_last_year in percent of it. Null: one is not held, or there were none.';

comment on column chicago.crimes_by_district.crimes_rank is 'Rank by crimes, of all days held. Null for unknown districts. last_year_rank is of today.';

comment on column chicago.crimes_by_district.violent_rank is 'Rank by violent. Null for unknown districts.';

comment on column chicago.crimes_by_district.property_rank is 'Rank by property. Null for unknown districts.';

comment on column chicago.crimes_by_district.arrest_rate_rank is
'Rank by arrest_rate, which ranks the mix of crimes: see police_rank_by_arrest. Null for unknown districts and without one.';

comment on column chicago.crimes_by_district.change_rank is
'Rank by change_pct, whether or not chance explains it. Null for unknown districts and without one.';

comment on column chicago.crimes_by_district.change_low_pct is
'Lower end of what chance leaves for the change, 19 of 20: see recent_changes. Null: not compared.';

comment on column chicago.crimes_by_district.change_high_pct is 'Upper end of it. Null: not compared.';

comment on column chicago.crimes_by_district.change_q_value is
'False-discovery rate of the change among those of all districts. Null: not compared.';

comment on column chicago.crimes_by_district.change_is_unusual is
'Whether change_q_value is below 0.05: only then have crimes risen or fallen here. Null: not compared.';

comment on column chicago.crimes_by_district.unusual_changes is
'How many districts have an unusual change; 0: no rank of them means anything. Null for unknown districts.';

comment on column chicago.crimes_by_district.corrected_change_pct is
'change_pct of what both periods will come to: the newest days still gain rows. Null: withheld, see recent_changes.';

comment on column chicago.crimes_by_district.year_corrected_change_pct is 'As corrected_change_pct, from a year before.';

comment on column chicago.crimes_by_district.year_change_low_pct is
'As change_low_pct, of the change from a year before.';

comment on column chicago.crimes_by_district.year_change_high_pct is
'As change_high_pct, of the change from a year before.';

comment on column chicago.crimes_by_district.year_change_q_value is
'As change_q_value, of the change from a year before.';

comment on column chicago.crimes_by_district.year_change_is_unusual is
'As change_is_unusual, of the change from a year before.';

comment on column chicago.crimes_by_district.crimes_rank_from is
'Best rank by crimes that chance leaves to the district; districts whose ranks overlap are tied. Null for unknown '
'districts, and where fewer than 26 weeks are held.';

comment on column chicago.crimes_by_district.crimes_rank_to is 'Worst rank that chance leaves. Null as crimes_rank_from.';

comment on column chicago.crimes_by_district.violent_rank_from is 'As crimes_rank_from, of violent.';

comment on column chicago.crimes_by_district.violent_rank_to is 'As crimes_rank_to, of violent.';

comment on column chicago.crimes_by_district.last_year is
'Crimes of the newest 364 complete days, or of those that are held: see last_year_days. Null: no complete day.';

comment on column chicago.crimes_by_district.last_year_from is
'First Chicago local date of last_year that is held. Null: no complete day.';

comment on column chicago.crimes_by_district.last_year_to is
'Last Chicago local date of last_year: the newest complete day. Null: no complete day.';

comment on column chicago.crimes_by_district.last_year_days is
'Complete days of last_year that are held, 364 at most. Null: none.';

comment on column chicago.crimes_by_district.last_year_per_day is
'last_year by last_year_days. Null where last_year is.';

comment on column chicago.crimes_by_district.year_before is
'Crimes of the 364 days before last_year, which have had a year longer to be published. Null: not held whole.';

comment on column chicago.crimes_by_district.year_to_date is
'Crimes from 1 January of the year of last_year_to until then. Null: not held whole.';

comment on column chicago.crimes_by_district.year_to_date_before is
'Crimes of the year before, from 1 January to the same day. Null: not held whole.';

comment on column chicago.crimes_by_district.last_year_violent is
'Of last_year, violent index crimes by FBI code.';

comment on column chicago.crimes_by_district.last_year_property is
'Of last_year, property index crimes by FBI code.';

comment on column chicago.crimes_by_district.year_before_violent is
'Of year_before, violent index crimes by FBI code.';

comment on column chicago.crimes_by_district.year_to_date_violent is
'Of year_to_date, violent index crimes by FBI code.';

comment on column chicago.crimes_by_district.year_to_date_before_violent is
'Of year_to_date_before, violent index crimes by FBI code.';

comment on column chicago.crimes_by_district.last_year_rank is
'Rank by last_year_per_day, 1 the most. Null for unknown districts. Of counts: a district with more people has more.';

comment on column chicago.crimes_by_district.last_year_violent_rank is
'Rank by last_year_violent. Null for unknown districts.';

comment on column chicago.crimes_by_district.last_year_property_rank is
'Rank by last_year_property. Null for unknown districts.';
