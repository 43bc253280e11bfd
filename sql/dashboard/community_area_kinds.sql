-- One row is a kind of crime in the community area asked for.
-- Reads: chicago.crime_types_by_community_area. Run by: dashboard/site/community_areas.py. Parameters: area.

select
    crime_types_by_community_area.primary_description,
    crime_types_by_community_area.last_year,
    crime_types_by_community_area.last_year_arrests,
    crime_types_by_community_area.location_quotient,
    crime_types_by_community_area.year_before
from chicago.crime_types_by_community_area
where crime_types_by_community_area.community_area = cast(:area as smallint)
order by crime_types_by_community_area.last_year desc nulls last, crime_types_by_community_area.primary_description asc;
