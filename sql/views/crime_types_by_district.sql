-- One row is a police district (or unknown) and a kind of crime that occurs in it, with how unusual it is
-- there.
-- Reads: chicago.place_cube, chicago.police_stations.
-- Run by: tasks/warehouse/views.py; refreshed when the data changed.

create materialized view chicago.crime_types_by_district as
with counts as (
    select
        place_cube.district,
        place_cube.primary_type,
        sum(place_cube.crimes) as crimes,
        sum(place_cube.crimes) filter (where place_cube.is_complete) as complete_crimes,
        sum(place_cube.arrests) filter (where place_cube.is_complete) as complete_arrests
    from chicago.place_cube
    group by place_cube.district, place_cube.primary_type
),

shares as (
    select
        counts.district,
        counts.primary_type,
        counts.crimes,
        counts.crimes / sum(counts.crimes) over (partition by counts.district) as share,
        sum(counts.crimes) over (partition by counts.primary_type) / sum(counts.crimes) over () as city_share,
        counts.complete_arrests / nullif(counts.complete_crimes, 0) as arrest_rate
    from counts
)

select
    shares.district,
    coalesce(police_stations.district_name, 'unknown') as district_name,
    shares.primary_type as primary_description,
    cast(shares.crimes as bigint) as crimes,
    round(shares.share, 4) as share,
    round(shares.city_share, 4) as city_share,
    round(shares.share / shares.city_share, 2) as location_quotient,
    round(shares.arrest_rate, 4) as arrest_rate,
    case
        when shares.district is not null
            then rank() over (partition by shares.district order by shares.crimes desc)
    end as rank
from shares
-- Left: crimes can be in a district that is unknown or has no station.
left join chicago.police_stations on shares.district = police_stations.district;

create unique index crime_types_by_district_key on chicago.crime_types_by_district (
    district, primary_description
) nulls not distinct;

comment on materialized view chicago.crime_types_by_district is
'One row is a police district (or unknown) and a kind of crime that occurs in it.';

comment on column chicago.crime_types_by_district.district is
'Police district. Null: the crimes of unknown districts, which have no rank.';

comment on column chicago.crime_types_by_district.district_name is
'Name of the district; unknown where it is, or where the district has no station.';

comment on column chicago.crime_types_by_district.primary_description is
'Kind of crime, one spelling for each.';

comment on column chicago.crime_types_by_district.crimes is
'Crimes of all days; they add up to the rows of crimes.';

comment on column chicago.crime_types_by_district.share is 'Share of the district''s crimes, 0 to 1.';

comment on column chicago.crime_types_by_district.city_share is
'Share of the same kind in the crimes of the city, 0 to 1.';

comment on column chicago.crime_types_by_district.location_quotient is
'share divided by city_share: above 1, the kind is more usual here than in the city.';

comment on column chicago.crime_types_by_district.arrest_rate is
'Share of crimes with an arrest, 0 to 1, of complete days, because arrests come late. Null: no such crime.';

comment on column chicago.crime_types_by_district.rank is
'Rank by crimes within the district, 1 the most. Null for unknown districts.';
