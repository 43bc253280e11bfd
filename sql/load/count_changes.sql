-- One row: the counts of the window, as the ledger keeps them.
-- A row that we held and whose new version is rejected counts as rejected and as retired.
-- Reads: compared, rekeyed, gone, staged_rejects, chicago.crimes. Writes: nothing.
-- Run by: tasks/sync/apply.py, before the merge.

select
    (select count(*) from compared) + (select count(*) from staged_rejects) as source_rows,
    (select count(*) from compared where not compared.is_held) - (select count(*) from rekeyed) as inserted,
    (select count(*) from rekeyed) as rekeyed,
    (
        select count(*)
        from compared
        where compared.is_held and not compared.is_same_content and not compared.is_damaged
    ) as updated,
    (
        select count(*)
        from compared
        where compared.is_held and (compared.is_same_content or compared.is_damaged)
    ) as unchanged,
    (select count(*) from compared where compared.is_damaged) as repaired,
    (
        select count(*)
        from compared
        where compared.is_held and compared.is_same_content and not compared.is_same_version
    ) as touched,
    (select count(*) from staged_rejects) as rejected,
    (select count(*) from gone where not gone.is_rejected) - (select count(*) from rekeyed)
    + (
        select count(*)
        from staged_rejects as staged
        inner join chicago.crimes as crimes on staged.crime_id = crimes.crime_id
    ) as retired;
