-- One row: how many more sessions this login may open now, by the server's limit, the role's and the database's.
-- Reads: pg_settings, pg_roles, pg_database, pg_stat_database, pg_stat_activity. Writes: nothing.
-- Run by: tasks/warehouse/slots.py.

with login as (
    select
        logins.rolsuper,
        logins.rolconnlimit,
        here.datconnlimit,
        (
            select count(*)
            from pg_catalog.pg_stat_activity as sessions
            where sessions.usesysid = logins.oid
        ) as of_role,
        (
            select count(*)
            from pg_catalog.pg_stat_activity as sessions
            where sessions.datid = here.oid
        ) as of_database
    from pg_catalog.pg_roles as logins
    -- One row each.
    inner join pg_catalog.pg_database as here on logins.rolname = session_user and here.datname = current_database()
)

select
    least(
        current_setting('max_connections')::integer
        -- Of PostgreSQL 16 and newer: reserved_connections.
        - case
            when login.rolsuper then 0
            else
                current_setting('superuser_reserved_connections')::integer
                + coalesce(current_setting('reserved_connections', true), '0')::integer
        end
        -- Everybody's, which a login without rights cannot count in pg_stat_activity.
        - (select coalesce(sum(known.numbackends), 0) from pg_catalog.pg_stat_database as known),
        -- -1 is no limit, and a superuser has none. Null is left out.
        case when not login.rolsuper and login.rolconnlimit >= 0 then login.rolconnlimit - login.of_role end,
        case when not login.rolsuper and login.datconnlimit >= 0 then login.datconnlimit - login.of_database end
    )::integer as free_connections
from login;
