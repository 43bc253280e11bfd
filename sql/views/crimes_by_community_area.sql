-- One row is a community area, its crimes by period, and between what its count lies, as crimes near its border may be
-- of a neighbour and a neighbour's its own; and one for unknown.
-- Reads: chicago.community_areas_by_period, chicago.place_periods_held, chicago.population.
-- Run by: tasks/warehouse/views.py; refreshed when the data changed.

create materialized view chicago.crimes_by_community_area as
with counts as (
    select
        areas.community_area,
        sum(areas.last_year) as last_year,
        sum(areas.last_year) filter (where areas.is_estimated) as last_year_estimated,
        sum(areas.last_year) filter (where areas.neighbouring_area is not null) as last_year_near_border,
        sum(areas.last_year) filter (where areas.is_violent) as last_year_violent,
        sum(areas.last_year) filter (where areas.is_property) as last_year_property,
        sum(areas.last_year) filter (where areas.fbi_code = '01A') as last_year_homicides,
        sum(areas.last_year_arrests) as last_year_arrests,
        sum(areas.last_year_domestic) as last_year_domestic,
        sum(areas.year_before) as year_before,
        sum(areas.year_to_date) as year_to_date,
        sum(areas.year_to_date_before) as year_to_date_before
    from chicago.community_areas_by_period as areas
    group by areas.community_area
),

from_neighbours as (
    select
        areas.neighbouring_area as community_area,
        sum(areas.last_year) as last_year
    from chicago.community_areas_by_period as areas
    where areas.neighbouring_area is not null
    group by areas.neighbouring_area
),

kinds as (
    select distinct on (areas.community_area)
        areas.community_area,
        areas.primary_type
    from chicago.community_areas_by_period as areas
    group by areas.community_area, areas.primary_type
    having sum(areas.last_year) > 0
    order by
        areas.community_area asc,
        sum(areas.last_year) desc,
        areas.primary_type collate "C" asc  -- noqa: RF03
),

listed as (
    select
        population.number as community_area,
        population.place_name
    from chicago.population
    where population.place_kind = 'community area'
    union all
    -- The row of unknown areas is always there.
    select
        cast(null as smallint) as community_area,
        'unknown' as place_name
),

areas as (
    select
        listed.community_area,
        listed.place_name,
        held.last_year_from,
        held.last_year_to,
        held.last_year_days,
        case when held.last_year_days > 0 then coalesce(counts.last_year, 0) end as last_year,
        case when held.last_year_days > 0 then coalesce(counts.last_year_estimated, 0) end as last_year_estimated,
        case when held.last_year_days > 0 then coalesce(counts.last_year_near_border, 0) end as last_year_near_border,
        case when held.last_year_days > 0 then coalesce(from_neighbours.last_year, 0) end as last_year_near_elsewhere,
        case when held.last_year_days > 0 then coalesce(counts.last_year_violent, 0) end as last_year_violent,
        case when held.last_year_days > 0 then coalesce(counts.last_year_property, 0) end as last_year_property,
        case when held.last_year_days > 0 then coalesce(counts.last_year_homicides, 0) end as last_year_homicides,
        case when held.last_year_days > 0 then coalesce(counts.last_year_arrests, 0) end as last_year_arrests,
        case when held.last_year_days > 0 then coalesce(counts.last_year_domestic, 0) end as last_year_domestic,
        kinds.primary_type as last_year_most_common_crime,
        case when held.year_before_from is not null then coalesce(counts.year_before, 0) end as year_before,
        case when held.year_to_date_from is not null then coalesce(counts.year_to_date, 0) end as year_to_date,
        case when held.year_to_date_before_from is not null then coalesce(counts.year_to_date_before, 0) end
            as year_to_date_before
    from listed
    -- One row on the right.
    cross join chicago.place_periods_held as held
    -- Left: an area can have no crime.
    left join counts on listed.community_area is not distinct from counts.community_area
    left join from_neighbours on listed.community_area = from_neighbours.community_area
    left join kinds on listed.community_area is not distinct from kinds.community_area
)

