-- Makes changed_crimes: every crime, once, and empties the tables of counts. Readers see the old counts
-- until the end: a delete and no truncate.
-- Reads: chicago.crimes. Writes: the tables of counts, pipeline.crime_changes. Run by: tasks/warehouse/counts.py.

delete from pipeline.daily_counts;

delete from pipeline.hour_counts;

delete from pipeline.place_counts;

delete from pipeline.cell_counts;

delete from pipeline.code_counts;

-- They are among all.
delete from pipeline.crime_changes;

create temporary view changed_crimes as
select
    1 as crimes,
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
from chicago.crimes;
