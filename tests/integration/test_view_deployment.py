"""Deployments of views and tables beside people who read them: what is kept, what stops them, and who is named."""

import shutil
import threading
from contextlib import contextmanager

import psycopg
import pytest
from sqlalchemy import create_engine

from tasks.errors import LoadError
from tasks.warehouse import ddl, migrations, views
from tasks.warehouse.faults import PassingFaultError
from tasks.warehouse.migrations import migrate
from tasks.warehouse.sql_files import SQL_FOLDER
from tasks.warehouse.views import deploy_views, grant_analyst, refresh_views

ANALYST = "deployment_analyst"


class Warehouse:
    """A database with all views, the folder of SQL that it is deployed from, and what a test asks of them."""

    def __init__(self, conninfo, folder):
        self.conninfo = conninfo
        self.folder = folder
        self.engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(conninfo))

    def query(self, statement, role=None):
        with psycopg.connect(self.conninfo, autocommit=True) as connection:
            if role:
                connection.execute(f"set role {role}")
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def edit(self, name, *changes):
        path = self.folder / "views" / f"{name}.sql"
        content = path.read_text()
        for old, new in changes:
            assert old in content
            content = content.replace(old, new)
        path.write_text(content)

    def add_view(self, name, select):
        path = self.folder / "views" / f"{name}.sql"
        path.write_text(f"create view chicago.{name} as\n{select};\n")

    def add_migration(self, content):
        (self.folder / "migrations" / "0900.changed.sql").write_text(
            f"-- depends: 0001.warehouse\n{content}\n"
        )

    def columns(self, view):
        return [
            name
            for (name,) in self.query(
                "select attname from pg_attribute where attnum > 0 and not attisdropped"
                f" and attrelid = 'chicago.{view}'::regclass order by attnum"
            )
        ]

    def state(self):
        """Return all that a deployment could change: relations by their ids, their columns and rights, the record."""
        return self.query(
            "select class.oid, class.relname, class.relacl::text,"
            " array_agg(attribute.attname || format_type(atttypid, 0)) from pg_class as class"
            " join pg_attribute as attribute on attribute.attrelid = class.oid and attnum > 0"
            " where relnamespace in ('chicago'::regnamespace, 'pipeline'::regnamespace) group by 1, 2, 3 order by 1"
        ) + self.query("select * from pipeline.deployed_views order by view_name")

    def oid(self, name):
        return self.query(f"select 'chicago.{name}'::regclass::oid")[0][0]

    @contextmanager
    def reader(self, *statements):
        """Give a session that has read within a transaction, and has not ended it."""
        with psycopg.connect(self.conninfo, application_name="a notebook") as connection:
            for statement in statements:
                connection.execute(statement)
            yield connection


@pytest.fixture
def warehouse(postgres, database, tmp_path, monkeypatch):
    """Give a warehouse of the test's own, and a copy of the SQL that it can change."""
    folder = tmp_path / "sql"
    shutil.copytree(SQL_FOLDER, folder)
    monkeypatch.setattr(views, "SQL_FOLDER", folder)
    monkeypatch.setattr(migrations, "SQL_FOLDER", folder)
    monkeypatch.setattr(ddl, "LOCK_TIMEOUT_SECONDS", 1)
    made = Warehouse(postgres.conninfo(database), folder)
    yield made
    made.engine.dispose()


@pytest.fixture
def analyst(warehouse):
    """Give the name of an analyst's role, which may read the warehouse."""
    warehouse.query(f"create role {ANALYST}")
    grant_analyst(warehouse.engine, ANALYST)
    yield ANALYST
    warehouse.query(f"drop owned by {ANALYST}")
    warehouse.query(f"drop role {ANALYST}")


def test_nothing_is_deployed_when_nothing_changed(warehouse):
    before = warehouse.state()
    assert deploy_views(warehouse.engine) == []
    assert warehouse.state() == before


def test_a_changed_view_and_those_that_read_it_are_made_anew_and_no_other(warehouse):
    kept = warehouse.oid("crimes_by_district")
    warehouse.edit("hour_cube", ("sum(hour_counts.crimes)", "sum(hour_counts.crimes + 0)"))
    deployed = deploy_views(warehouse.engine)
    assert {"hour_cube", "crimes_by_hour", "crimes_by_time_of_day"} <= set(deployed)
    assert "crimes_by_district" not in deployed
    assert warehouse.oid("crimes_by_district") == kept
    assert deploy_views(warehouse.engine) == []


