-- One row is a police beat and its violent index crimes, by FBI code; and one for unknown beats.
-- Reads: chicago.place_cube, chicago.beats, chicago.police_stations, chicago.places_by_period,
-- chicago.place_periods_held, chicago.family_dispersions.
-- Run by: tasks/warehouse/views.py; refreshed when the data changed.

create materialized view chicago.violent_crimes_by_beat as
with counts as (
    select
        place_cube.beat,
        sum(place_cube.crimes) as violent_crimes,
        sum(place_cube.crimes) filter (where place_cube.fbi_code = '01A') as homicides,
        sum(place_cube.crimes) filter (where place_cube.fbi_code = '02') as sexual_assaults,
        sum(place_cube.crimes) filter (where place_cube.fbi_code = '03') as robberies,
        sum(place_cube.crimes) filter (where place_cube.fbi_code = '04A') as aggravated_assaults,
        sum(place_cube.crimes) filter (where place_cube.fbi_code = '04B') as aggravated_batteries
    from chicago.place_cube
    where place_cube.is_violent
    group by place_cube.beat
),

year_counts as (
    select
        places_by_period.beat,
        sum(places_by_period.last_year) as last_year,
        sum(places_by_period.year_before) as year_before,
        sum(places_by_period.year_to_date) as year_to_date,
        sum(places_by_period.year_to_date_before) as year_to_date_before
    from chicago.places_by_period
    where places_by_period.is_violent
    group by places_by_period.beat
),

listed as (
    select beats.beat
    from chicago.beats
    union
    -- Also beats that have other crimes only, and are not on the City's map.
    select place_cube.beat
    from chicago.place_cube
    union
    -- The row of unknown beats is always there.
    select cast(null as text) as beat
),

violent_beats as (
    select
        listed.beat,
        -- The beat's own: a few crimes are published with another district than their beat's.
        coalesce(
            beats.district,
            case when counts.beat is not null then cast(cast(listed.beat as integer) / 100 as smallint) end
        ) as district,
        coalesce(counts.violent_crimes, 0) as violent_crimes,
        coalesce(counts.homicides, 0) as homicides,
        coalesce(counts.sexual_assaults, 0) as sexual_assaults,
        coalesce(counts.robberies, 0) as robberies,
        coalesce(counts.aggravated_assaults, 0) as aggravated_assaults,
        coalesce(counts.aggravated_batteries, 0) as aggravated_batteries,
        held.last_year_from,
        held.last_year_to,
        held.last_year_days,
        case when held.last_year_days > 0 then coalesce(year_counts.last_year, 0) end as last_year,
        case when held.year_before_from is not null then coalesce(year_counts.year_before, 0) end as year_before,
        case when held.year_to_date_from is not null then coalesce(year_counts.year_to_date, 0) end as year_to_date,
        case when held.year_to_date_before_from is not null then coalesce(year_counts.year_to_date_before, 0) end
            as year_to_date_before
    from listed
    -- One row on the right.
    cross join chicago.place_periods_held as held
    -- Left: a beat can be without a violent crime, and off the map.
    left join counts on listed.beat is not distinct from counts.beat
    left join year_counts on listed.beat is not distinct from year_counts.beat
    left join chicago.beats on listed.beat = beats.beat
)

select
    coalesce(violent_beats.beat, 'unknown') as beat,
    violent_beats.district,
    coalesce(police_stations.district_name, 'unknown') as district_name,
    cast(violent_beats.violent_crimes as bigint) as violent_crimes,
    cast(violent_beats.homicides as bigint) as homicides,
    cast(violent_beats.sexual_assaults as bigint) as sexual_assaults,
    cast(violent_beats.robberies as bigint) as robberies,
    cast(violent_beats.aggravated_assaults as bigint) as aggravated_assaults,
    cast(violent_beats.aggravated_batteries as bigint) as aggravated_batteries,
    round(violent_beats.violent_crimes / nullif(sum(violent_beats.violent_crimes) over (), 0), 4) as share,
    case
        when violent_beats.beat is not null
            then rank() over (
                partition by violent_beats.beat is null
                order by violent_beats.violent_crimes desc
            )
    end as rank,
    case
        when violent_beats.district is not null
            then rank() over (partition by violent_beats.district order by violent_beats.violent_crimes desc)
    end as rank_in_district,
    case
        when violent_beats.beat is not null
            then chicago.rank_from(
                violent_beats.violent_crimes,
                array_agg(violent_beats.violent_crimes) over (partition by violent_beats.beat is null),
                family_dispersions.noise
            )
    end as rank_from,
    case
        when violent_beats.beat is not null
            then chicago.rank_to(
                violent_beats.violent_crimes,
                array_agg(violent_beats.violent_crimes) over (partition by violent_beats.beat is null),
                family_dispersions.noise
            )
    end as rank_to,
    cast(violent_beats.last_year as bigint) as last_year,
    violent_beats.last_year_from,
    violent_beats.last_year_to,
    violent_beats.last_year_days,
    round(violent_beats.last_year / violent_beats.last_year_days, 4) as last_year_per_day,
    cast(violent_beats.year_before as bigint) as year_before,
    cast(violent_beats.year_to_date as bigint) as year_to_date,
    cast(violent_beats.year_to_date_before as bigint) as year_to_date_before,
    -- All have the same days: the rank of a count is that of its rate per day.
    case
        when violent_beats.beat is not null and violent_beats.last_year is not null
            then rank() over (partition by violent_beats.beat is null order by violent_beats.last_year desc)
    end as last_year_rank,
    case
        when violent_beats.district is not null and violent_beats.last_year is not null
            then rank() over (partition by violent_beats.district order by violent_beats.last_year desc)
    end as last_year_rank_in_district
