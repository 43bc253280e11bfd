-- One row is a police beat and its violent index crimes, by FBI code; and one for unknown beats.
-- Reads: chicago.place_cube, chicago.beats, chicago.police_stations, chicago.family_dispersions.
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
        coalesce(counts.aggravated_batteries, 0) as aggravated_batteries
    from listed
    -- Left: a beat can be without a violent crime, and off the map.
    left join counts on listed.beat is not distinct from counts.beat
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
    end as rank_to
from violent_beats
-- Left: a beat can lie in no district that has a station.
left join chicago.police_stations on violent_beats.district = police_stations.district
-- Left: with few weeks nothing is known of chance.
left join chicago.family_dispersions on family_dispersions.family = 'beat';

create unique index violent_crimes_by_beat_key on chicago.violent_crimes_by_beat (beat);

comment on materialized view chicago.violent_crimes_by_beat is
'One row is a police beat, and one the crimes of unknown beats. Violent by FBI code; a homicide is a victim.';

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
'Rank by violent_crimes, 1 the most. Null for unknown beats.';

comment on column chicago.violent_crimes_by_beat.rank_in_district is
'Rank within the district. Null for unknown districts.';

comment on column chicago.violent_crimes_by_beat.rank_from is
'Best rank that chance leaves to the beat; beats whose ranks overlap are tied. Null for unknown beats, and where fewer than '
'26 weeks are held.';

comment on column chicago.violent_crimes_by_beat.rank_to is 'Worst rank that chance leaves. Null as rank_from.';