def test_a_column_can_be_added_in_the_middle(warehouse):
    """B22: `create or replace view` cannot do that."""
    warehouse.edit(
        "crimes_by_hour",
        ("as crimes_at_unknown_time,\n    round", "as crimes_at_unknown_time,\n    1 as added,\n    round"),
    )
    assert deploy_views(warehouse.engine) == ["crimes_by_hour"]
    assert warehouse.columns("crimes_by_hour")[2:4] == ["crimes_at_unknown_time", "added"]


def test_a_renamed_view_takes_its_readers_along(warehouse):
    for name in ("crimes_by_hour", "crimes_by_time_of_day"):
        warehouse.edit(name, ("hour_cube", "hours_cube"))
    warehouse.edit("hour_cube", ("hour_cube", "hours_cube"))
    (warehouse.folder / "views" / "hour_cube.sql").rename(warehouse.folder / "views" / "hours_cube.sql")
    assert "hours_cube" in deploy_views(warehouse.engine)
    assert warehouse.query("select to_regclass('chicago.hour_cube') is null") == [(True,)]
    assert warehouse.query("select count(*) from chicago.crimes_by_hour") == [(24,)]
    assert warehouse.query(
        "select view_name from pipeline.deployed_views where view_name like 'hour%cube'"
    ) == [("hours_cube",)]


def test_a_removed_view_is_dropped(warehouse):
    (warehouse.folder / "views" / "crime_growth_by_month.sql").unlink()
    assert deploy_views(warehouse.engine) == []
    assert warehouse.query("select to_regclass('chicago.crime_growth_by_month') is null") == [(True,)]
    assert deploy_views(warehouse.engine) == []


def test_a_view_with_an_error_changes_nothing(warehouse):
    before = warehouse.state()
    warehouse.edit("crimes_by_month", ("chicago.daily_crimes", "chicago.no_such_view"))
    warehouse.edit("crimes_by_hour", ("as share,", "as share_of_all,"), (".share is", ".share_of_all is"))
    with pytest.raises(Exception, match="no_such_view"):
        deploy_views(warehouse.engine)
    assert warehouse.state() == before


def test_an_analysts_own_views_on_ours_survive_the_deployment_as_they_were(warehouse, analyst):
    """B22: never `drop ... cascade`."""
    warehouse.query(f"create schema memos authorization {analyst}")
    for statement in (
        "create view memos.night with (security_barrier = true) as select * from chicago.crimes_by_hour where hour < 6",
        'create view memos."Deep night" as select hour, crimes from memos.night where hour < 3',
        "create materialized view memos.kept as select hour, share from chicago.crimes_by_hour",
        "create unique index kept_key on memos.kept (hour)",
        "create materialized view memos.empty as select 1 from memos.kept with no data",
        "comment on view memos.night is 'It''s the night''s.'",
        "comment on column memos.night.hour is 'From midnight'",
        'grant select on memos."Deep night" to public',
        "grant select (hour), update (hour) on memos.night to postgres with grant option",
    ):
        warehouse.query(statement, role=analyst)
    warehouse.query("create view chicago.my_hours as select * from chicago.crimes_by_time_of_day")
    described = (
        "select relname, relkind, relowner::regrole::text, reloptions, relispopulated, relacl::text,"
        " pg_get_viewdef(class.oid), obj_description(class.oid),"
        " array_agg(row(attname, format_type(atttypid, 0), attacl, col_description(class.oid, attnum))::text"
        " order by attnum),"
        " (select array_agg(pg_get_indexdef(indexrelid)) from pg_index where indrelid = class.oid)"
        " from pg_class as class join pg_attribute on attrelid = class.oid and attnum > 0"
        " where (relnamespace = 'memos'::regnamespace and relkind in ('v', 'm')) or relname = 'my_hours'"
        " group by class.oid, 1, 2, 3, 4, 5 order by relname"
    )
    before = warehouse.query(described)
    ids = warehouse.query("select 'memos.night'::regclass::oid")
    warehouse.edit("hour_cube", ("sum(hour_counts.crimes)", "sum(hour_counts.crimes + 0)"))
    assert "crimes_by_hour" in deploy_views(warehouse.engine)
    assert warehouse.query(described) == before
    assert warehouse.query("select 'memos.night'::regclass::oid") != ids
    assert warehouse.query('select count(*) from memos."Deep night"', role=analyst) == [(3,)]


