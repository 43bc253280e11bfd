-- One row is a kind of crime in a district: the one asked for, or all.
-- Reads: chicago.crime_types_by_district. Run by: dashboard/site/districts.py, district.py.
-- Parameters: district (null: all).

select
    crime_types_by_district.district,
    crime_types_by_district.district_name,
    crime_types_by_district.primary_description,
    crime_types_by_district.crimes,
    crime_types_by_district.share,
    crime_types_by_district.city_share,
    crime_types_by_district.location_quotient,
    crime_types_by_district.quotient_low,
    crime_types_by_district.quotient_high,
    crime_types_by_district.is_unusual,
    crime_types_by_district.arrest_rate
from chicago.crime_types_by_district
where
    crime_types_by_district.district is not null
    and (cast(:district as smallint) is null or crime_types_by_district.district = cast(:district as smallint))
order by crime_types_by_district.location_quotient desc nulls last, crime_types_by_district.primary_description asc;
