-- One row is a right of this login that a reader of schema chicago does not need; no row where it only reads.
-- Reads: the catalogue. Run by: tasks/warehouse/analyst.py, before the dashboard reads anything.

select
    current_user as role_name,
    rights.may
from (
    select 'become the owner of schema ' || pg_namespace.nspname as may
    from pg_namespace
    where
        pg_namespace.nspname in ('chicago', 'pipeline')
        and pg_has_role(pg_namespace.nspowner, 'member')
    union
    select 'make tables in schema ' || pg_namespace.nspname
    from pg_namespace
    where
        pg_namespace.nspname in ('chicago', 'pipeline')
        and has_schema_privilege(pg_namespace.oid, 'create')
    union
    select 'look into schema pipeline'
    from pg_namespace
    where
        pg_namespace.nspname = 'pipeline'
        and has_schema_privilege(pg_namespace.oid, 'usage')
    union
    select 'change rows of schema chicago'
    from pg_class
    where
        pg_class.relnamespace = to_regnamespace('chicago')
        and pg_class.relkind in ('r', 'p')
        and (
            has_table_privilege(pg_class.oid, 'insert, update, delete, truncate')
            or has_any_column_privilege(pg_class.oid, 'insert, update')
        )
) as rights
order by rights.may;
