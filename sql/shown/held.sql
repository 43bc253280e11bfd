-- One row: what we hold, and its newest crime and stamp.
-- Reads: chicago.crimes, pipeline.rejected_rows, chicago.crime_history. Writes: nothing.
-- Run by: tasks/shown/report.py.

select
    (select count(*) from chicago.crimes) as crimes,
    (select count(*) from pipeline.rejected_rows) as rejected_held,
    (select count(*) from chicago.crime_history) as history,
    (select max(date_of_occurrence) from chicago.crimes) as newest_crime,
    (select max(updated_at) from chicago.crimes) as newest_update;
