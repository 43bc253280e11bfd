-- One row is a key, of those just read, that may stand on more than one row of the source: we hold it with a time
-- outside of the window, so that a row was moved or there are two; or it did stand on two.
-- Reads: chicago.crimes, pipeline.rejected_rows. Writes: nothing. Run by: tasks/sync/read.py, where rows keep their
-- key. Parameters: read_ids (array), is_by_time (the window is of occurrence), window_start, window_end (null: none).

select crimes.crime_id
from chicago.crimes
where
    crimes.crime_id = any(cast(:read_ids as text[]))
    and cast(:is_by_time as boolean)
    and (
        crimes.date_of_occurrence < coalesce(cast(:window_start as timestamp without time zone), '-infinity')
        or crimes.date_of_occurrence >= coalesce(cast(:window_end as timestamp without time zone), 'infinity')
    )
union
select regexp_replace(rejected_rows.crime_id, '#[0-9]+$', '') as crime_id
from pipeline.rejected_rows
where
    rejected_rows.crime_id ~ '#[0-9]+$'
    and regexp_replace(rejected_rows.crime_id, '#[0-9]+$', '') = any(cast(:read_ids as text[]));
