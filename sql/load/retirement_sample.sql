-- One row is a row that would be retired: what the guard shows of them.
-- Reads: leaving, chicago.crimes. Writes: nothing.
-- Run by: tasks/sync/guards.py, when the guard fires, and by plan.

select
    crimes.crime_id,
    crimes.case_number,
    crimes.date_of_occurrence,
    crimes.primary_description
from leaving
inner join chicago.crimes as crimes on leaving.crime_id = crimes.crime_id
where leaving.reason is null
order by crimes.date_of_occurrence, crimes.crime_id;
