-- One row is a cell of 1,000 feet with its crimes of all days; one, without a place, is those that have no point.
-- Reads: chicago.crime_map_totals. Run by: dashboard/site/city_map.py, where nothing but all days is asked for.

select
    crime_map_totals.cell_x,
    crime_map_totals.cell_y,
    cast(crime_map_totals.latitude as double precision) as latitude,
    cast(crime_map_totals.longitude as double precision) as longitude,
    crime_map_totals.crimes,
    crime_map_totals.violent
from chicago.crime_map_totals
order by crime_map_totals.crimes desc, crime_map_totals.cell_x asc, crime_map_totals.cell_y asc;
