-- At most one row: the role that the login is told to act as, where its session acts as the login itself.
-- Reads: pg_db_role_setting. Writes: nothing. Run by: tasks/warehouse/engine.py.

select split_part(told.said, '=', 2) as role_name
from pg_catalog.pg_db_role_setting as login_settings
cross join unnest(login_settings.setconfig) as told (said)
-- drops what is said of other logins
inner join pg_catalog.pg_roles as logins on login_settings.setrole = logins.oid and logins.rolname = session_user
-- Left: said of all databases.
left join pg_catalog.pg_database as known on login_settings.setdatabase = known.oid
where
    told.said like 'role=%'
    and coalesce(known.datname, current_database()) = current_database()
    and current_setting('role') = 'none'
-- What is said of this database comes before what is said of all.
order by known.datname
limit 1;
