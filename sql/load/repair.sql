-- Takes out the rows that we hold under the same id and version with other content than was published; merge.sql puts
-- in what was published, with the loaded_at of the row that it repairs: the City changed nothing, so that the history
-- has nothing to tell.
-- What was counted of such a row is not known any more, so that the next refresh counts all anew.
-- Reads: compared. Writes: staged_crimes, chicago.crimes, pipeline.counts_state.
-- Run by: tasks/sync/apply.py, after retire.sql.

update staged_crimes as staged
set loaded_at = crimes.loaded_at
from compared
inner join chicago.crimes as crimes on compared.crime_id = crimes.crime_id
where staged.crime_id = compared.crime_id and compared.is_damaged;

delete from chicago.crimes
where crime_id in (select compared.crime_id from compared where compared.is_damaged);

delete from pipeline.counts_state
where exists (select 1 from compared where compared.is_damaged);
