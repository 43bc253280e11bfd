-- One row is a column of a table or view of schema chicago that is ours: owned by the owner of crimes.
-- Reads: the catalogue. Run by: tasks/warehouse/arrow.py.

select
    pg_class.relname as relation_name,
    pg_attribute.attname as column_name,
    format_type(pg_attribute.atttypid, null) as type_name,
    col_description(pg_class.oid, pg_attribute.attnum) as meaning
from pg_class
-- Inner: what is exported has columns.
inner join pg_attribute on pg_class.oid = pg_attribute.attrelid
where
    pg_class.relnamespace = cast('chicago' as regnamespace)
    and pg_class.relkind in ('r', 'v', 'm')
    and pg_class.relowner = (
        select crimes.relowner
        from pg_class as crimes
        where crimes.oid = cast('chicago.crimes' as regclass)
    )
    and pg_attribute.attnum > 0
    and not pg_attribute.attisdropped
order by pg_class.relname, pg_attribute.attnum;
