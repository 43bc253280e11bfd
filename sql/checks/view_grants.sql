-- One row is a right to read that somebody was given on a view of schema chicago, or on a column of one.
-- Reads: the catalogue. Run by: tasks/warehouse/views.py before it drops a view, to grant them again.
-- A null grantee is everybody; a null column is the whole view. The owner's own rights are not listed.

select
    view_rights.relname as view_name,
    view_rights.column_name,
    pg_roles.rolname as grantee,
    view_rights.is_grantable
from (
    select
        pg_class.relname,
        pg_class.relowner,
        cast(null as name) as column_name,
        rights.grantee,
        rights.privilege_type,
        rights.is_grantable
    from pg_class
    -- A row a right; a view on which none was given has none.
    cross join aclexplode(pg_class.relacl) as rights
    where pg_class.relnamespace = cast('chicago' as regnamespace) and pg_class.relkind in ('v', 'm')
    union all
    select
        pg_class.relname,
        pg_class.relowner,
        pg_attribute.attname as column_name,
        rights.grantee,
        rights.privilege_type,
        rights.is_grantable
    from pg_class
    -- Inner: a column is of its view.
    inner join pg_attribute on pg_class.oid = pg_attribute.attrelid and not pg_attribute.attisdropped
    -- A row a right; see above.
    cross join aclexplode(pg_attribute.attacl) as rights
    where pg_class.relnamespace = cast('chicago' as regnamespace) and pg_class.relkind in ('v', 'm')
) as view_rights
-- Left: everybody is not a role.
left join pg_roles on view_rights.grantee = pg_roles.oid
where
    view_rights.privilege_type = 'SELECT'
    and view_rights.grantee <> view_rights.relowner
order by view_rights.relname, view_rights.column_name, pg_roles.rolname;
