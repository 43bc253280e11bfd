-- One row of census is one row of the source as the census read it.
-- Reads: nothing. Writes: temporary table census. Run by: tasks/proof/census.py, before COPY fills it.

create temporary table census (
    crime_id text collate "C",
    version text,
    date_of_occurrence timestamp without time zone
) on commit drop;
