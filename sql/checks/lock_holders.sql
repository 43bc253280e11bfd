-- One row is another session that holds a lock on a relation of the warehouse, and so makes us wait.
-- Reads: the catalogue. Run by: tasks/warehouse/faults.py, after waiting in vain for a lock.

select distinct
    pg_stat_activity.pid,
    coalesce(pg_stat_activity.usename, 'unknown') as user_name,
    coalesce(nullif(pg_stat_activity.application_name, ''), 'no name') as application_name,
    -- A loader with only the rights that it needs sees who others are, but not what they do.
    coalesce(
        pg_stat_activity.state || to_char(
            pg_stat_activity.xact_start at time zone 'UTC', '" since "YYYY-MM-DD HH24:MI:SS" UTC"'
        ),
        'at work'
    ) as doing,
    pg_stat_activity.application_name = current_setting('application_name') as is_ours
from pg_locks
-- Inner: a lock is of a relation of ours, and is held by a session.
inner join pg_class on pg_locks.relation = pg_class.oid
inner join pg_namespace on pg_class.relnamespace = pg_namespace.oid
inner join pg_stat_activity on pg_locks.pid = pg_stat_activity.pid
where
    pg_locks.granted
    and pg_locks.pid <> pg_backend_pid()
    and pg_stat_activity.datname = current_database()
    and pg_namespace.nspname in ('chicago', 'pipeline')
order by pg_stat_activity.pid;