def test_a_view_of_anothers_that_cannot_stand_on_the_new_one_stops_the_deployment_by_name(warehouse):
    warehouse.query("create schema memos")
    warehouse.query("create view memos.night as select hour, share from chicago.crimes_by_hour")
    before = warehouse.state()
    warehouse.edit("crimes_by_hour", ("as share,", "as share_of_all,"), (".share is", ".share_of_all is"))
    with pytest.raises(
        LoadError, match=r"memos\.night of postgres stands on chicago\.crimes_by_hour.*.share. does not"
    ):
        deploy_views(warehouse.engine)
    assert warehouse.state() == before
    assert warehouse.query("select count(*) from memos.night") == [(24,)]


def test_a_view_of_anothers_with_rules_of_its_own_stops_the_deployment_by_name(warehouse):
    warehouse.query("create schema memos")
    warehouse.query("create view memos.night as select hour from chicago.crimes_by_hour")
    warehouse.query("create rule quiet as on insert to memos.night do instead nothing")
    before = warehouse.state()
    warehouse.edit("hour_cube", ("sum(hour_counts.crimes)", "sum(hour_counts.crimes + 0)"))
    with pytest.raises(
        LoadError, match=r"memos\.night \(on chicago\.crimes_by_hour\): it has triggers, rules"
    ):
        deploy_views(warehouse.engine)
    assert warehouse.state() == before
    # A view beside it is deployed all the same.
    warehouse.edit("hour_cube", ("sum(hour_counts.crimes + 0)", "sum(hour_counts.crimes)"))
    warehouse.add_view("another", "select crimes_by_month.month from chicago.crimes_by_month")
    assert deploy_views(warehouse.engine) == ["another"]


def test_a_function_that_returns_the_rows_of_a_view_stops_the_deployment_by_name(warehouse):
    """B22: what stands on a view and is no view."""
    warehouse.query(
        "create function public.busiest() returns setof chicago.crimes_by_hour language sql"
        " as 'select * from chicago.crimes_by_hour limit 1'"
    )
    before = warehouse.state()
    warehouse.edit("crimes_by_hour", ("as share,", "as share_of_all,"), (".share is", ".share_of_all is"))
    with pytest.raises(LoadError, match="function busiest"):
        deploy_views(warehouse.engine)
    assert warehouse.state() == before


def test_a_new_view_does_not_replace_an_analysts_own_of_that_name(warehouse):
    """B22"""
    warehouse.query("create view chicago.monthly_memo as select 1 as mine")
    before = warehouse.state()
    warehouse.add_view("monthly_memo", "select 2 as ours")
    with pytest.raises(LoadError, match=r"chicago\.monthly_memo is there, and not of our making"):
        deploy_views(warehouse.engine)
    assert warehouse.state() == before
    assert warehouse.query("select mine from chicago.monthly_memo") == [(1,)]


def test_rights_survive_every_deployment_and_a_new_view_has_the_analysts_at_once(warehouse, analyst):
    warehouse.query(f"grant select (hour, crimes) on chicago.crimes_by_hour to {analyst} with grant option")
    warehouse.query("grant select on chicago.crimes_by_time_of_day to public")
    warehouse.query(f"revoke select on chicago.quality_counts from {analyst}")
    rights = (
        "select table_name, column_name, grantee, is_grantable from information_schema.column_privileges"
        " where table_schema = 'chicago' and privilege_type = 'SELECT'"
        " and (grantee = 'PUBLIC' or grantee = 'deployment_analyst') order by 1, 2, 3, 4"
    )
    before = warehouse.query(rights)
    warehouse.edit("hour_cube", ("sum(hour_counts.crimes)", "sum(hour_counts.crimes + 0)"))
    warehouse.add_view("another", "select crimes_by_month.month from chicago.crimes_by_month")
    assert {"hour_cube", "another"} <= set(deploy_views(warehouse.engine))
    after = warehouse.query(rights)
    assert [row for row in after if row[0] not in {"another", "quality_counts"}] == before
    assert [row for row in after if row[0] == "another"] == [("another", "month", analyst, "NO")]
    warehouse.query("revoke select on chicago.crimes_by_time_of_day from public")


