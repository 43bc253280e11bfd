-- One row is a crime and its community area: as published where it is, else as estimated from its point.
-- Reads: chicago.crimes, chicago.community_area_estimates. Run by: tasks/warehouse/views.py.

create view chicago.crime_community_areas as
select
    crimes.crime_id,
    coalesce(crimes.community_area, estimates.community_area) as community_area,
    population.place_name as community_area_name,
    crimes.community_area is null and estimates.community_area is not null as is_estimated,
    case when crimes.community_area is null then estimates.metres_to_border end as metres_to_border,
    case when crimes.community_area is null then estimates.neighbouring_area end as neighbouring_area
from chicago.crimes
-- Left: a crime can have no point, or one that was published with its area.
left join chicago.community_area_estimates as estimates
    on crimes.latitude = estimates.latitude and crimes.longitude = estimates.longitude
-- Left: a crime can lie in no known area.
left join chicago.population
    on
        population.place_kind = 'community area'
        and population.number = coalesce(crimes.community_area, estimates.community_area);

comment on view chicago.crime_community_areas is
'One row is a crime and its community area: published, else estimated from its point.
Unit: a row of crimes: an incident, or one victim of a homicide.
Base: the area that the City publishes, where it does; else the shapes of the 77 areas and the point of a block.
Period: all days held, complete or not.
Chance: nothing is compared; metres_to_border says how near to another area an estimate is.
Lateness: a row that is published late, or gets its point late, has an area from then on.
Do not read an estimate within 20 m of a border as a fact: points are on the centre lines of streets, where borders run.';

comment on column chicago.crime_community_areas.crime_id is 'As in crimes: one row each.';

comment on column chicago.crime_community_areas.community_area is
'Community area, 1 to 77. Null: neither published nor in the shape of one.';

comment on column chicago.crime_community_areas.community_area_name is 'The City''s name of it. Null where it is.';

comment on column chicago.crime_community_areas.is_estimated is
'Whether it is our estimate and not published. The one-year dataset publishes none.';

comment on column chicago.crime_community_areas.metres_to_border is
'Of an estimate, metres from the point to the border of that area. Null: published, or unknown.';

comment on column chicago.crime_community_areas.neighbouring_area is
'Of an estimate, the nearest other area within 20 m, which may be the right one. Null: there is none, or it is published.';
