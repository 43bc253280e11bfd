-- One row is a police district (or unknown) and a kind of crime that occurs in it, with how unusual it is
-- there.
-- Reads: chicago.place_cube, chicago.police_stations, chicago.places_by_period, chicago.place_periods_held.
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
),

year_counts as (
    select
        places_by_period.district,
        places_by_period.primary_type,
        sum(places_by_period.last_year) as last_year,
        sum(places_by_period.year_before) as year_before,
        sum(places_by_period.year_to_date) as year_to_date,
        sum(places_by_period.year_to_date_before) as year_to_date_before
    from chicago.places_by_period
    group by places_by_period.district, places_by_period.primary_type
),

years as (
    select
        counts.district,
        counts.primary_type,
        held.last_year_from,
        held.last_year_to,
        held.last_year_days,
        case when held.last_year_days > 0 then coalesce(year_counts.last_year, 0) end as last_year,
        case when held.year_before_from is not null then coalesce(year_counts.year_before, 0) end as year_before,
        case when held.year_to_date_from is not null then coalesce(year_counts.year_to_date, 0) end as year_to_date,
        case when held.year_to_date_before_from is not null then coalesce(year_counts.year_to_date_before, 0) end
            as year_to_date_before
    from counts
    -- One row on the right.
    cross join chicago.place_periods_held as held
    -- Left: a kind can have no crime in any period.
    left join year_counts
        on
            counts.district is not distinct from year_counts.district
            and counts.primary_type = year_counts.primary_type
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
    end as rank,
    cast(years.last_year as bigint) as last_year,
    years.last_year_from,
    years.last_year_to,
    years.last_year_days,
    round(years.last_year / years.last_year_days, 4) as last_year_per_day,
    cast(years.year_before as bigint) as year_before,
    cast(years.year_to_date as bigint) as year_to_date,
    cast(years.year_to_date_before as bigint) as year_to_date_before,
    -- All have the same days: the rank of a count is that of its rate per day.
    case
        when shares.district is not null and years.last_year is not null
            then rank() over (partition by shares.district order by years.last_year desc)
    end as last_year_rank
from shares
-- Inner, and one to one: both are made of counts.
inner join years
    on
        shares.district is not distinct from years.district
        and shares.primary_type = years.primary_type
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
'Rank by crimes within the district, of all days held, 1 the most. Null for unknown districts.';

comment on column chicago.crime_types_by_district.last_year is
'Crimes of the newest 364 complete days, or of those that are held: see last_year_days. Null: no complete day.';

comment on column chicago.crime_types_by_district.last_year_from is
'First Chicago local date of last_year that is held. Null: no complete day.';

comment on column chicago.crime_types_by_district.last_year_to is
'Last Chicago local date of last_year: the newest complete day. Null: no complete day.';

comment on column chicago.crime_types_by_district.last_year_days is
'Complete days of last_year that are held, 364 at most. Null: none.';

comment on column chicago.crime_types_by_district.last_year_per_day is
'last_year by last_year_days. Null where last_year is.';

comment on column chicago.crime_types_by_district.year_before is
'Crimes of the 364 days before last_year, which have had a year longer to be published. Null: not held whole.';

comment on column chicago.crime_types_by_district.year_to_date is
'Crimes from 1 January of the year of last_year_to until then. Null: not held whole.';

comment on column chicago.crime_types_by_district.year_to_date_before is
'Crimes of the year before, from 1 January to the same day. Null: not held whole.';

comment on column chicago.crime_types_by_district.last_year_rank is
'Rank by last_year_per_day within the district, 1 the most. Null for unknown districts.';
