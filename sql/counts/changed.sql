-- Makes changed_crimes: one row is a crime to count (sign 1) or not to count any more (-1) since the last time.
-- Reads: chicago.crimes, chicago.crime_history. Run by: tasks/warehouse/counts.py. Parameters: counted_at.

create temporary table changed_crimes on commit drop as
select
    1 as sign,
    crimes.date_of_occurrence,
    crimes.beat,
    crimes.district,
    crimes.ward,
    crimes.iucr,
    crimes.primary_description,
    crimes.fbi_code,
    crimes.arrest,
    crimes.domestic,
    crimes.x_coordinate,
    crimes.y_coordinate
from chicago.crimes
where crimes.loaded_at > :counted_at
union all
-- What came and went in between was never counted.
select
    -1 as sign,
    crime_history.date_of_occurrence,
    crime_history.beat,
    crime_history.district,
    crime_history.ward,
    crime_history.iucr,
    crime_history.primary_description,
    crime_history.fbi_code,
    crime_history.arrest,
    crime_history.domestic,
    crime_history.x_coordinate,
    crime_history.y_coordinate
from chicago.crime_history
where crime_history.retired_at > :counted_at and crime_history.loaded_at <= :counted_at;

analyze changed_crimes;
