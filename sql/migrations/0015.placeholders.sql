-- depends: 0014.wall_clock_and_scope
-- What stands in the record for a time or a day that is not known is counted beside the rest: 00:01 as well as 00:00,
-- noon, and the first of a month; and from when on a ward's number means what it means today. Takes no longer for many
-- rows: columns with a constant. The SQL that counts has changed with it, so that the next refresh counts anew.
-- Run by: tasks/warehouse/migrations.py (yoyo), once, under the writer's lock.

alter table pipeline.daily_counts
add column at_placeholder_time bigint not null default 0,
add column violent_at_placeholder_time bigint not null default 0;

comment on column pipeline.daily_counts.at_placeholder_time is
'Of crimes, those at exactly 00:00 or 00:01, of which the time is not known, and on the first of a month not the day.';

comment on column pipeline.daily_counts.violent_at_placeholder_time is 'Of violent, the same.';

alter table pipeline.hour_counts
add column at_one_past_midnight bigint not null default 0,
add column at_exact_noon bigint not null default 0;

comment on column pipeline.hour_counts.at_one_past_midnight is
'Of crimes, those at exactly 00:01, which stands for an unknown time too; 0 in other hours.';

comment on column pipeline.hour_counts.at_exact_noon is
'Of crimes, those at exactly 12:00, of which many are of an unknown time; 0 in other hours.';

create function chicago.ward_map_since(on_date date)
returns date
language sql
immutable
parallel safe
return case
    when on_date >= date '2023-05-15' then date '2023-05-15'
    when on_date >= date '2015-05-18' then date '2015-05-18'
end;

comment on function chicago.ward_map_since(date) is
'First day of the map of wards in force on a Chicago local date: 2023-05-15 (today''s) or 2015-05-18. Null: an earlier map. The same number of a ward is another area on another map.';
