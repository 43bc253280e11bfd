-- One row is a community area; the last, without a number, the crimes of unknown ones.
-- Reads: chicago.crimes_by_community_area, chicago.crime_rates. Run by: dashboard/site/community_areas.py.

select
    crimes_by_community_area.community_area,
    crimes_by_community_area.community_area_name,
    crimes_by_community_area.last_year,
    crimes_by_community_area.last_year_rank,
    crimes_by_community_area.last_year_low,
    crimes_by_community_area.last_year_high,
    crimes_by_community_area.last_year_estimated,
    crimes_by_community_area.last_year_violent,
    crimes_by_community_area.last_year_property,
    crimes_by_community_area.last_year_domestic,
    crimes_by_community_area.last_year_most_common_crime,
    crimes_by_community_area.last_year_from,
    crimes_by_community_area.last_year_to,
    crimes_by_community_area.last_year_days,
    crimes_by_community_area.year_before,
    crimes_by_community_area.year_to_date,
    crimes_by_community_area.year_to_date_before,
    crime_rates.residents,
    -- As of a year of 364 days, as the map has it.
    round(
        1000.0 * crimes_by_community_area.last_year * 364
        / nullif(crimes_by_community_area.last_year_days, 0) / nullif(crime_rates.residents, 0),
        1
    ) as rate,
    crime_rates.violent_per_100000_residents,
    crime_rates.property_per_100000_residents,
    crime_rates.caveat
from chicago.crimes_by_community_area
-- Left: the crimes of unknown areas have no residents.
left join chicago.crime_rates
    on
        crime_rates.place_kind = 'community area'
        and crimes_by_community_area.community_area = crime_rates.number
order by crimes_by_community_area.community_area nulls last;
