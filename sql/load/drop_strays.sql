-- Takes rows out of the quarantine that the census found gone and that no window reaches, since their time is none.
-- Reads: nothing else. Writes: pipeline.rejected_rows.
-- Run by: tasks/warehouse/census.py. Parameters: crime_ids (array).

delete from pipeline.rejected_rows
where crime_id = any(cast(:crime_ids as text[]));
