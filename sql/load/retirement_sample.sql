-- One row is a row that would be retired: what the guard shows of it.
-- Reads: gone, rekeyed, chicago.crimes. Writes: nothing.
-- Run by: tasks/sync/guards.py, when the guard fires, and by plan.

select
    crimes.crime_id,
    crimes.case_number,
    crimes.date_of_occurrence,
    crimes.primary_description
from gone
-- drops the rejected ones, which no guard counts
inner join chicago.crimes as crimes on gone.crime_id = crimes.crime_id
where not exists (select 1 from rekeyed where rekeyed.old_crime_id = gone.crime_id)
order by crimes.date_of_occurrence, crimes.crime_id;
