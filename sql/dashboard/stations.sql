-- One row is a police district and where its station stands.
-- Reads: chicago.police_stations. Run by: dashboard/site/city_map.py.

select
    police_stations.district,
    police_stations.district_name,
    police_stations.latitude,
    police_stations.longitude
from chicago.police_stations
order by police_stations.district;
