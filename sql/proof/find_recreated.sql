-- One row of leaving is one row that looks as if it had aged out of the source, and its case came again.
-- The source's oldest row, made anew with a later date, leaves nothing older behind, so that the span begins after it.
-- A case's rows that came since reasons were last settled and that no gone row of the case accounts for speak for as
-- many such rows, the latest first.
-- Reads: chicago.crimes, chicago.crime_history, pipeline.rejected_rows, pipeline.runs, pipeline.audits.
-- Writes: temporary table leaving, for retire.sql. Run by: tasks/proof/recreated.py, when the whole span is equal.
-- Parameters: run_id, span_start.

create temporary table leaving on commit drop as
with last_settled as (
    select coalesce(max(settled_at), '-infinity') as at
    from pipeline.runs
),

last_proof as (
    select lower(span) as span_start
    from pipeline.audits
    where equal and upper_inf(span) and run_id <> cast(:run_id as uuid)
    order by audit_id desc
    limit 1
),

aged_out as (
    select
        crimes.crime_id,
        crimes.case_number,
        row_number() over (
            partition by crimes.case_number
            order by crimes.date_of_occurrence desc, crimes.crime_id asc
        ) as nth
    from chicago.crimes as crimes
    cross join last_proof
    cross join last_settled
    where
        crimes.date_of_occurrence < cast(:span_start as timestamp without time zone)
        and crimes.date_of_occurrence >= last_proof.span_start
        and crimes.loaded_at <= last_settled.at
),

come as (
    select crimes.case_number
    from chicago.crimes as crimes
    cross join last_settled
    where crimes.loaded_at > last_settled.at
    union all
    select rejected.case_number
    from pipeline.rejected_rows as rejected
    cross join last_settled
    where rejected.first_seen_at > last_settled.at
),

spoken_for as (
    select case_number
    from chicago.crime_history
    where reason is null
),

left_over as (
    select
        aged_out.case_number,
        (select count(*) from come where come.case_number = aged_out.case_number)
        - (select count(*) from spoken_for where spoken_for.case_number = aged_out.case_number) as row_count
    from aged_out
    group by aged_out.case_number
)

select
    aged_out.crime_id,
    cast(null as text) as reason,
    cast(null as text) as replaced_by
from aged_out
-- drops what has aged out: no newer row of its case speaks for it
inner join left_over on aged_out.case_number = left_over.case_number and aged_out.nth <= left_over.row_count;

analyze leaving;
