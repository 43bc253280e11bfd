-- depends: 0007.whole_history
-- What changed is written down by whoever changes it, and the stamps that order our own doings never go back
-- (docs/decisions/0019). Takes no longer for many rows: two tables and a trigger; the first refresh after it counts all
-- crimes anew.
-- Run by: tasks/warehouse/migrations.py (yoyo), once, under the writer's lock.

create table pipeline.crime_changes (
    crimes integer not null,
    date_of_occurrence timestamp without time zone not null,
    beat text,
    district smallint,
    ward smallint,
    iucr text not null,
    primary_description text not null,
    fbi_code text,
    arrest boolean not null,
    domestic boolean not null,
    x_coordinate integer,
    y_coordinate integer
);

comment on table pipeline.crime_changes is
'One row is a crime that came or went, or some that are alike, and that the counts have not followed yet. A refresh takes them out in the transaction that counts them.';

comment on column pipeline.crime_changes.crimes is 'How many came; below 0: went.';

comment on column pipeline.crime_changes.date_of_occurrence is 'As in crimes: Chicago wall clock.';

comment on column pipeline.crime_changes.beat is 'As in crimes.';

comment on column pipeline.crime_changes.district is 'As in crimes.';

comment on column pipeline.crime_changes.ward is 'As in crimes.';

comment on column pipeline.crime_changes.iucr is 'As in crimes.';

comment on column pipeline.crime_changes.primary_description is 'As in crimes.';

comment on column pipeline.crime_changes.fbi_code is 'As in crimes.';

comment on column pipeline.crime_changes.arrest is 'As in crimes.';

comment on column pipeline.crime_changes.domestic is 'As in crimes.';

comment on column pipeline.crime_changes.x_coordinate is 'As in crimes: feet, EPSG:3435.';

comment on column pipeline.crime_changes.y_coordinate is 'As in crimes: feet, EPSG:3435.';

-- Where nothing is counted yet, all will be counted anew: a first load pays for no second copy of its rows.
create function pipeline.write_crime_changes()
returns trigger
language plpgsql
as
$$
begin
    -- Whoever counts holds this table alone: a change is committed before a count begins, or begins after it.
    lock table pipeline.counts_state in row share mode;
    if tg_op = 'TRUNCATE' then
        delete from pipeline.counts_state;
    elsif not exists (select from pipeline.counts_state) then
        return null;
    elsif tg_op = 'INSERT' then
        insert into pipeline.crime_changes
        select
            1, date_of_occurrence, beat, district, ward, iucr, primary_description, fbi_code, arrest, domestic,
            x_coordinate, y_coordinate
        from came;
    elsif tg_op = 'DELETE' then
        insert into pipeline.crime_changes
        select
            -1, date_of_occurrence, beat, district, ward, iucr, primary_description, fbi_code, arrest, domestic,
            x_coordinate, y_coordinate
        from went;
    else
        -- As they were against as they are, whatever became of their ids: a new id or stamp changes no count.
        insert into pipeline.crime_changes
        select
            sum(crimes), date_of_occurrence, beat, district, ward, iucr, primary_description, fbi_code, arrest,
            domestic, x_coordinate, y_coordinate
        from (
            select 1 as crimes, came.* from came
            union all
            select -1 as crimes, went.* from went
        ) as changed
        group by
            date_of_occurrence, beat, district, ward, iucr, primary_description, fbi_code, arrest, domestic,
            x_coordinate, y_coordinate
        having sum(crimes) <> 0;
    end if;
    return null;
end
$$;

comment on function pipeline.write_crime_changes() is
'Writes to crime_changes what a statement changed of chicago.crimes, as far as it is counted.';

create trigger crimes_came after insert on chicago.crimes
referencing new table as came
for each statement execute function pipeline.write_crime_changes();

create trigger crimes_went after delete on chicago.crimes
referencing old table as went
for each statement execute function pipeline.write_crime_changes();

create trigger crimes_changed after update on chicago.crimes
referencing old table as went new table as came
for each statement execute function pipeline.write_crime_changes();

create trigger crimes_emptied after truncate on chicago.crimes
for each statement execute function pipeline.write_crime_changes();

-- What was loaded before is in no list of changes, and what a clock hid from the counts before is found.
delete from pipeline.counts_state;

comment on table pipeline.counts_state is
'At most one row: what the tables of counts rest on. Without it, the next refresh counts anew.';

comment on column pipeline.counts_state.counted_at is 'When the counts last followed the crimes. Instant. Decides nothing.';

alter table pipeline.reference_loads add column stored_at timestamp with time zone not null default '-infinity';

comment on column pipeline.reference_loads.stored_at is
'When it was stored here, as the ledger counts time (pipeline.moment). Instant. Minus infinity: before this was kept.';

create index windows_ended_at on pipeline.windows (ended_at);

create function pipeline.next_moment()
returns timestamp with time zone
language sql
stable
as
$$
    select greatest(now(), newest.stamp + interval '1 microsecond')
    from (
        select
            greatest(
                (
                    select
                        max(greatest(
                            runs.started_at, runs.planned_at, runs.windows_done_at, runs.settled_at, runs.ended_at
                        ))
                    from pipeline.runs
                ),
                (select max(windows.ended_at) from pipeline.windows),
                (select max(audits.checked_at) from pipeline.audits),
                (select max(reference_loads.stored_at) from pipeline.reference_loads),
                (select max(deployed_views.refreshed_at) from pipeline.deployed_views)
            ) as stamp
    ) as newest
$$;

comment on function pipeline.next_moment() is
'Now; where the server''s clock was set back, a microsecond after the newest stamp of the ledger.';

create function pipeline.moment()
returns timestamp with time zone
language sql
stable
as
$$
    select coalesce(cast(nullif(current_setting('chicago.moment', true), '') as timestamp with time zone), now())
$$;

comment on function pipeline.moment() is
'The moment of this transaction of a run, which its fence took from next_moment; outside of a run, now.';

alter table chicago.crimes alter column loaded_at set default pipeline.moment();

alter table chicago.crime_history alter column retired_at set default pipeline.moment();

alter table pipeline.rejected_rows alter column first_seen_at set default pipeline.moment();

alter table pipeline.rejected_rows alter column last_seen_at set default pipeline.moment();

alter table pipeline.runs alter column started_at set default pipeline.next_moment();

alter table pipeline.audits alter column checked_at set default pipeline.moment();

alter table pipeline.proven_months alter column proven_at set default pipeline.moment();

alter table pipeline.reference_loads alter column stored_at set default pipeline.moment();
