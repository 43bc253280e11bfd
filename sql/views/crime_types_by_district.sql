-- One row is a police district (or unknown) and a kind of crime that occurs in it, with how unusual it is
-- there.
-- Reads: chicago.place_cube, chicago.police_stations, chicago.places_by_period, chicago.place_periods_held,
-- chicago.family_dispersions.
-- Run by: tasks/warehouse/views.py; refreshed when the data changed.
--
-- The test of a quotient is that of a table of two by two: the kind here and elsewhere, against all crimes here and
-- elsewhere, with the greater noise of kinds and districts as dispersion. docs/methods.md.

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
        sum(counts.crimes) over (partition by counts.district) as district_crimes,
        sum(counts.crimes) over (partition by counts.primary_type) as kind_crimes,
        sum(counts.crimes) over () as city_crimes,
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
),

noises as (
    select case when count(*) = 2 then max(family_dispersions.noise) end as noise
    from chicago.family_dispersions
    where family_dispersions.family in ('district', 'kind')
),

quotients as (
    select
        shares.district,
        shares.primary_type,
        shares.crimes,
        shares.share,
        shares.city_share,
        shares.arrest_rate,
        shares.district_crimes * shares.city_share as expected_crimes,
        shares.district_crimes / shares.city_crimes as district_share,
        shares.kind_crimes - shares.crimes as crimes_elsewhere,
        shares.district_crimes,
        shares.city_crimes - shares.district_crimes as city_crimes_elsewhere,
        case
            when shares.district is not null and shares.district_crimes * shares.city_share >= 5
                then noises.noise * (1 - shares.city_share)
        end as dispersion
    from shares
    -- One row on the right, of a null where too few weeks are held.
    cross join noises
),

tests as (
    select
        quotients.district,
        quotients.primary_type,
        quotients.crimes,
        quotients.share,
        quotients.city_share,
        quotients.arrest_rate,
        quotients.expected_crimes,
        quotients.district_share,
        chicago.rate_ratio_bound(
            quotients.crimes, quotients.crimes_elsewhere, quotients.district_crimes, quotients.city_crimes_elsewhere,
            quotients.dispersion, -chicago.normal_quantile(0.975)
        ) as ratio_low,
        chicago.rate_ratio_bound(
            quotients.crimes, quotients.crimes_elsewhere, quotients.district_crimes, quotients.city_crimes_elsewhere,
            quotients.dispersion, chicago.normal_quantile(0.975)
        ) as ratio_high,
        chicago.normal_p_value(
            chicago.rate_ratio_z(
                quotients.crimes, quotients.crimes_elsewhere, quotients.district_crimes,
                quotients.city_crimes_elsewhere, quotients.dispersion
            )
        ) as p_value
    from quotients
),

ranked as (
    select
        tests.district,
        tests.primary_type,
        tests.crimes,
        tests.share,
        tests.city_share,
        tests.arrest_rate,
        tests.expected_crimes,
        -- From the ratio to elsewhere to that to the city, which the district is a part of.
        tests.ratio_low / nullif(tests.district_share * tests.ratio_low + 1 - tests.district_share, 0) as quotient_low,
        tests.ratio_high / nullif(tests.district_share * tests.ratio_high + 1 - tests.district_share, 0)
            as quotient_high,
        tests.p_value,
        tests.p_value * count(tests.p_value) over ()
        / row_number() over (
            order by tests.p_value asc nulls last, tests.district asc, tests.primary_type asc
        ) as step
    from tests
),

corrected as (
    select
        ranked.district,
        ranked.primary_type,
        ranked.crimes,
        ranked.share,
        ranked.city_share,
        ranked.arrest_rate,
        ranked.expected_crimes,
        ranked.quotient_low,
        ranked.quotient_high,
        case
            when ranked.p_value is not null
                then min(ranked.step) over (
                    order by ranked.p_value desc nulls first, ranked.district desc, ranked.primary_type desc
                    rows unbounded preceding
                )
        end as q_value
    from ranked
)

select
    corrected.district,
    coalesce(police_stations.district_name, 'unknown') as district_name,
    corrected.primary_type as primary_description,
    cast(corrected.crimes as bigint) as crimes,
    round(corrected.share, 4) as share,
    round(corrected.city_share, 4) as city_share,
    case when corrected.expected_crimes >= 5 then round(corrected.share / corrected.city_share, 2) end
        as location_quotient,
    round(corrected.arrest_rate, 4) as arrest_rate,
    case
        when corrected.district is not null
            then rank() over (partition by corrected.district order by corrected.crimes desc)
    end as rank,
    round(corrected.expected_crimes, 2) as expected_crimes,
    round(cast(corrected.quotient_low as numeric), 2) as quotient_low,
    round(cast(corrected.quotient_high as numeric), 2) as quotient_high,
    round(cast(corrected.q_value as numeric), 4) as q_value,
    corrected.q_value < 0.05 as is_unusual,
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
        when corrected.district is not null and years.last_year is not null
            then rank() over (partition by corrected.district order by years.last_year desc)
    end as last_year_rank
from corrected
-- Inner, and one to one: both are made of counts.
inner join years
    on
        corrected.district is not distinct from years.district
        and corrected.primary_type = years.primary_type
-- Left: crimes can be in a district that is unknown or has no station.
left join chicago.police_stations on corrected.district = police_stations.district;

create unique index crime_types_by_district_key on chicago.crime_types_by_district (
    district, primary_description
) nulls not distinct;

comment on materialized view chicago.crime_types_by_district is
'One row is a police district (or unknown) and a kind of crime that occurs in it.
Unit: rows of crimes: an incident is one, and so is each victim of a homicide.
Base: location_quotient is the kind''s share of the district''s crimes by its share of the city''s.
Period: crimes, shares and quotients are of all days held, arrest_rate of complete days, last_year and the others as in place_periods.
Chance: ranges of 19 in 20; is_unusual is by false-discovery rate over all kinds of all districts. Null where fewer than 5 are expected.
Lateness: crimes has days that still fill; kinds that come late do so in all districts, so that quotients hardly move. Arrests come later.
Do not read is_unusual as many, or as more than it was: it says that a kind''s share is not the city''s.';

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
'share divided by city_share. Null: by the city''s share fewer than 5 are expected, and the quotient would be chance.';

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

comment on column chicago.crime_types_by_district.expected_crimes is
'Crimes of the kind that the district would have by the city''s share.';

comment on column chicago.crime_types_by_district.quotient_low is
'Lower end of the range that chance leaves for location_quotient, 19 of 20. Null: not compared, as too few are expected, '
'or too few weeks are held.';

comment on column chicago.crime_types_by_district.quotient_high is 'Upper end of that range. Null: not compared.';

comment on column chicago.crime_types_by_district.q_value is
'False-discovery rate among all kinds of all districts. Null: not compared.';

comment on column chicago.crime_types_by_district.is_unusual is
'Whether q_value is below 0.05: more usual here than elsewhere (quotient above 1) or less. Null: not compared.';
