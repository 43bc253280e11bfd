-- One row is a view, of any schema, and a view of schema chicago that it reads.
-- Reads: the catalogue. Run by: tasks/warehouse/views.py before it drops a view.

select distinct
    dependent_schema.nspname as dependent_schema,
    dependent.relname as dependent,
    ours.relname as ours
from pg_depend
-- Inner, all: a view depends on what it reads through its rule, and on nothing else of interest here.
inner join pg_rewrite on pg_depend.objid = pg_rewrite.oid
inner join pg_class as dependent on pg_rewrite.ev_class = dependent.oid
inner join pg_namespace as dependent_schema on dependent.relnamespace = dependent_schema.oid
inner join pg_class as ours on pg_depend.refobjid = ours.oid
inner join pg_namespace as our_schema on ours.relnamespace = our_schema.oid
where
    pg_depend.classid = cast('pg_rewrite' as regclass)
    and pg_depend.refclassid = cast('pg_class' as regclass)
    and our_schema.nspname = 'chicago'
    and ours.relkind in ('v', 'm')
    and dependent.oid <> ours.oid
order by dependent_schema.nspname, dependent.relname, ours.relname;