def test_an_analyst_reads_all_of_chicago_and_can_do_nothing_else(warehouse, analyst):
    deploy_views(warehouse.engine)
    relations = warehouse.query(
        "select relname from pg_class where relnamespace = 'chicago'::regnamespace and relkind in ('r', 'v', 'm')"
    )
    assert len(relations) > 25
    for (name,) in relations:
        warehouse.query(f"select count(*) from chicago.{name}", role=analyst)
    assert warehouse.query("select count(*) from chicago.crimes_as_of(now())", role=analyst) == [(0,)]
    for refused in (
        "select * from pipeline.runs",
        "select * from pipeline.rejected_rows",
        "insert into chicago.beats values ('9999', 99, 9)",
        "delete from chicago.crimes",
        "update chicago.ward_offices set alderman = 'me'",
        "truncate chicago.crimes",
        "create table chicago.mine (number integer)",
        "refresh materialized view chicago.daily_crimes",
        "drop view chicago.crimes_by_hour",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            warehouse.query(refused, role=analyst)


def test_an_analysts_role_that_does_not_exist_is_named(warehouse):
    with pytest.raises(LoadError, match="ANALYST_ROLE 'nobody_here' does not exist"):
        grant_analyst(warehouse.engine, "nobody_here")


def test_a_reader_who_does_not_let_go_is_named_and_nothing_is_changed(warehouse):
    """B22, B23: a notebook left idle in a transaction."""
    before = warehouse.state()
    warehouse.edit("crimes_by_hour", ("as share,", "as share_of_all,"), (".share is", ".share_of_all is"))
    with warehouse.reader("select * from chicago.crimes_by_hour") as reader:
        with pytest.raises(PassingFaultError) as stopped:
            deploy_views(warehouse.engine)
        assert "(a notebook, pid " in str(stopped.value)
        assert "idle in transaction" in str(stopped.value)
        assert warehouse.state() == before
        reader.commit()
        assert deploy_views(warehouse.engine) == ["crimes_by_hour"]


def test_a_reader_who_ends_in_time_only_delays_the_deployment(warehouse):
    warehouse.edit("crimes_by_hour", ("as share,", "as share_of_all,"), (".share is", ".share_of_all is"))
    with warehouse.reader("select * from chicago.crimes_by_hour") as reader:
        ending = threading.Timer(0.3, reader.commit)
        ending.start()
        assert deploy_views(warehouse.engine) == ["crimes_by_hour"]
        ending.join()


def test_a_refresh_waits_for_no_reader_and_no_reader_for_a_refresh(warehouse):
    """B22"""
    warehouse.query(
        "insert into chicago.crimes"
        " (crime_id, case_number, date_of_occurrence, iucr, primary_description, arrest, domestic)"
        " values ('row-1', 'JH1', '2024-03-01 10:00', '0820', 'THEFT', false, false)"
    )
    with warehouse.reader(
        "select * from chicago.daily_cube", "select * from chicago.crime_map_cells"
    ) as reader:
        refresh_views(warehouse.engine)
        reader.commit()
    assert warehouse.query("select sum(crimes)::int from chicago.daily_cube") == [(1,)]
    # The same in the middle of a refresh, which is kept from ending: somebody else refreshes its last view.
    warehouse.query("delete from chicago.crimes")
    last = [file.name for file in views.read_view_files() if file.is_materialized][-1]
    with warehouse.reader(f"refresh materialized view concurrently chicago.{last}") as blocker:
        refreshing = threading.Thread(target=refresh_views, args=(warehouse.engine,))
        refreshing.start()
        wait = "select count(*) from pg_locks where not granted and relation = 'chicago.{}'::regclass"
        while warehouse.query(wait.format(last)) == [(0,)]:
            assert refreshing.is_alive()
        with warehouse.reader("set statement_timeout = '2s'") as reader:
            for name in ("daily_cube", "hour_cube", "crimes_by_hour", last):
                reader.execute(f"select * from chicago.{name}")
            assert reader.execute("select sum(crimes)::int from chicago.daily_cube").fetchall() == [(1,)]
        blocker.commit()
        refreshing.join()
    assert warehouse.query("select sum(crimes) from chicago.daily_cube") == [(None,)]


ALTERED = "alter table chicago.crimes alter column ward type integer;"


def ward_type(warehouse):
    ((found,),) = warehouse.query(
        "select format_type(atttypid, 0) from pg_attribute where attrelid = 'chicago.crimes'::regclass"
        " and attname = 'ward'"
    )
    return found


def test_a_migration_changes_a_column_under_views_and_the_views_stand_again(warehouse, analyst):
    """B22"""
    before = warehouse.query("select view_name, is_materialized from pipeline.deployed_views order by 1")
    warehouse.add_migration(ALTERED)
    assert migrate(warehouse.engine) == ["0900.changed"]
    assert ward_type(warehouse) == "integer"
    assert (
        warehouse.query("select view_name, is_materialized from pipeline.deployed_views order by 1") == before
    )
    assert warehouse.query("select count(*) from chicago.ward_crimes_summary", role=analyst) == [(51,)]
    assert deploy_views(warehouse.engine) == []
    assert migrate(warehouse.engine) == []


def test_a_migration_drops_a_column_that_the_views_of_its_version_read_no_more(warehouse):
    warehouse.add_migration("alter table chicago.ward_offices drop column email;")
    warehouse.edit(
        "ward_crimes_summary",
        ("    wards.ward_phone,\n    wards.email,\n", "    wards.ward_phone,\n"),
        (
            "        ward_offices.ward_phone,\n        ward_offices.email,\n",
            "        ward_offices.ward_phone,\n",
        ),
        (
            "comment on column chicago.ward_crimes_summary.email is",
            "comment on column chicago.ward_crimes_summary.ward_phone is",
        ),
    )
    assert migrate(warehouse.engine) == ["0900.changed"]
    assert "ward_phone" in warehouse.columns("ward_crimes_summary")
    assert "email" not in warehouse.columns("ward_crimes_summary")


def test_a_migration_beside_the_views_leaves_them_in_place(warehouse):
    kept = warehouse.oid("crimes_by_hour")
    warehouse.add_migration("alter table chicago.crimes add column added text;")
    assert migrate(warehouse.engine) == ["0900.changed"]
    assert warehouse.oid("crimes_by_hour") == kept


def test_an_analysts_view_on_the_table_stops_the_migration_by_name(warehouse):
    warehouse.query("create schema memos")
    warehouse.query("create view memos.my_wards as select ward, count(*) from chicago.crimes group by ward")
    before = warehouse.state()
    warehouse.add_migration(ALTERED)
    with pytest.raises(LoadError, match=r"memos\.my_wards"):
        migrate(warehouse.engine)
    assert warehouse.state() == before
    assert ward_type(warehouse) == "smallint"


def test_an_analysts_view_on_ours_survives_a_migration(warehouse):
    warehouse.query("create schema memos")
    warehouse.query(
        "create view memos.my_summary as select ward, total_crimes from chicago.ward_crimes_summary"
    )
    warehouse.add_migration(ALTERED)
    migrate(warehouse.engine)
    assert ward_type(warehouse) == "integer"
    assert warehouse.query("select count(*) from memos.my_summary") == [(51,)]


def test_of_two_migrations_the_first_does_not_stay_when_the_second_fails(warehouse):
    before = warehouse.state()
    warehouse.add_migration("alter table chicago.crimes add column added text;")
    (warehouse.folder / "migrations" / "0901.wrong.sql").write_text(
        "-- depends: 0900.changed\nalter table chicago.no_such_table add column added text;\n"
    )
    with pytest.raises(LoadError, match="no_such_table"):
        migrate(warehouse.engine)
    assert warehouse.state() == before


def test_a_reader_of_the_table_is_named_by_the_migration_that_waits_for_them(warehouse):
    before = warehouse.state()
    warehouse.add_migration("alter table chicago.crimes add column added text;")
    with warehouse.reader("select * from chicago.crimes"):
        with pytest.raises(PassingFaultError, match="a notebook"):
            migrate(warehouse.engine)
        assert warehouse.state() == before
