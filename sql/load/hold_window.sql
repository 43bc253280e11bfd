-- One row of held is one row that we hold in the window, in crimes or in quarantine.
-- Rows before the source's oldest occurrence have aged out of it: they are not in scope, whatever the window says.
-- Reads: chicago.crimes, pipeline.rejected_rows. Writes: temporary table held. Run by: tasks/warehouse/sync.py.
-- Parameters: window_start, window_end (null: no end), span_start.

create temporary table held on commit drop as
select
    crime_id,
    case_number,
    false as is_rejected
from chicago.crimes
where
    date_of_occurrence >= greatest(
        cast(:window_start as timestamp without time zone), cast(:span_start as timestamp without time zone)
    )
    and date_of_occurrence < coalesce(cast(:window_end as timestamp without time zone), 'infinity')
union all
select
    crime_id,
    case_number,
    true as is_rejected
from pipeline.rejected_rows
where
    date_of_occurrence >= greatest(
        cast(:window_start as timestamp without time zone), cast(:span_start as timestamp without time zone)
    )
    and date_of_occurrence < coalesce(cast(:window_end as timestamp without time zone), 'infinity');
