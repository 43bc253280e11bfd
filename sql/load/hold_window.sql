-- One row of held is one row that we hold in the window, in crimes or in quarantine.
-- Rows that have aged out of the source are not in scope, whatever the window says (tasks/sync/scope.py). A row whose
-- time cannot be read never does, and is in the window where the source orders it.
-- Reads: chicago.crimes, pipeline.rejected_rows. Writes: temporary table held. Run by: tasks/sync/apply.py.
-- Parameters: window_start (null: no start), window_end (null: no end), span_start, oldest_age, occurrence_field.

create temporary table held on commit drop as
select
    crime_id,
    case_number,
    false as is_rejected
from chicago.crimes
where
    date_of_occurrence >= coalesce(cast(:window_start as timestamp without time zone), '-infinity')
    and date_of_occurrence < coalesce(cast(:window_end as timestamp without time zone), 'infinity')
    and pipeline.is_in_scope(
        date_of_occurrence,
        updated_at,
        loaded_at,
        cast(:span_start as timestamp without time zone),
        cast(:oldest_age as interval)
    )
union all
select
    crime_id,
    case_number,
    true as is_rejected
from (
    select
        *,
        coalesce(date_of_occurrence, pipeline.ordered_time(raw ->> cast(:occurrence_field as text))) as ordered_at
    from pipeline.rejected_rows
) as rejected
where
    ordered_at >= coalesce(cast(:window_start as timestamp without time zone), '-infinity')
    -- Not coalesced: what lies beyond all time is in the window that has no end.
    and (
        cast(:window_end as timestamp without time zone) is null
        or ordered_at < cast(:window_end as timestamp without time zone)
    )
    and pipeline.is_in_scope(
        date_of_occurrence,
        updated_at,
        first_seen_at,
        cast(:span_start as timestamp without time zone),
        cast(:oldest_age as interval)
    );
