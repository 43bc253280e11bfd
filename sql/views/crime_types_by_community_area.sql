-- One row is a community area (or unknown) and a kind of crime that occurred in it in the last year or the one before.
-- Reads: chicago.community_areas_by_period, chicago.place_periods_held, chicago.population.
-- Run by: tasks/warehouse/views.py; refreshed when the data changed.

create materialized view chicago.crime_types_by_community_area as
with counts as (
    select
        areas.community_area,
        areas.primary_type,
        sum(areas.last_year) as last_year,
        sum(areas.last_year) filter (where areas.is_estimated) as last_year_estimated,
        sum(areas.last_year) filter (where areas.neighbouring_area is not null) as last_year_near_border,
        sum(areas.last_year_arrests) as last_year_arrests,
        sum(areas.year_before) as year_before,
        sum(areas.year_to_date) as year_to_date,
        sum(areas.year_to_date_before) as year_to_date_before
    from chicago.community_areas_by_period as areas
    group by areas.community_area, areas.primary_type
),

expected as (
    select
        counts.community_area,
        counts.primary_type,
        -- Of each area's crimes, as many as the kind has in the city.
        sum(counts.last_year) over (partition by counts.community_area)
        * sum(counts.last_year) over (partition by counts.primary_type)
        / nullif(sum(counts.last_year) over (), 0) as last_year_expected
    from counts
)

select
    counts.community_area,
    coalesce(population.place_name, 'unknown') as community_area_name,
    counts.primary_type as primary_description,
    cast(counts.last_year as bigint) as last_year,
    cast(coalesce(counts.last_year_estimated, 0) as bigint) as last_year_estimated,
    cast(coalesce(counts.last_year_near_border, 0) as bigint) as last_year_near_border,
    cast(counts.last_year_arrests as bigint) as last_year_arrests,
    round(expected.last_year_expected, 2) as last_year_expected,
    case
        when expected.last_year_expected >= 5 then round(counts.last_year / expected.last_year_expected, 2)
    end as location_quotient,
    cast(counts.year_before as bigint) as year_before,
    cast(counts.year_to_date as bigint) as year_to_date,
    cast(counts.year_to_date_before as bigint) as year_to_date_before,
    case
        when counts.community_area is not null and counts.last_year is not null
            then rank() over (partition by counts.community_area order by counts.last_year desc)
    end as last_year_rank
from counts
-- Inner, and one to one: made of the same rows.
inner join expected
    on
        counts.community_area is not distinct from expected.community_area
        and counts.primary_type = expected.primary_type
-- Left: crimes can be of no known area.
left join chicago.population
    on population.place_kind = 'community area' and counts.community_area = population.number;

create unique index crime_types_by_community_area_key on chicago.crime_types_by_community_area (
    community_area, primary_description
) nulls not distinct;

comment on materialized view chicago.crime_types_by_community_area is
'One row is a community area (or unknown) and a kind of crime with a crime in one of the periods.
Unit: rows of crimes: an incident is one, and so is each victim of a homicide.
Base: a quotient is by the area''s crimes times the kind''s share of the city''s. Areas that the City does not publish are estimated.
Period: last_year, the year before and both years to date, of complete days: see place_periods.
Chance: not tested. No quotient where fewer than 5 are expected; where 5 are, 1 to 10 are no surprise.
Lateness: of a whole last_year less than 1 % is still to come, and more of kinds that are reported late; it is so in all areas.
Do not read a quotient as many crimes: it says which kinds an area has more of than its number of crimes explains.';

comment on column chicago.crime_types_by_community_area.community_area is
'Community area, 1 to 77. Null: the crimes of unknown areas, which have no rank.';

comment on column chicago.crime_types_by_community_area.community_area_name is 'The City''s name of it, or unknown.';

comment on column chicago.crime_types_by_community_area.primary_description is 'Kind of crime, one spelling for each.';

comment on column chicago.crime_types_by_community_area.last_year is
'Crimes of last_year: see place_periods. Null: no day is complete.';

comment on column chicago.crime_types_by_community_area.last_year_estimated is
'Of last_year, those whose area is estimated and not published.';

comment on column chicago.crime_types_by_community_area.last_year_near_border is
'Of last_year_estimated, those within 20 m of another area, which may be of that one.';

comment on column chicago.crime_types_by_community_area.last_year_arrests is 'Of last_year, those with an arrest until now.';

comment on column chicago.crime_types_by_community_area.last_year_expected is
'The area''s crimes times the kind''s share of the city''s. Null: no crime in last_year.';

comment on column chicago.crime_types_by_community_area.location_quotient is
'last_year by last_year_expected. Null: fewer than 5 are expected, where chance alone makes large quotients.';

comment on column chicago.crime_types_by_community_area.year_before is
'Crimes of the 364 days before last_year. Null: not held whole.';

comment on column chicago.crime_types_by_community_area.year_to_date is
'Crimes from 1 January to the newest complete day. Null: not held whole.';

comment on column chicago.crime_types_by_community_area.year_to_date_before is
'Crimes of the year before, from 1 January to the same day. Null: not held whole.';

comment on column chicago.crime_types_by_community_area.last_year_rank is
'Rank of the kind in its area by the count last_year, 1 the most. Null for unknown areas.';
