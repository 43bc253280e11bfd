-- One row is a column that refers to a table's key: by a foreign key, or in schema chicago by having the name and
-- the type of a list's key. The crimes have no foreign keys: new codes reach them before they reach a list.
-- Reads: the catalogue. Run by: tasks/commands/dictionary.py.

with single_keys as (
    select
        pg_class.oid,
        pg_namespace.nspname as schema_name,
        pg_class.relname,
        pg_attribute.attname,
        pg_attribute.atttypid
    from pg_index
    -- Inner, all: the index is of a table's column.
    inner join pg_class on pg_index.indrelid = pg_class.oid
    inner join pg_namespace on pg_class.relnamespace = pg_namespace.oid
    inner join pg_attribute on pg_class.oid = pg_attribute.attrelid and pg_index.indkey[0] = pg_attribute.attnum
    where pg_index.indisprimary and pg_index.indnkeyatts = 1 and pg_class.relkind = 'r'
)

select
    pg_namespace.nspname as schema_name,
    pg_class.relname as table_name,
    pg_attribute.attname as column_name,
    single_keys.relname as referenced,
    pg_constraint.oid is not null as is_enforced
from pg_class
-- Inner, all: a column that refers to nothing is left out.
inner join pg_namespace on pg_class.relnamespace = pg_namespace.oid
inner join pg_attribute on pg_class.oid = pg_attribute.attrelid and pg_attribute.attnum > 0
inner join single_keys on pg_namespace.nspname = single_keys.schema_name and pg_class.oid <> single_keys.oid
-- Left: see above.
left join pg_constraint
    on
        pg_class.oid = pg_constraint.conrelid
        and single_keys.oid = pg_constraint.confrelid
        and pg_constraint.contype = 'f'
        and pg_attribute.attnum = any(pg_constraint.conkey)
where
    pg_namespace.nspname in ('chicago', 'pipeline')
    and pg_class.relkind = 'r'
    and (
        pg_constraint.oid is not null
        or (
            pg_namespace.nspname = 'chicago'
            and single_keys.relname <> 'crimes'
            and pg_attribute.attname = single_keys.attname
            and pg_attribute.atttypid = single_keys.atttypid
            and pg_class.relname in ('crimes', 'beats')
        )
    )
order by pg_namespace.nspname, pg_class.relname, single_keys.relname, pg_attribute.attname;
