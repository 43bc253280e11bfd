-- One row is a police district, its station, and its ranks by arrests and by crimes; and one for unknown
-- districts.
-- Reads: chicago.place_cube, chicago.police_stations, chicago.standardized_arrests, chicago.place_periods_held.
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
        coalesce(counts.complete_crimes, 0) as complete_crimes,
        held.last_year_from,
        held.last_year_to,
        held.last_year_days,
        case when held.last_year_days > 0 then coalesce(standardized_arrests.crimes, 0) end as last_year,
        case when held.last_year_days > 0 then coalesce(standardized_arrests.arrests, 0) end as last_year_arrests,
        standardized_arrests.expected_arrests,
        standardized_arrests.ratio,
        standardized_arrests.ratio_low,
        standardized_arrests.ratio_high,
        standardized_arrests.ratio_at_30_days,
        -- Of a few arrests a ratio is chance, and no rank.
        listed.district is not null and coalesce(standardized_arrests.expected_arrests >= 5, false) as has_rank
    from listed
    -- One row on the right.
    cross join chicago.place_periods_held as held
    -- Left: a district can have no crime, and crimes can be in a district that has no station.
    left join counts on listed.district is not distinct from counts.district
    left join chicago.standardized_arrests on listed.district is not distinct from standardized_arrests.district
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
    end as total_crimes_rank,
    cast(districts.last_year as bigint) as last_year,
    cast(districts.last_year_arrests as bigint) as last_year_arrests,
    districts.last_year_from,
    districts.last_year_to,
    districts.last_year_days,
    districts.expected_arrests,
    districts.ratio as standardized_arrest_ratio,
    districts.ratio_low as standardized_arrest_ratio_low,
    districts.ratio_high as standardized_arrest_ratio_high,
    case
        when districts.has_rank
            then rank() over (partition by districts.has_rank order by districts.ratio desc)
    end as standardized_arrest_ratio_rank,
    districts.ratio_at_30_days as standardized_arrest_ratio_at_30_days
from districts;

create unique index police_rank_by_arrest_key on chicago.police_rank_by_arrest (district) nulls not distinct;

comment on materialized view chicago.police_rank_by_arrest is
'One row is a police district, and one the crimes of unknown districts. A rank of 1 is the most.
Unit: crimes with an arrest, and crimes: not persons.
Base: standardized_arrest_ratio is by the arrests that its kinds of crime have in the city, arrest_percentage by its crimes.
Period: totals and their ranks are of all days held, arrest_percentage of complete days, the ratio of last_year.
Chance: a 95 % interval for each district by itself: of 22, one outside 1 is no surprise. Overlapping ones are not told apart.
Lateness: newer crimes still gain arrests; standardized_arrest_ratio_at_30_days is of one age.
Do not compare raw shares, which are those of the mix of crimes, nor read an arrest as a clearance.';

comment on column chicago.police_rank_by_arrest.district is
'Police district. Null: the crimes of unknown districts, which have no rank.';

comment on column chicago.police_rank_by_arrest.district_name is
'Name of the district; unknown where it is, or where the district has no station.';

comment on column chicago.police_rank_by_arrest.address is 'Street address of the station. Null: no station.';

comment on column chicago.police_rank_by_arrest.zip is 'Zip code of the station, text. Null: no station.';

comment on column chicago.police_rank_by_arrest.phone is 'Telephone of the station. Null: none published.';

comment on column chicago.police_rank_by_arrest.total_arrests is
'Crimes with an arrest, of all days: not persons, and not cases that were cleared.';

comment on column chicago.police_rank_by_arrest.total_crimes is
'Crimes of all days; they add up to the rows of crimes.';

comment on column chicago.police_rank_by_arrest.arrest_percentage is
'Crimes with an arrest in percent of crimes, of complete days, because arrests come late. Null: none.';

comment on column chicago.police_rank_by_arrest.complete_crimes is
'Crimes of complete days, of which arrest_percentage is.';

comment on column chicago.police_rank_by_arrest.arrest_ratio_rank is
'Rank by arrest_percentage, which ranks the mix of crimes: narcotics and weapons are found by an arrest. Compare standardized_arrest_ratio_rank. Null for unknown districts and without one.';

comment on column chicago.police_rank_by_arrest.arrest_total_rank is
'Rank by total_arrests, of all days held. Null for unknown districts.';

comment on column chicago.police_rank_by_arrest.total_crimes_rank is
'Rank by total_crimes, of all days held. Null for unknown districts.';

comment on column chicago.police_rank_by_arrest.last_year is
'Crimes of the newest 364 complete days, or of those that are held: see last_year_days. Null: no complete day.';

comment on column chicago.police_rank_by_arrest.last_year_arrests is
'Of last_year, those with an arrest until now. Newer crimes still gain arrests.';

comment on column chicago.police_rank_by_arrest.last_year_from is
'First Chicago local date of last_year that is held. Null: no complete day.';

comment on column chicago.police_rank_by_arrest.last_year_to is
'Last Chicago local date of last_year: the newest complete day. Null: no complete day.';

comment on column chicago.police_rank_by_arrest.last_year_days is
'Complete days of last_year that are held, 364 at most. Null: none.';

comment on column chicago.police_rank_by_arrest.expected_arrests is
'Arrests that its crimes of last_year would have, each kind at the city''s share: see standardized_arrests. Null: no crime.';

comment on column chicago.police_rank_by_arrest.standardized_arrest_ratio is
'last_year_arrests by expected_arrests: 1 is what the city has in such crimes. Null: none is expected.';

comment on column chicago.police_rank_by_arrest.standardized_arrest_ratio_low is
'Lower end of its 95 % interval: see standardized_arrests. Null: none is expected.';

comment on column chicago.police_rank_by_arrest.standardized_arrest_ratio_high is
'Upper end of its 95 % interval. Districts whose intervals overlap are not told apart. Null: none is expected.';

comment on column chicago.police_rank_by_arrest.standardized_arrest_ratio_rank is
'Rank by standardized_arrest_ratio. Null for unknown districts and where fewer than 5 arrests are expected.';

comment on column chicago.police_rank_by_arrest.standardized_arrest_ratio_at_30_days is
'The same of arrests known 30 days after the crime, which compares crimes of any age at one age. Null: not held yet.';
