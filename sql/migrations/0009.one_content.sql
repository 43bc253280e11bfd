-- depends: 0008.changes_and_moments
-- What a crime's content is, and how a row goes to history and back, each stands once; so does how a list is replaced
-- (docs/decisions/0015). The first three name each column of crimes: with one left out, PostgreSQL refuses
-- to make the row ("Input has too few columns"), so that a migration that adds a column has to replace them. Their
-- bodies are texts on purpose: they are read anew when they are used.
-- Run by: tasks/warehouse/migrations.py (yoyo), once, under the writer's lock.

create function pipeline.crime_content(crime chicago.crimes)
returns chicago.crimes
language sql
immutable
parallel safe
as
$$
    select
        row(
            null, -- crime_id
            crime.case_number,
            crime.date_of_occurrence,
            crime.block,
            crime.iucr,
            crime.primary_description,
            crime.secondary_description,
            crime.location_description,
            crime.arrest,
            crime.domestic,
            crime.beat,
            crime.district,
            crime.ward,
            crime.community_area,
            crime.fbi_code,
            crime.x_coordinate,
            crime.y_coordinate,
            crime.latitude,
            crime.longitude,
            null, -- created_at
            null, -- updated_at
            null, -- version
            null, -- loaded_at
            null -- updated_on
        )::chicago.crimes
$$;

comment on function pipeline.crime_content(chicago.crimes) is
'The content of a crime: the row without its id and its stamps, which are null. Two rows of equal content are one crime, published again.';

create function pipeline.retired_crime(crime chicago.crimes, reason text, replaced_by text, run_id uuid)
returns chicago.crime_history
language sql
stable
parallel safe
as
$$
    select
        row(
            crime.crime_id,
            crime.case_number,
            crime.date_of_occurrence,
            crime.block,
            crime.iucr,
            crime.primary_description,
            crime.secondary_description,
            crime.location_description,
            crime.arrest,
            crime.domestic,
            crime.beat,
            crime.district,
            crime.ward,
            crime.community_area,
            crime.fbi_code,
            crime.x_coordinate,
            crime.y_coordinate,
            crime.latitude,
            crime.longitude,
            crime.created_at,
            crime.updated_at,
            crime.version,
            crime.loaded_at,
            pipeline.moment(), -- retired_at
            reason,
            replaced_by,
            run_id,
            crime.updated_on
        )::chicago.crime_history
$$;

comment on function pipeline.retired_crime(chicago.crimes, text, text, uuid) is
'A crime as the row of crime_history that it becomes when it is retired in this transaction.';

-- In schema chicago, since crimes_as_of runs with the rights of who asks.
create function chicago.crime_as_held(retired chicago.crime_history)
returns chicago.crimes
language sql
immutable
parallel safe
as
$$
    select
        row(
            retired.crime_id,
            retired.case_number,
            retired.date_of_occurrence,
            retired.block,
            retired.iucr,
            retired.primary_description,
            retired.secondary_description,
            retired.location_description,
            retired.arrest,
            retired.domestic,
            retired.beat,
            retired.district,
            retired.ward,
            retired.community_area,
            retired.fbi_code,
            retired.x_coordinate,
            retired.y_coordinate,
            retired.latitude,
            retired.longitude,
            retired.created_at,
            retired.updated_at,
            retired.version,
            retired.loaded_at,
            retired.updated_on
        )::chicago.crimes
$$;

comment on function chicago.crime_as_held(chicago.crime_history) is
'A row of crime_history as the row of crimes that it was.';

create or replace function chicago.crimes_as_of(as_of timestamp with time zone)
returns setof chicago.crimes
language sql
stable
parallel safe
as
$$
    select crimes.*
    from chicago.crimes
    where crimes.loaded_at <= as_of
    union all
    -- A row is in one of the two: it enters history when it leaves the record.
    select (chicago.crime_as_held(crime_history)).*
    from chicago.crime_history
    where
        crime_history.loaded_at <= as_of
        and crime_history.retired_at > as_of
$$;

-- The names in these statements are those of a table that is there and of its key, quoted by PostgreSQL; nothing that
-- was read goes into one. Which tables are lists is said in tasks/warehouse/reference.py.
create function pipeline.replace_list(list regclass, given json, out stored_rows bigint, out removed_rows bigint)
language plpgsql
as
$$
declare
    key name := (
        select attribute.attname
        from pg_catalog.pg_index as index
        inner join pg_catalog.pg_attribute as attribute
            on attribute.attrelid = index.indrelid and attribute.attnum = index.indkey[0]
        where index.indrelid = list and index.indisprimary and index.indnkeyatts = 1
    );
begin
    if key is null then
        raise exception '% is no list: it has no key of one column', list;
    end if;
    execute format(
        'delete from %1$s where %2$I not in (select %2$I from json_populate_recordset(null::%1$s, $1))', list, key
    ) using given;
    get diagnostics removed_rows = row_count;
    execute format(
        'delete from %1$s as held using json_populate_recordset(null::%1$s, $1) as incoming'
        ' where held.%2$I = incoming.%2$I and held is distinct from incoming', list, key
    ) using given;
    execute format(
        'insert into %1$s select incoming.* from json_populate_recordset(null::%1$s, $1) as incoming'
        ' where not exists (select 1 from %1$s as held where held.%2$I = incoming.%2$I)', list, key
    ) using given;
    get diagnostics stored_rows = row_count;
end
$$;

comment on function pipeline.replace_list(regclass, json) is
'Makes a list equal to the rows given, an array of objects with its columns; writes no row that is equal. Answers how many rows were added or changed, and how many were removed.';
