-- Takes out the rows that we hold under the same id and version with other content than was published; merge.sql puts
-- in what was published, with the loaded_at of the row that it repairs: the City changed nothing, so that the history
-- has nothing to tell. The counts follow by themselves: what goes and what comes is written down where it happens
-- (docs/decisions/0019).
-- Reads: compared. Writes: staged_crimes, chicago.crimes.
-- Run by: tasks/sync/apply.py, after retire.sql.

update staged_crimes as staged
set loaded_at = crimes.loaded_at
from compared
inner join chicago.crimes as crimes on compared.crime_id = crimes.crime_id
where staged.crime_id = compared.crime_id and compared.is_damaged;

delete from chicago.crimes
where crime_id in (select compared.crime_id from compared where compared.is_damaged);
