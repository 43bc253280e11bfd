-- One row is a column of a table or view of ours, with its COMMENT.
-- Reads: the catalogue. Run by: tasks/commands/dictionary.py.

select
    pg_namespace.nspname as schema_name,
    pg_class.relname as relation_name,
    pg_attribute.attname as column_name,
    format_type(pg_attribute.atttypid, pg_attribute.atttypmod) as type_name,
    pg_attribute.attnotnull as is_required,
    coalesce(pg_attribute.attnum = any(pg_index.indkey), false) as is_key,
    col_description(pg_class.oid, pg_attribute.attnum) as meaning
from pg_class
-- Inner, both: a relation lies in a schema and has columns.
inner join pg_namespace on pg_class.relnamespace = pg_namespace.oid
inner join pg_attribute on pg_class.oid = pg_attribute.attrelid
-- Left: a view has no primary key. A table has one at most.
left join pg_index on pg_class.oid = pg_index.indrelid and pg_index.indisprimary
where
    pg_namespace.nspname in ('chicago', 'pipeline')
    and pg_class.relkind in ('r', 'v', 'm')
    and pg_attribute.attnum > 0
    and not pg_attribute.attisdropped
order by pg_namespace.nspname, pg_class.relname, pg_attribute.attnum;
