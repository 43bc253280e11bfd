-- One row is the day (null: without one) of a row that waits in quarantine for a newer row of its key, where no newer
-- one is held any more: that one has left the source, and the newest of those that wait is the crime now.
-- Neither counts nor sums of keys tell, since each row of the source is held. Rows are few: it is the quarantine.
-- Reads: pipeline.rejected_rows, chicago.crimes. Writes: nothing. Run by: tasks/proof/compare.py, where rows keep their
-- key.

select cast(rejected_rows.date_of_occurrence as date) as our_day
from pipeline.rejected_rows
where
    rejected_rows.crime_id ~ '#[0-9]+$'
    and not exists (
        select 1
        from chicago.crimes
        where crimes.crime_id = regexp_replace(rejected_rows.crime_id, '#[0-9]+$', '')
    )
    and not exists (
        select 1
        from pipeline.rejected_rows as newest
        where newest.crime_id = regexp_replace(rejected_rows.crime_id, '#[0-9]+$', '')
    );
