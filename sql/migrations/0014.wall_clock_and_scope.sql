-- depends: 0013.clearing
-- Two rules that stood in many statements stand once: what the clock on Chicago's walls shows at an instant, and which
-- of our rows the source would still hold if nothing but time had passed (tasks/sync/scope.py).
-- Run by: tasks/warehouse/migrations.py (yoyo), once, under the writer's lock.

create function chicago.wall_clock(instant timestamp with time zone)
returns timestamp without time zone
language sql
immutable
parallel safe
as
$$
    select instant at time zone 'America/Chicago'
$$;

comment on function chicago.wall_clock(timestamp with time zone) is
'Chicago wall clock of an instant, as dates of occurrence are given: wall_clock(crimes.loaded_at).';

create function pipeline.is_in_scope(
    date_of_occurrence timestamp without time zone,
    updated_at timestamp with time zone,
    stored_at timestamp with time zone,
    span_start timestamp without time zone,
    oldest_age interval
)
returns boolean
language sql
immutable
parallel safe
as
$$
    select
        date_of_occurrence >= span_start
        or (
            date_of_occurrence < chicago.wall_clock(updated_at) - oldest_age
            -- A stamp of the future makes no row too old to have been published.
            and date_of_occurrence < chicago.wall_clock(stored_at) - oldest_age
        )
$$;

comment on function pipeline.is_in_scope(
    timestamp without time zone, timestamp with time zone, timestamp with time zone, timestamp without time zone, interval
) is
'Whether a row lies in the source''s span, or was older than oldest_age when it was published: a wrong date, which no age takes away. Null: without a date, or older than the span where no age is given.';
