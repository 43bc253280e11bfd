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
            -- With a T behind the day: what follows in another way may be ordered before its midnight.
            when published ~ '^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T'
                then
                    (
                        select days.of_the_month
                        from (
                            select
                                cast(months.first_day as timestamp without time zone) as first_day,
                                cast(
                                    months.first_day + cast(substr(published, 9, 2) as integer) - 1
                                    as timestamp without time zone
                                ) as of_the_month
                            from (
                                select
                                    make_date(
                                        cast(substr(published, 1, 4) as integer),
                                        cast(substr(published, 6, 2) as integer),
                                        1
                                    ) as first_day
                            ) as months
                        ) as days
                        -- drops a 30 February
                        where date_trunc('month', days.of_the_month) = days.first_day
                    )
        end
$$;

comment on function pipeline.ordered_time(text) is
'Where a published occurrence time that cannot be read stands in the source''s order: infinity or -infinity for a year that no calendar has, else its day, on Chicago''s wall clock. Null: not told by the text.';

create function pipeline.placed_day(date_of_occurrence timestamp without time zone, published text)
returns timestamp without time zone
language sql
immutable
parallel safe
as
$$
    select
        coalesce(
            date_of_occurrence,
            case when isfinite(pipeline.ordered_time(published)) then pipeline.ordered_time(published) end
        )
$$;

comment on function pipeline.placed_day(timestamp without time zone, text) is
'When a rejected row occurred, for a proof by months and days: its time, or its day where the time cannot be read. Null: on no day of a calendar.';

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
