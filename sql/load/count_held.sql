-- One row: how many rows we hold of a span, in crimes and in quarantine.
-- Reads: chicago.crimes, pipeline.rejected_rows. Writes: nothing. Run by: tasks/warehouse/census.py.
-- Parameters: span_start, span_end (null: the whole span, and the undated rows).

select
    (
        select count(*)
        from chicago.crimes
        where
            date_of_occurrence >= cast(:span_start as timestamp without time zone)
            and date_of_occurrence < coalesce(cast(:span_end as timestamp without time zone), 'infinity')
    ) as accepted_rows,
    (
        select count(*)
        from pipeline.rejected_rows
        where
            (
                date_of_occurrence >= cast(:span_start as timestamp without time zone)
                and date_of_occurrence < coalesce(cast(:span_end as timestamp without time zone), 'infinity')
            )
            or (date_of_occurrence is null and cast(:span_end as timestamp without time zone) is null)
    ) as rejected_rows;
