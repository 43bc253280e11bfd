-- Makes changed_crimes: one row is a crime that came or went since the last time, or some that are alike; crimes says
-- how many, below 0 where they went. One that came and went again in between is none, so that a crime which came is
-- held. Nobody changes crimes meanwhile (alone.sql), so that what is read is what is taken out.
-- Reads: pipeline.crime_changes. Writes: the same. Run by: tasks/warehouse/counts.py.

create temporary table changed_crimes on commit drop as
select
    cast(sum(crime_changes.crimes) as integer) as crimes,
    crime_changes.date_of_occurrence,
    crime_changes.beat,
    crime_changes.district,
    crime_changes.ward,
    crime_changes.iucr,
    crime_changes.primary_description,
    crime_changes.fbi_code,
    crime_changes.arrest,
    crime_changes.domestic,
    crime_changes.x_coordinate,
    crime_changes.y_coordinate,
    crime_changes.community_area,
    crime_changes.latitude,
    crime_changes.longitude
from pipeline.crime_changes
group by
    crime_changes.date_of_occurrence,
    crime_changes.beat,
    crime_changes.district,
    crime_changes.ward,
    crime_changes.iucr,
    crime_changes.primary_description,
    crime_changes.fbi_code,
    crime_changes.arrest,
    crime_changes.domestic,
    crime_changes.x_coordinate,
    crime_changes.y_coordinate,
    crime_changes.community_area,
    crime_changes.latitude,
    crime_changes.longitude
having sum(crime_changes.crimes) <> 0;

delete from pipeline.crime_changes;

analyze changed_crimes;
