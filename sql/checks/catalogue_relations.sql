-- One row is a table or view of ours, with its COMMENT.
-- Reads: the catalogue. Run by: tasks/commands/dictionary.py. The migration library's own tables are not ours.

select
    pg_namespace.nspname as schema_name,
    pg_class.relname as relation_name,
    case pg_class.relkind when 'r' then 'table' when 'v' then 'view' else 'materialized view' end as kind,
    obj_description(pg_class.oid, 'pg_class') as meaning
from pg_class
-- Inner: a relation lies in a schema.
inner join pg_namespace on pg_class.relnamespace = pg_namespace.oid
where
    pg_namespace.nspname in ('chicago', 'pipeline')
    and pg_class.relkind in ('r', 'v', 'm')
    and pg_class.relname not like '\_yoyo%'
    and pg_class.relname <> 'yoyo_lock'
order by pg_namespace.nspname, pg_class.relname;
