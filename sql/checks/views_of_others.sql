-- One row is a view of somebody else's that stands on one of ours which is dropped, directly or on another such view:
-- what makes it again as it was. Those that stand on others come after them.
-- Reads: the catalogue. Run by: tasks/warehouse/others_views.py before our views are dropped.
-- Parameters: dropped, deployed (names of views of schema chicago: those to drop, and all of ours).

with recursive ours as (
    select
        pg_class.oid,
        pg_class.relname,
        pg_class.relname = any(cast(:dropped as text[])) as is_dropped
    from pg_class
    where
        pg_class.relnamespace = cast('chicago' as regnamespace)
        and pg_class.relkind in ('v', 'm')
        and pg_class.relname = any(cast(:deployed as text[]))
),

readings as (
    select distinct
        pg_rewrite.ev_class as reader,
        pg_depend.refobjid as relation
    from pg_depend
    -- Inner: a view depends on what it reads through its rule.
    inner join pg_rewrite on pg_depend.objid = pg_rewrite.oid
    where
        pg_depend.classid = cast('pg_rewrite' as regclass)
        and pg_depend.refclassid = cast('pg_class' as regclass)
        and pg_depend.refobjid <> pg_rewrite.ev_class
),

standing as (
    select
        readings.reader,
        1 as steps,
        ours.relname as stands_on
    from readings
    -- Inner: views that read none of ours stay as they are.
    inner join ours on readings.relation = ours.oid
    where
        ours.is_dropped
        and readings.reader not in (select all_ours.oid from ours as all_ours)
    union
    select
        readings.reader,
        standing.steps + 1 as steps,
        standing.stands_on
    from readings
    -- Inner: what reads a view that stands on ours stands on ours.
    inner join standing on readings.relation = standing.reader
    where readings.reader not in (select all_ours.oid from ours as all_ours)
),

others as (
    select
        standing.reader as oid,
        max(standing.steps) as steps,
        min(standing.stands_on) as stands_on
    from standing
    group by standing.reader
),

described as (
    select
        others.oid,
        others.steps,
        others.stands_on,
        pg_class.relowner,
        pg_class.relacl,
        pg_class.reloptions,
        pg_class.relispopulated,
        pg_namespace.nspname as schema_name,
        pg_class.relname as view_name,
        pg_roles.rolname as owner_name,
        case when pg_class.relkind = 'm' then 'materialized view' else 'view' end as kind,
        format('%I.%I', pg_namespace.nspname, pg_class.relname) as full_name
    from others
    -- Inner, all three: a view has a schema and an owner.
    inner join pg_class on others.oid = pg_class.oid
    inner join pg_namespace on pg_class.relnamespace = pg_namespace.oid
    inner join pg_roles on pg_class.relowner = pg_roles.oid
),

rights as (
    select
        described.oid,
        cast(null as name) as column_name,
        acl.grantee,
        acl.privilege_type,
        acl.is_grantable
    from described
    -- A row a right; a view on which none was given has none.
    cross join aclexplode(described.relacl) as acl
    where acl.grantee <> described.relowner
    union all
    select
        described.oid,
        pg_attribute.attname as column_name,
        acl.grantee,
        acl.privilege_type,
        acl.is_grantable
    from described
    -- Inner: a column is of its view.
    inner join pg_attribute on described.oid = pg_attribute.attrelid and not pg_attribute.attisdropped
    -- As above.
    cross join aclexplode(pg_attribute.attacl) as acl
    where acl.grantee <> described.relowner
),

statements as (
    select
        described.oid,
        1 as place,
        format(
            'create %s %s%s as %s%s',
            described.kind,
            described.full_name,
            ' with (' || array_to_string(described.reloptions, ', ') || ')',
            rtrim(pg_get_viewdef(described.oid), ';'),
            case when described.kind = 'materialized view' and not described.relispopulated then ' with no data' end
        ) as command
    from described
    union all
    select
        described.oid,
        3 as place,
        pg_get_indexdef(pg_index.indexrelid) as command
    from described
    -- Inner: most views have no index.
    inner join pg_index on described.oid = pg_index.indrelid
    union all
    select
        described.oid,
        4 as place,
        format(
            'grant %s%s on table %s to %s%s',
            rights.privilege_type,
            ' (' || quote_ident(rights.column_name) || ')',
            described.full_name,
            coalesce(quote_ident(pg_roles.rolname), 'public'),
            case when rights.is_grantable then ' with grant option' end
        ) as command
    from described
    -- Inner: most views are their owner's alone.
    inner join rights on described.oid = rights.oid
    -- Left: everybody is not a role.
    left join pg_roles on rights.grantee = pg_roles.oid
    union all
    select
        described.oid,
        5 as place,
        format(
            'comment on %s %s%s is %L',
            case when pg_description.objsubid = 0 then described.kind else 'column' end,
            described.full_name,
            '.' || quote_ident(pg_attribute.attname),
            pg_description.description
        ) as command
    from described
    -- Inner: most views have no comment.
    inner join pg_description
        on described.oid = pg_description.objoid and pg_description.classoid = cast('pg_class' as regclass)
    -- Left: the comment on the view itself is of no column.
    left join pg_attribute
        on
            described.oid = pg_attribute.attrelid
            and pg_description.objsubid = pg_attribute.attnum
            and pg_description.objsubid > 0
    union all
    select
        described.oid,
        -- Before the rights: they are the owner's to give.
        2 as place,
        format('alter %s %s owner to %I', described.kind, described.full_name, described.owner_name) as command
    from described
)

select
    described.schema_name,
    described.view_name,
    described.kind,
    described.stands_on,
    described.owner_name,
    pg_has_role(described.relowner, 'usage') and pg_has_role(described.relowner, 'member') as may_replace,
    -- What a definition does not tell.
    exists (
        select 1 from pg_trigger where pg_trigger.tgrelid = described.oid
    )
    or exists (
        select 1 from pg_attrdef where pg_attrdef.adrelid = described.oid
    )
    or exists (
        select 1 from pg_rewrite where pg_rewrite.ev_class = described.oid and pg_rewrite.rulename <> '_RETURN'
    ) as has_more,
    (
        select array_agg(statements.command order by statements.place, statements.command)
        from statements
        where statements.oid = described.oid
    ) as statements
from described
order by described.steps, described.schema_name, described.view_name;
