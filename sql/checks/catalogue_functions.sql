-- One row is a function of ours, with its COMMENT.
-- Reads: the catalogue. Run by: tasks/commands/dictionary.py.

select
    pg_namespace.nspname as schema_name,
    pg_proc.proname as function_name,
    pg_get_function_identity_arguments(pg_proc.oid) as arguments,
    pg_get_function_result(pg_proc.oid) as result,
    obj_description(pg_proc.oid, 'pg_proc') as meaning
from pg_proc
-- Inner: a function lies in a schema.
inner join pg_namespace on pg_proc.pronamespace = pg_namespace.oid
where pg_namespace.nspname in ('chicago', 'pipeline')
order by pg_namespace.nspname, pg_proc.proname, pg_get_function_identity_arguments(pg_proc.oid);
