-- One row returned is one row that was retired: it is in the history as we held it, and in chicago.crimes no more.
-- Without a reason it is gone from the source, and its reason is settled when the run is whole.
-- Reads: leaving, made by compare.sql or find_recreated.sql. Writes: chicago.crime_history, chicago.crimes.
-- Run by: tasks/sync/apply.py and tasks/proof/recreated.py. Parameters: run_id.

insert into chicago.crime_history
select (pipeline.retired_crime(crimes.*, leaving.reason, leaving.replaced_by, cast(:run_id as uuid))).*
from chicago.crimes as crimes
-- drops the rows that stay as they are
inner join leaving on crimes.crime_id = leaving.crime_id;

delete from chicago.crimes
where crime_id in (select leaving.crime_id from leaving)
returning crime_id;