from violent_beats
-- Left: a beat can lie in no district that has a station.
left join chicago.police_stations on violent_beats.district = police_stations.district
-- Left: with few weeks nothing is known of chance.
left join chicago.family_dispersions on family_dispersions.family = 'beat';

create unique index violent_crimes_by_beat_key on chicago.violent_crimes_by_beat (beat);

comment on materialized view chicago.violent_crimes_by_beat is
'One row is a police beat, and one the crimes of unknown beats.
Unit: rows of crimes: an incident is one, and so is each victim of a homicide.
Definition: violent is summary UCR''s violent index by FBI code (01A, 02, 03, 04A, 04B), one code a row; NIBRS counts every offence, and simple assaults too.
Base: counts, not rates; the residents of a beat are not known. share is of the city''s violent crimes.
Period: violent_crimes, its kinds, share, rank and rank_from to rank_to are of all days held, last_year and the others of complete days.
Chance: rank_from to rank_to are the ranks that it leaves; last_year_rank has none, and beats that differ by a few crimes are tied.
Lateness: violent_crimes has days that still fill; of a whole last_year less than 1 % is still to come.
Do not read the first beat as the most dangerous one: it has the most crimes, and perhaps the most people.';

comment on column chicago.violent_crimes_by_beat.beat is
'Key. Police beat, four characters; unknown: the crimes without one, which have no rank.';

comment on column chicago.violent_crimes_by_beat.district is
'Police district of the beat, whatever its crimes say. Null: unknown.';

comment on column chicago.violent_crimes_by_beat.district_name is
'Name of the district; unknown where it is, or where the district has no station.';

comment on column chicago.violent_crimes_by_beat.violent_crimes is
'Violent index crimes of all days; they add up to those of the city.';

comment on column chicago.violent_crimes_by_beat.homicides is
'Victims of first and second degree murder (01A).';

comment on column chicago.violent_crimes_by_beat.sexual_assaults is 'Criminal sexual assaults (02).';

comment on column chicago.violent_crimes_by_beat.robberies is 'Robberies (03).';

comment on column chicago.violent_crimes_by_beat.aggravated_assaults is 'Aggravated assaults (04A).';

comment on column chicago.violent_crimes_by_beat.aggravated_batteries is 'Aggravated batteries (04B).';

comment on column chicago.violent_crimes_by_beat.share is
'Share of the violent crimes of the city, 0 to 1. Null: there are none.';

comment on column chicago.violent_crimes_by_beat.rank is
'Rank by violent_crimes, of all days held, 1 the most. Null for unknown beats. last_year_rank is of today.';

comment on column chicago.violent_crimes_by_beat.rank_in_district is
'Rank by violent_crimes within the district. Null for unknown districts.';

comment on column chicago.violent_crimes_by_beat.last_year is
'Violent index crimes of the newest 364 complete days, or of those that are held: see last_year_days. Null: no complete day.';

comment on column chicago.violent_crimes_by_beat.last_year_from is
'First Chicago local date of last_year that is held. Null: no complete day.';

comment on column chicago.violent_crimes_by_beat.last_year_to is
'Last Chicago local date of last_year: the newest complete day. Null: no complete day.';

comment on column chicago.violent_crimes_by_beat.last_year_days is
'Complete days of last_year that are held, 364 at most. Null: none.';

comment on column chicago.violent_crimes_by_beat.last_year_per_day is
'last_year by last_year_days. Null where last_year is.';

comment on column chicago.violent_crimes_by_beat.year_before is
'Violent index crimes of the 364 days before last_year, which have had a year longer to be published. Null: not held whole.';

comment on column chicago.violent_crimes_by_beat.year_to_date is
'Violent index crimes from 1 January of the year of last_year_to until then. Null: not held whole.';

comment on column chicago.violent_crimes_by_beat.year_to_date_before is
'Violent index crimes of the year before, from 1 January to the same day. Null: not held whole.';

comment on column chicago.violent_crimes_by_beat.last_year_rank is
'Rank by last_year_per_day, 1 the most. Null for unknown beats. Of counts, since the residents of a beat are not known; beats that differ by a few crimes are tied but for chance.';

comment on column chicago.violent_crimes_by_beat.last_year_rank_in_district is
'Rank by last_year_per_day within the district. Null for unknown districts.';

comment on column chicago.violent_crimes_by_beat.rank_from is
'Best rank that chance leaves to the beat; beats whose ranks overlap are tied. Null for unknown beats, and where fewer than '
'26 weeks are held.';

comment on column chicago.violent_crimes_by_beat.rank_to is 'Worst rank that chance leaves. Null as rank_from.';
