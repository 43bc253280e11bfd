-- The two roles of a warehouse and no right more: the loader fills two schemas, and nothing else;
-- the analyst reads schema chicago. For an administrator, in the warehouse's database while it is empty.
-- Run by: psql -h HOST -U ADMIN -d chicago_crime -f sql/roles.sql
-- Then: \password chicago_loader, and the settings DB_USERNAME=chicago_loader, ANALYST_ROLE=chicago_analyst. Each run
-- grants the analyst what it may read, views that are made later included.

do $$
declare
    role_name text;
begin
    foreach role_name in array array['chicago_loader', 'chicago_analyst'] loop
        if not exists (select 1 from pg_catalog.pg_roles where pg_roles.rolname = role_name) then
            execute format(
                'create role %I login nosuperuser nocreatedb nocreaterole noreplication nobypassrls', role_name
            );
        end if;
    end loop;
    -- A role that is not a superuser (on RDS nobody is one) gives a schema only to a role that is granted to them.
    if not (select pg_roles.rolsuper from pg_catalog.pg_roles where pg_roles.rolname = current_user) then
        execute format('grant chicago_loader to %I', current_user);
    end if;
    -- An analyst's own views that stand on ours are made again, in the analyst's name, where ours change.
    grant chicago_analyst to chicago_loader;
    -- By default everybody may connect to a database and make temporary tables in it.
    execute format('revoke all on database %I from public', current_database());
    -- A window is staged in temporary tables.
    execute format('grant connect, temporary on database %I to chicago_loader', current_database());
    execute format('grant connect on database %I to chicago_analyst', current_database());
end
$$;

create schema if not exists chicago authorization chicago_loader;

create schema if not exists pipeline authorization chicago_loader;

-- Whatever an analyst connects with. Compiling a query takes longer than any view needs to answer.
alter role chicago_analyst set jit = off;

alter role chicago_analyst set statement_timeout = '5min';
