-- One row: how many crimes we hold, how many rows wait in quarantine, and how many are in the history.
-- Reads: chicago.crimes, pipeline.rejected_rows, chicago.crime_history. Writes: nothing.
-- Run by: tasks/commands/start_anew.py.

select
    (select count(*) from chicago.crimes) as crimes,
    (select count(*) from pipeline.rejected_rows) as rejected,
    (select count(*) from chicago.crime_history) as history;
