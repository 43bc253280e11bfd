-- depends: 0019.added_up
-- Where the source orders a row whose time cannot be read, so that the window that reads it knows what we hold of it;
-- and how far a proven source reached back, which four statements asked for in the same words.
-- Run by: tasks/warehouse/migrations.py (yoyo), once, under the writer's lock.

create function pipeline.ordered_time(published text)
returns timestamp without time zone
language sql
immutable
parallel safe
as
$$
    select
        case
            when published ~ '^[+]?[0-9]{5,}-' then cast('infinity' as timestamp without time zone)
            when published ~ '^(-|0000)' then cast('-infinity' as timestamp without time zone)
            when published ~ '^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])'
                then
                    (
                        select cast(months.first_day + months.days_on as timestamp without time zone)
                        from (
                            select
                                make_date(
                                    cast(substr(published, 1, 4) as integer),
                                    cast(substr(published, 6, 2) as integer),
                                    1
                                ) as first_day,
                                cast(substr(published, 9, 2) as integer) - 1 as days_on
                        ) as months
                        -- drops a 30 February
                        where date_trunc('month', months.first_day + months.days_on) = months.first_day
                    )
        end
$$;

comment on function pipeline.ordered_time(text) is
'Where a published occurrence time that cannot be read stands in the source''s order: infinity or -infinity for a year that no calendar has, else its day, on Chicago''s wall clock. Null: not told by the text.';

create function pipeline.span_reach(span tsrange, newest_update timestamp with time zone)
returns interval
language sql
immutable
parallel safe
as
$$
    select
        case
            when upper_inf(span) and lower(span) < chicago.wall_clock(newest_update)
                then chicago.wall_clock(newest_update) - lower(span)
        end
$$;

comment on function pipeline.span_reach(tsrange, timestamp with time zone) is
'How long before its newest stamp a source reached back whose whole span was proven. Null: a part of it was proven, or it had no dated row before its stamps.';
