-- One row is a row read that we hold in the same version with other content: a damage of ours, since the City gives
-- each change a version. Or one that the contract rejects, and that we hold as accepted: its window judges it again.
-- day is its day of occurrence, as published; of a rejected row, which may have none, as held.
-- Reads: staged_crimes, staged_rejects, chicago.crimes. Writes: nothing. Run by: tasks/proof/contents.py.

select cast(staged.date_of_occurrence as date) as day
from staged_crimes as staged
-- Drops what we do not hold, which is the census's business. One look by the key for each row read, as in
-- load/compare.sql.
inner join lateral (
    select
        crimes.version,
        pipeline.crime_content(crimes.*) as crime_content
    from chicago.crimes
    where crimes.crime_id = staged.crime_id
    order by crimes.crime_id
    limit 1
) as held on true
where
    held.version = staged.version
    and not held.crime_content = pipeline.crime_content(cast(row(staged.*) as chicago.crimes))
union all
select cast(crimes.date_of_occurrence as date) as day
from staged_rejects as staged
-- drops what is not held as accepted in that version
inner join chicago.crimes as crimes on staged.crime_id = crimes.crime_id and staged.version = crimes.version;
