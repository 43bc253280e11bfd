-- One row is a police district or a community area, and its residents.
-- Reads: chicago.crime_rates. Run by: dashboard/site/city_map.py. Parameters: layer (district or community area).

select
    cast(crime_rates.number as text) as area,
    crime_rates.residents,
    crime_rates.is_residents_estimated,
    crime_rates.caveat
from chicago.crime_rates
where crime_rates.place_kind = cast(:layer as text) and crime_rates.number is not null;