select
    areas.community_area,
    areas.place_name as community_area_name,
    areas.last_year_from,
    areas.last_year_to,
    areas.last_year_days,
    cast(areas.last_year as bigint) as last_year,
    cast(areas.last_year_estimated as bigint) as last_year_estimated,
    cast(areas.last_year_near_border as bigint) as last_year_near_border,
    case
        when areas.community_area is not null
            then cast(areas.last_year - areas.last_year_near_border as bigint)
    end as last_year_low,
    case
        when areas.community_area is not null
            then cast(areas.last_year + areas.last_year_near_elsewhere as bigint)
    end as last_year_high,
    round(areas.last_year / areas.last_year_days, 4) as last_year_per_day,
    cast(areas.last_year_violent as bigint) as last_year_violent,
    cast(areas.last_year_property as bigint) as last_year_property,
    cast(areas.last_year_homicides as bigint) as last_year_homicides,
    cast(areas.last_year_arrests as bigint) as last_year_arrests,
    cast(areas.last_year_domestic as bigint) as last_year_domestic,
    areas.last_year_most_common_crime,
    cast(areas.year_before as bigint) as year_before,
    cast(areas.year_to_date as bigint) as year_to_date,
    cast(areas.year_to_date_before as bigint) as year_to_date_before,
    case
        when areas.community_area is not null and areas.last_year is not null
            then rank() over (partition by areas.community_area is null order by areas.last_year desc)
    end as last_year_rank
from areas;

create unique index crimes_by_community_area_key on chicago.crimes_by_community_area (community_area)
nulls not distinct;

comment on materialized view chicago.crimes_by_community_area is
'One row is a community area, and one the crimes of unknown areas.
Unit: rows of crimes: an incident is one, and so is each victim of a homicide.
Definition: last_year_violent and last_year_property are summary UCR''s index by FBI code, one code a row, where NIBRS counts every offence.
Base: counts, not rates; the rank is of counts. By residents: crime_rates. Where the City publishes no area (the one-year dataset) it is estimated.
Period: last_year, the year before and both years to date, of complete days: see place_periods.
Chance: no range: last_year_low and last_year_high are of the estimate alone.
Lateness: of a whole last_year less than 1 % is still to come; arrests come later.
Do not put areas in an order whose low and high overlap.';

comment on column chicago.crimes_by_community_area.community_area is
'Community area, 1 to 77. Null: the crimes of unknown areas, which have no rank.';

comment on column chicago.crimes_by_community_area.community_area_name is 'The City''s name of it, or unknown.';

comment on column chicago.crimes_by_community_area.last_year_from is
'First Chicago local date of last_year that is held. Null: no complete day.';

comment on column chicago.crimes_by_community_area.last_year_to is
'Last Chicago local date of last_year: the newest complete day. Null: no complete day.';

comment on column chicago.crimes_by_community_area.last_year_days is
'Complete days of last_year that are held, 364 at most. Null: none.';

comment on column chicago.crimes_by_community_area.last_year is
'Crimes of the newest 364 complete days, or of those that are held. Over all rows they add up to those of the city.';

comment on column chicago.crimes_by_community_area.last_year_estimated is
'Of last_year, those whose area is estimated and not published.';

comment on column chicago.crimes_by_community_area.last_year_near_border is
'Of last_year_estimated, those within 20 m of another area, which may be of that one.';

comment on column chicago.crimes_by_community_area.last_year_low is
'last_year without last_year_near_border: if all of them are of a neighbour. Null: unknown areas.';

comment on column chicago.crimes_by_community_area.last_year_high is
'last_year, and all estimated elsewhere within 20 m of this area: if all of them are of this one. Null: unknown areas.';

comment on column chicago.crimes_by_community_area.last_year_per_day is
'last_year by last_year_days. Null where last_year is.';

comment on column chicago.crimes_by_community_area.last_year_violent is
'Of last_year, violent index crimes by FBI code.';

comment on column chicago.crimes_by_community_area.last_year_property is
'Of last_year, property index crimes by FBI code.';

comment on column chicago.crimes_by_community_area.last_year_homicides is
'Of last_year, victims of murder (01A).';

comment on column chicago.crimes_by_community_area.last_year_arrests is
'Of last_year, those with an arrest until now. Arrests come late, and are more in kinds that an arrest finds.';

comment on column chicago.crimes_by_community_area.last_year_domestic is 'Of last_year, domestic ones.';

comment on column chicago.crimes_by_community_area.last_year_most_common_crime is
'The kind with the most rows in last_year; the first of the alphabet among equals. Null: no crime.';

comment on column chicago.crimes_by_community_area.year_before is
'Crimes of the 364 days before last_year, which have had a year longer to be published. Null: not held whole.';

comment on column chicago.crimes_by_community_area.year_to_date is
'Crimes from 1 January of the year of last_year_to until then. Null: not held whole.';

comment on column chicago.crimes_by_community_area.year_to_date_before is
'Crimes of the year before, from 1 January to the same day. Null: not held whole.';

comment on column chicago.crimes_by_community_area.last_year_rank is
'Rank by the count last_year, 1 the most. Rates by residents: crime_rates. Null for unknown areas.';
