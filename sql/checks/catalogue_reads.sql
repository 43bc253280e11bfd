-- One row is a view of schema chicago and a table or view that it reads.
-- Reads: the catalogue. Run by: tasks/commands/dictionary.py.

select distinct
    view_class.relname as view_name,
    read_schema.nspname as read_schema,
    relations_read.relname as relation_read
from pg_depend
-- Inner, all: a view depends on what it reads through its rule.
inner join pg_rewrite on pg_depend.objid = pg_rewrite.oid
inner join pg_class as view_class on pg_rewrite.ev_class = view_class.oid
inner join pg_class as relations_read on pg_depend.refobjid = relations_read.oid
inner join pg_namespace as read_schema on relations_read.relnamespace = read_schema.oid
where
    pg_depend.classid = cast('pg_rewrite' as regclass)
    and pg_depend.refclassid = cast('pg_class' as regclass)
    and view_class.relnamespace = cast('chicago' as regnamespace)
    and view_class.oid <> relations_read.oid
    and read_schema.nspname in ('chicago', 'pipeline')
order by view_class.relname, read_schema.nspname, relations_read.relname;
