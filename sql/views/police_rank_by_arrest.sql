-- One row is a police district, its station, and its ranks by arrests and by crimes; and one for unknown
-- districts.
-- Reads: chicago.place_cube, chicago.police_stations.
-- Run by: tasks/warehouse/views.py; refreshed when the data changed.

create materialized view chicago.police_rank_by_arrest as
with counts as (
    select
        place_cube.district,
        sum(place_cube.crimes) as total_crimes,
        sum(place_cube.arrests) as total_arrests,
        sum(place_cube.crimes) filter (where place_cube.is_complete) as complete_crimes,
        sum(place_cube.arrests) filter (where place_cube.is_complete) as complete_arrests
    from chicago.place_cube
    group by place_cube.district
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
        police_stations.address,
        police_stations.zip,
        police_stations.phone,
        coalesce(counts.total_arrests, 0) as total_arrests,
        coalesce(counts.total_crimes, 0) as total_crimes,
        100.0 * counts.complete_arrests / nullif(counts.complete_crimes, 0) as arrest_percentage,
        coalesce(counts.complete_crimes, 0) as complete_crimes
    from listed
    -- Left: a district can have no crime, and crimes can be in a district that has no station.
    left join counts on listed.district is not distinct from counts.district
    left join chicago.police_stations on listed.district = police_stations.district
)

select
    districts.district,
    districts.district_name,
    districts.address,
    districts.zip,
    districts.phone,
    cast(districts.total_arrests as bigint) as total_arrests,
    cast(districts.total_crimes as bigint) as total_crimes,
    round(districts.arrest_percentage, 2) as arrest_percentage,
    cast(districts.complete_crimes as bigint) as complete_crimes,
    case
        when districts.district is not null and districts.arrest_percentage is not null
            then rank() over (
                partition by districts.district is null
                order by districts.arrest_percentage desc nulls last
            )
    end as arrest_ratio_rank,
    case
        when districts.district is not null
            then rank() over (partition by districts.district is null order by districts.total_arrests desc)
    end as arrest_total_rank,
    case
        when districts.district is not null
            then rank() over (partition by districts.district is null order by districts.total_crimes desc)
    end as total_crimes_rank
from districts;

create unique index police_rank_by_arrest_key on chicago.police_rank_by_arrest (district) nulls not distinct;

comment on materialized view chicago.police_rank_by_arrest is
'One row is a police district, and one the crimes of unknown districts. A rank of 1 is the most.';

comment on column chicago.police_rank_by_arrest.district is
'Police district. Null: the crimes of unknown districts, which have no rank.';

comment on column chicago.police_rank_by_arrest.district_name is
'Name of the district; unknown where it is, or where the district has no station.';

comment on column chicago.police_rank_by_arrest.address is 'Street address of the station. Null: no station.';

comment on column chicago.police_rank_by_arrest.zip is 'Zip code of the station, text. Null: no station.';

comment on column chicago.police_rank_by_arrest.phone is 'Telephone of the station. Null: none published.';

comment on column chicago.police_rank_by_arrest.total_arrests is 'Crimes with an arrest, of all days.';

comment on column chicago.police_rank_by_arrest.total_crimes is
'Crimes of all days; they add up to the rows of crimes.';

comment on column chicago.police_rank_by_arrest.arrest_percentage is
'Crimes with an arrest in percent of crimes, of complete days, because arrests come late. Null: none.';

comment on column chicago.police_rank_by_arrest.complete_crimes is
'Crimes of complete days, of which arrest_percentage is.';

comment on column chicago.police_rank_by_arrest.arrest_ratio_rank is
'Rank by arrest_percentage. Null for unknown districts and without one.';

comment on column chicago.police_rank_by_arrest.arrest_total_rank is
'Rank by total_arrests. Null for unknown districts.';

comment on column chicago.police_rank_by_arrest.total_crimes_rank is
'Rank by total_crimes. Null for unknown districts.';
