-- depends: 0021.period_counts
-- Two rules that stood in several statements: that a row without a date is in scope, and which hours a watch has.
-- Run by: tasks/warehouse/migrations.py (yoyo), once, under the writer's lock.

create or replace function pipeline.is_in_scope(
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
        -- What has no age does not age out.
        date_of_occurrence is null
        or date_of_occurrence >= span_start
        or (
            date_of_occurrence < chicago.wall_clock(updated_at) - oldest_age
            -- A stamp of the future makes no row too old to have been published.
            and date_of_occurrence < chicago.wall_clock(stored_at) - oldest_age
        )
$$;

comment on function pipeline.is_in_scope(
    timestamp without time zone, timestamp with time zone, timestamp with time zone, timestamp without time zone, interval
) is
'Whether a row lies in the source''s span, or no age takes it away: it has no date, or was older than oldest_age when it was published, a wrong date. Null: older than the span where no age is given.';

create function chicago.is_hour_of_watch(hour smallint, starts_at_hour smallint, ends_at_hour smallint)
returns boolean
language sql
immutable
parallel safe
as
$$
    select
        case
            when starts_at_hour < ends_at_hour then hour >= starts_at_hour and hour < ends_at_hour
            -- It goes on beyond midnight.
            else hour >= starts_at_hour or hour < ends_at_hour
        end
$$;

comment on function chicago.is_hour_of_watch(smallint, smallint, smallint) is
'Whether an hour of the day is one of a watch: its hours in watches, of which the first watch has some of the evening before. Null: the hour is not known.';
