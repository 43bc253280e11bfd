"""A database that misbehaves, in whole runs against a real PostgreSQL: what passes is done again, what stays is said.

A fault is put where it hurts by a trigger that counts with a sequence, which no rollback turns back; where PostgreSQL
can be brought to it, the fault is a real one. Beside it: test_lost_answers.py (a commit whose answer was lost, a COPY),
test_runs.py (the lock's connection), test_view_deployment.py (readers, rights), test_cloud.py (verify-full).
"""

import os
import re
import shutil
import ssl
import subprocess
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text

from bench import without_prefect
from demo.shapes import ONE_YEAR
from tasks import session
from tasks.errors import LoadError
from tasks.load import load
from tasks.local.account import postgres_account
from tasks.refresh_views import refresh_views
from tasks.run import connections, lifecycle
from tasks.settings import read_settings
from tasks.warehouse import ddl, migrations
from tasks.warehouse.engine import open_warehouse
from tasks.warehouse.refusals import MAX_TRIES
from tasks.warehouse.sql_files import SQL_FOLDER
from tests.chaos import oracle
from tests.integration.conftest import PROJECT, crime
from tests.integration.main_here import run_main_here
from tests.integration.tls_front import TlsFront

CRIMES = ONE_YEAR.id


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch):
    for again in (lifecycle._open, lifecycle._write_end):
        monkeypatch.setattr(again.retry, "wait", lambda _state: 0.02)


def is_equal(world):
    """Tables hold what the source holds, by an oracle without the loader's code; nothing half done, no lock left."""
    world.assert_holds_source()
    oracle.assert_ledger_is_closed(world.query)
    assert world.value("select sum(crimes) from chicago.daily_crimes") == held(world)
    oracle.assert_no_lock_is_held(world.query)


def break_table(world, table, times, what, on="insert"):
    """Let the first statements of a kind on a table meet a fault: an SQLSTATE, or the end of their session."""
    act = (
        "perform pg_terminate_backend(pg_backend_pid())"
        if what == "terminate"
        else f"raise exception 'made by a test' using errcode = '{what}'"
    )
    world.query("create sequence if not exists public.met")
    world.query(
        "create or replace function public.fail() returns trigger language plpgsql as $$ begin"
        f" if nextval('public.met') <= {times} then {act}; end if; return null; end $$"
    )
    world.query(
        f"create trigger fail before {on} on {table} for each statement execute function public.fail()"
    )


def mend_table(world, table):
    world.query(f"drop trigger fail on {table}")


def held(world):
    return world.value("select count(*) from chicago.crimes")


# Connections.

PLACES = {
    "opening the run": ("pipeline.runs", "insert"),
    "writing the plan": ("pipeline.windows", "insert"),
    "starting a window": ("pipeline.windows", "update"),
    "loading a window": ("chicago.crimes", "insert"),
    "closing the windows": ("pipeline.watermark", "insert"),
    "the audit": ("pipeline.audits", "insert"),
    "the views": ("pipeline.deployed_views", "update"),
}


@pytest.mark.parametrize("place", PLACES)
def test_a_connection_that_is_lost_is_made_anew_and_the_run_ends_equal(three_weeks, place):
    """B23, B24: 57P01, wherever it comes."""
    world, (table, on) = three_weeks, PLACES[place]
    break_table(world, table, 2, "terminate", on)
    ended = run_main_here(world)
    assert ended.code == 0, ended.said
    assert world.value("select last_value from public.met") > 2
    is_equal(world)
    assert world.query("select status from pipeline.runs") == [("done",)]


@pytest.mark.parametrize("state", ["25P03", "40001", "40P01", "53300", "55P03"])
def test_a_fault_that_passes_is_tried_again_and_one_that_stays_fails_its_window(three_weeks, state):
    """B21: for as long as the first window is tried, and then twice more."""
    world = three_weeks
    break_table(world, "chicago.crimes", MAX_TRIES + 2, state)
    ended = run_main_here(world)
    assert ended.code == 1
    assert "Traceback" not in ended.said
    (why,) = ended.why
    assert f"window 2023-12-11..2023-12-18: the database said {state}: made by a test" in why
    assert "It was rolled back. " in why
    assert why.lower().endswith("run again.")
    assert held(world) == 6, "the second window met it twice, and the third not at all"
    assert run_main_here(world).code == 0
    is_equal(world)


def test_what_cannot_pass_is_not_tried_again(three_weeks):
    world = three_weeks
    break_table(world, "chicago.crimes", 1000, "XX001")
    ended = run_main_here(world)
    assert ended.code == 1
    assert world.value("select last_value from public.met") == 3, "three windows, each once"
    assert held(world) == 0


def test_a_run_that_cannot_be_closed_says_why_all_the_same(three_weeks):
    """Before: exit 1, "backfill running", and no word. The next run marks it dead."""
    world = three_weeks
    break_table(world, "chicago.crimes", 1000, "XX001")
    world.query(
        "create trigger stay before update on pipeline.runs for each row when (new.status <> 'running')"
        " execute function public.fail()"
    )
    ended = run_main_here(world)
    assert ended.code == 1
    assert "backfill not closed in" in ended.said
    assert "the database said XX001: made by a test" in ended.why[0]


def test_a_real_deadlock_is_tried_again(three_weeks):
    """B21: a person's session takes the two locks of a window in the other order, and PostgreSQL ends ours."""
    world = three_weeks
    # Ours waits first, so ours finds the deadlock; the other one has time to make it, and never looks.
    world.query(f"alter database \"{world.environment['DATABASE_NAME']}\" set deadlock_timeout = '2s'")
    waiting = "select count(*) from pg_locks where not granted and relation = 'chicago.crimes'::regclass"
    with psycopg.connect(world.conninfo) as other:
        other.execute("set deadlock_timeout = '1h'")
        other.execute("lock table chicago.crimes in share mode")
        ended = []
        run = threading.Thread(target=lambda: ended.append(run_main_here(world)))
        run.start()
        while world.value(waiting) == 0:
            assert run.is_alive()
            time.sleep(0.02)
        other.execute("lock table pipeline.runs in access exclusive mode")
        other.rollback()
        run.join()
    assert ended[0].code == 0, ended[0].said
    is_equal(world)
    assert world.value("select deadlocks from pg_stat_database where datname = current_database()") == 1


# Somebody sits in a transaction.


@contextmanager
def notebook(world, *statements):
    """A session of somebody else that did this and ends nothing."""
    with psycopg.connect(world.conninfo, application_name="a notebook") as connection:
        for statement in statements:
            connection.execute(statement)
        yield connection


def test_a_lock_that_stays_fails_the_windows_and_names_its_holder(three_weeks, monkeypatch):
    world = three_weeks
    monkeypatch.setitem(session.LOADER, "lock_timeout", "20ms")
    monkeypatch.setattr(load, "retries", 1)
    with notebook(world, "lock table chicago.crimes in share mode"):
        ended = run_main_here(world)
        assert ended.code == 1
        assert world.query("select count(*) from chicago.crimes") == [(0,)], "readers are served meanwhile"
    errors = [error for (error,) in world.query("select error from pipeline.windows")]
    assert len(errors) == 3
    for error in errors:
        assert "the database said 55P03: canceling statement due to lock timeout" in error
        assert ", held by postgres (a notebook, pid " in error
        assert "idle in transaction since" in error
        assert "chicago-crime" not in error, "our own sessions are not in the way"
    assert run_main_here(world).code == 0
    is_equal(world)


def test_an_analyst_who_reads_on_keeps_no_run_waiting_and_is_not_kept(three_weeks):
    """B22, B23: an open transaction of a reader is in nobody's way: not the load's, not the refresh's."""
    world = three_weeks
    assert run_main_here(world).code == 0
    world.store.insert(CRIMES, [crime("JH990000")], at=world.now())
    total = "select sum(crimes)::int from chicago.daily_crimes"
    with notebook(world, "set transaction isolation level repeatable read") as reader:
        reader.execute("select count(*) from chicago.crimes")
        assert reader.execute(total).fetchone() == (9,)
        assert run_main_here(world).code == 0
        assert reader.execute(total).fetchone() == (9,), "as it was when they began"
    is_equal(world)


def test_a_view_that_somebody_reads_is_not_deployed_and_they_are_named(three_weeks, monkeypatch):
    """B22: the rows are in and proven, the old view stands, and other readers do not queue."""
    world = three_weeks
    assert run_main_here(world).code == 0
    monkeypatch.setattr(ddl, "LOCK_TIMEOUT_SECONDS", 0.1)
    monkeypatch.setattr(refresh_views, "retries", 1)
    world.query(
        "update pipeline.deployed_views set definition_sha256 = 'old' where view_name = 'crimes_by_hour'"
    )
    world.store.insert(CRIMES, [crime("JH990000")], at=world.now())
    with notebook(world, "select * from chicago.crimes_by_hour"):
        ended = run_main_here(world)
        assert ended.code == 1
        (why,) = ended.why
        assert "the deployment of the views waited 0.1 s for postgres (a notebook, pid " in why
        assert "and nothing was changed. Let them end their transactions" in why
        with notebook(world, "set statement_timeout = '2s'", "select * from chicago.crimes_by_hour"):
            pass
    assert held(world) == 10
    assert world.last_run()["proof"] == "census"
    assert run_main_here(world).code == 0
    is_equal(world)


def test_a_list_that_cannot_be_stored_fails_the_run_after_its_windows(three_weeks):
    """The rows are in and proven, the ledger is complete, and the run says what is wrong."""
    world = three_weeks
    world.query("update pipeline.reference_loads set loaded_at = now() - interval '30 days'")
    world.query(
        "create function public.no_room() returns trigger language plpgsql as $$ begin"
        " raise exception 'no room' using errcode = '53100'; end $$;"
        "create trigger no_room before insert or update on pipeline.reference_loads"
        " for each statement execute function public.no_room()"
    )
    ended = run_main_here(world)
    assert ended.code == 1
    (why,) = ended.why
    assert "no room" in why
    assert held(world) == 9
    assert world.last_run()["proof"] == "census"
    assert world.query("select distinct status from pipeline.windows") == [("done",)]
    world.query("drop trigger no_room on pipeline.reference_loads")
    assert run_main_here(world).code == 0
    is_equal(world)


# Failover.


# As a replica: whoever connected before it was promoted may not write, and stays so. A setting could not do it, since
# a session of ours inherits none.
_REPLICA = """
create table public.promoted (at timestamptz);
create function public.refuse() returns trigger language plpgsql as $$ begin
    if (select backend_start from pg_stat_get_activity(pg_backend_pid()))
        < coalesce((select max(at) from public.promoted), 'infinity')
    then raise exception 'cannot write in a read-only transaction' using errcode = '25006'; end if; return null; end $$;
do $$ declare name text; begin
    for name in select oid::regclass from pg_class where relkind = 'r'
        and relnamespace in ('pipeline'::regnamespace, 'chicago'::regnamespace)
    loop execute format(
        'create trigger replica before insert or update or delete on %s execute function public.refuse()', name);
    end loop; end $$
"""


def promote(world):
    world.query("insert into public.promoted values (clock_timestamp())")


def fail_over(world):
    """End all sessions of the run, and let new ones find a server that is read only."""
    world.query(_REPLICA)
    world.query(
        "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database()"
        " and application_name = 'chicago-crime'"
    )


def test_a_failover_in_a_run_is_waited_out(three_weeks, monkeypatch):
    """B23: sessions end, the server that answers next refuses to write for a while, and then takes over."""
    world = three_weeks
    monkeypatch.setattr(without_prefect, "_WAIT_SECONDS", 0.3)
    failed_over = []

    def fail_once(seen):
        if not failed_over and ">= '2023-12-18T" in seen.target and ":*" in seen.target:
            failed_over.append(True)
            fail_over(world)
            # Sessions of before stay as they are, so they have to be thrown away.
            threading.Timer(0.5, lambda: promote(world)).start()

    world.portal.before_answer = fail_once
    ended = run_main_here(world)
    assert failed_over
    assert ended.code == 0, ended.said
    is_equal(world)


def test_a_server_that_stays_read_only_is_said_to_be(three_weeks):
    world = three_weeks
    assert run_main_here(world).code == 0
    world.store.insert(CRIMES, [crime("JH990000")], at=world.now())
    world.query(_REPLICA)
    ended = run_main_here(world)
    promote(world)
    assert ended.code == 1
    (why,) = ended.why
    assert "the database said 25006: " in why
    assert why.endswith("let SERVER_NAME name the primary, and run again.")
    assert "Traceback" not in ended.said
    assert run_main_here(world).code == 0
    is_equal(world)


# Disk.


@contextmanager
def full_disk(world, owner):
    """Put the crimes on a file system of 1 MB; where this user may not mount one, a trigger says the same."""
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    mount = [
        "mount",
        "-t",
        "tmpfs",
        "-o",
        f"size=1m,uid={owner.uid},gid={owner.gid},mode=0700",
        "tmpfs",
        str(folder),
    ]
    if os.geteuid() == 0 and subprocess.run(mount, check=False, capture_output=True).returncode == 0:
        try:
            world.query(f"create tablespace {folder.name} location '{folder}'")
            world.query(f"alter table chicago.crimes set tablespace {folder.name}")
            yield
            world.query("alter table chicago.crimes set tablespace pg_default")
            world.query(f"drop tablespace {folder.name}")
        finally:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)
    else:
        break_table(world, "chicago.crimes", 1000, "53100")
        yield
        mend_table(world, "chicago.crimes")
    folder.rmdir()


def test_a_full_disk_fails_the_windows_that_need_it_and_says_so(world, monkeypatch):
    monkeypatch.setenv("MAX_CONCURRENCY", "1")
    days = ("11", "12", "13")
    rows = [
        crime(f"JH{day}{number:04}", f"2023-12-{day}T10:00:00.000") for day in days for number in range(2500)
    ]
    world.store.insert(CRIMES, rows, at=world.now())
    with full_disk(world, postgres_account()):
        ended = run_main_here(world, "--window-days", "1")
        assert ended.code == 1
        assert "Traceback" not in ended.said
        assert re.search(
            r"^why +window 2023-12-1[123]\.\..*: the database said 53100: ", ended.said, re.MULTILINE
        )
        assert "Free disk space on the database's server, and run again." in ended.said
        stored = world.query("select date_of_occurrence::date::text, count(*) from chicago.crimes group by 1")
        assert {count for _, count in stored} <= {2500}, "whole days or none"
        assert len(stored) < 3
    assert run_main_here(world).code == 0
    is_equal(world)


def test_too_small_a_limit_on_temporary_files_is_named(world):
    """Little memory alone costs time only."""
    database = world.environment["DATABASE_NAME"]
    rows = [crime(f"JH{number:06}", "2023-12-11T10:00:00.000") for number in range(1500)]
    world.store.insert(CRIMES, rows, at=world.now())
    world.query(f"alter database \"{database}\" set work_mem = '64kB'")
    world.query(f'alter database "{database}" set temp_file_limit = 0')
    ended = run_main_here(world)
    assert ended.code == 1
    assert "the database said 53400: temporary file size exceeds" in ended.said
    assert "Raise the server's limit for the login (alter role .. set temp_file_limit)" in ended.said
    world.query(f'alter database "{database}" reset temp_file_limit')
    assert run_main_here(world).code == 0
    is_equal(world)


# Who may connect, and how.


def test_every_session_of_a_run_has_its_limits_and_its_name(three_weeks):
    world, seen = three_weeks, set()

    def look(_seen):
        # Several requests are answered at a time, each with a look; a session that is only starting has no name yet.
        with psycopg.connect(world.conninfo, application_name="a look") as connection:
            seen.update(connection.execute(
                "select application_name from pg_stat_activity where datname = current_database()"
                " and backend_type = 'client backend' and application_name <> 'a look' and state ~ '^(active|idle)'"
            ))  # fmt: skip

    world.portal.before_answer = look
    assert run_main_here(world).code == 0
    assert seen == {("chicago-crime",)}
    names = (
        "lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout", "application_name", "TimeZone"
    )  # fmt: skip
    with connections.warehouse().connect() as connection:
        assert [connection.execute(text(f"show {name}")).scalar() for name in names] == [
            "30s", "15min", "10min", "chicago-crime", "UTC"
        ]  # fmt: skip
    connections.close()


@pytest.fixture(scope="module")
def with_password(postgres):
    """Give the name of a role that the session's PostgreSQL lets in with its password only (scram)."""
    role = f"with_password_{os.getpid()}"
    with psycopg.connect(postgres.conninfo("postgres"), autocommit=True) as connection:
        connection.execute("set password_encryption = 'scram-sha-256'")
        connection.execute(f"create role {role} superuser login password 'right'")
        rules = Path(connection.execute("show hba_file").fetchone()[0])
        content = rules.read_text()
        rules.write_text(f"local all {role} scram-sha-256\n{content}")
        connection.execute("select pg_reload_conf()")
        yield role
        rules.write_text(rules.read_text().replace(f"local all {role} scram-sha-256\n", ""))
        connection.execute("select pg_reload_conf()")
        connection.execute(f"drop role {role}")


def test_a_wrong_password_is_said_at_once_and_is_nowhere(three_weeks, with_password, monkeypatch):
    world = three_weeks
    monkeypatch.setenv("DB_USERNAME", with_password)
    monkeypatch.setenv("DB_PASSWORD", "wrong-9f3a")
    ended = run_main_here(world)
    assert ended.code == 1
    (why,) = ended.why
    assert f'password authentication failed for user "{with_password}"' in why
    assert "DB_USERNAME, DB_PASSWORD" in why
    assert "wrong-9f3a" not in ended.said
    assert world.query("select * from pipeline.runs") == []
    monkeypatch.setenv("DB_PASSWORD", "right")
    assert run_main_here(world).code == 0
    is_equal(world)


@pytest.mark.parametrize(
    ("mode", "server", "said"),
    [
        ("disable", "plain", None),
        ("prefer", "plain", None),
        ("require", "plain", "server does not support SSL, but SSL was required"),
        ("verify-ca", "plain", "server does not support SSL, but SSL was required"),
        ("disable", "tls", "server closed the connection unexpectedly"),
        ("prefer", "tls", None),
        ("require", "tls", None),
        ("verify-ca", "tls", None),
        ("verify-ca", "another authority", "certificate verify failed"),
    ],
)
def test_a_tls_mode_does_what_it_says(
    environment, postgres, authority, with_password, monkeypatch, mode, server, said
):
    """With a login by password through it. verify-full and the name of the host: test_cloud.py."""
    context = None if server == "plain" else ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if context:
        context.load_cert_chain(authority.server)
    with TlsFront(context, postgres.socket_dir / ".s.PGSQL.5432") as front:
        bundle = PROJECT / "tasks/cloud/rds_ca.pem" if server == "another authority" else authority.bundle
        for name, value in {
            "SERVER_NAME": "127.0.0.1", "PORT": str(front.port), "DB_SSLMODE": mode, "DB_CA_FILE": str(bundle),
            "DB_USERNAME": with_password, "DB_PASSWORD": "right",
        }.items():  # fmt: skip
            monkeypatch.setenv(name, value)
        if said is None:
            opened = open_warehouse(read_settings())
            opened.dispose()
        else:
            with pytest.raises(LoadError, match=said) as caught:
                open_warehouse(read_settings())
            assert "DB_SSLMODE" in str(caught.value)
        assert (front.handshakes > 0) == (server == "tls" and mode != "disable")


# Rights.


@pytest.fixture
def empty(world, postgres):
    """Give the world with an empty database in the place of the one that is set up; no list is asked for."""
    name = world.environment["DATABASE_NAME"]
    with psycopg.connect(postgres.conninfo("postgres"), autocommit=True) as connection:
        connection.execute(f'drop database "{name}" with (force)')
        connection.execute(f'create database "{name}"')
    return world


@pytest.fixture
def roles(empty):
    """Give the empty world with the two roles of sql/roles.sql, which are dropped after the test."""
    empty.query((SQL_FOLDER / "roles.sql").read_text())
    empty.query((SQL_FOLDER / "roles.sql").read_text())  # harmless again
    yield empty
    for role in ("chicago_analyst", "chicago_loader"):
        empty.query(f"drop owned by {role} cascade")
        empty.query(f"drop role {role}")


def as_role(world, role, statement):
    with psycopg.connect(f"{world.conninfo} user={role}", autocommit=True) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


def refuses(world, role, *statements):
    for statement in statements:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            as_role(world, role, statement)


def test_two_roles_with_no_right_more_than_they_need_are_enough(roles, monkeypatch):
    """All of a run as the loader, all of a reader's day as the analyst; and again after the views were made anew."""
    world = roles
    world.store.insert(CRIMES, [crime("JH000001"), crime("JH000002", ward="99")], at=world.now())
    monkeypatch.setenv("DB_USERNAME", "chicago_loader")
    monkeypatch.setenv("ANALYST_ROLE", "chicago_analyst")
    monkeypatch.setenv("MAX_REJECT_SHARE", "0.5")
    ended = run_main_here(world)
    assert ended.code == 0, ended.said
    relations = [
        name
        for (name,) in world.query(
            "select relname from pg_class where relnamespace = 'chicago'::regnamespace and relkind in ('r', 'v', 'm')"
        )
    ]
    assert len(relations) > 25

    def analyst_reads_chicago():
        counts = [
            as_role(world, "chicago_analyst", f"select count(*) from chicago.{name}") for name in relations
        ]
        return len(counts) == len(relations)

    assert analyst_reads_chicago()
    # Of any client, also one of which we know nothing.
    assert as_role(world, "chicago_analyst", "show jit") == [("off",)]
    assert as_role(world, "chicago_analyst", "show statement_timeout") == [("5min",)]
    refuses(
        world,
        "chicago_analyst",
        "select * from pipeline.runs",
        "select * from pipeline.rejected_rows",
        "delete from chicago.crimes",
        "insert into chicago.beats values ('9999', 99, 9)",
        "create table chicago.mine (number integer)",
        "create table public.mine (number integer)",
        "create temporary table mine (number integer)",
        "create schema mine",
        "refresh materialized view chicago.crime_map_totals",
        "begin; lock table chicago.crimes in share mode",
    )
    refuses(
        world,
        "chicago_loader",
        "create schema mine",
        "create table public.mine (number integer)",
        "create database mine",
        "create role mine",
        "select * from pg_authid",
        "alter system set work_mem = '1MB'",
    )
    world.query("create schema mine authorization chicago_analyst")
    as_role(world, "chicago_analyst", "create view mine.report as select * from chicago.crimes_by_district")
    world.query("update pipeline.deployed_views set definition_sha256 = 'old'")
    world.store.insert(CRIMES, [crime("JH000003")], at=world.now())
    assert run_main_here(world).code == 0
    assert as_role(world, "chicago_analyst", "select count(*) from mine.report") == [(23,)]
    assert world.value("select viewowner from pg_views where schemaname = 'mine'") == "chicago_analyst"
    assert world.value("select count(*) from pipeline.deployed_views where definition_sha256 = 'old'") == 0
    assert analyst_reads_chicago()
    # The loader is not shown what others do; who they are has to do.
    monkeypatch.setitem(session.LOADER, "lock_timeout", "20ms")
    world.store.insert(CRIMES, [crime("JH000004")], at=world.now())
    with notebook(world, "lock table chicago.crimes in share mode"):
        (why,) = run_main_here(world).why
    assert ", held by postgres (a notebook, pid " in why
    assert ", at work)" in why


def test_a_view_of_somebody_whom_the_loader_may_not_stand_in_for_is_named(roles, monkeypatch):
    world = roles
    monkeypatch.setenv("DB_USERNAME", "chicago_loader")
    world.store.insert(CRIMES, [crime("JH000001")], at=world.now())
    assert run_main_here(world).code == 0
    world.query("create view public.report as select * from chicago.crimes_by_district")
    world.query("update pipeline.deployed_views set definition_sha256 = 'old'")
    ended = run_main_here(world)
    assert ended.code == 1
    (why,) = ended.why
    assert (
        "public.report (on chicago.crimes_by_district): it is postgres's, and the loader may not make it"
        in why
    )
    assert "(grant postgres to the loader's role)" in why
    assert world.value("select count(*) from public.report") == 23


def test_a_missing_right_is_named_and_nothing_half_done_remains(roles, monkeypatch):
    world = roles
    world.store.insert(CRIMES, [crime("JH000001")], at=world.now())
    monkeypatch.setenv("DB_USERNAME", "chicago_loader")
    # Nothing is set up yet: one schema of two is the loader's.
    world.query("alter schema chicago owner to postgres")
    ended = run_main_here(world)
    assert ended.code == 1
    (why,) = ended.why
    assert "permission denied" in why or "must be owner of schema chicago" in why
    assert "sql/roles.sql" in why
    assert world.query("select relname from pg_class where relnamespace = 'pipeline'::regnamespace") == []
    world.query("alter schema chicago owner to chicago_loader")
    assert run_main_here(world).code == 0
    # All is set up, and a table was taken away.
    world.query("revoke insert on chicago.crimes from chicago_loader")
    world.store.insert(CRIMES, [crime("JH000002")], at=world.now())
    ended = run_main_here(world)
    assert ended.code == 1
    (why,) = ended.why
    assert "the database said 42501: permission denied for table crimes" in why
    assert why.endswith("Give the role what sql/roles.sql gives a loader, and run again.")
    assert held(world) == 1
    # The loader cannot even look: no run is written, and the error is one line all the same.
    world.query("alter schema pipeline owner to postgres")
    ended = run_main_here(world)
    assert ended.code == 1
    assert ended.said.splitlines()[-1].startswith(
        "main.py: the database said: permission denied for schema pipeline"
    )
    assert "sql/roles.sql" in ended.said
    world.query("alter schema pipeline owner to chicago_loader")
    world.query("grant insert on chicago.crimes to chicago_loader")
    assert run_main_here(world).code == 0
    is_equal(world)


@pytest.fixture
def rotation(empty, database):
    """Give the runbook's statements of a rotation with names of the test's own, and the empty world for their roles.

    The loader is no superuser and owns its database, as the master user on RDS.
    """
    text = (
        (SQL_FOLDER.parent / "docs" / "runbook.md")
        .read_text()
        .split("### Rotating the token and the password")[1]
    )
    (statements, _) = text.split("```sql\n")[1].split("```", 1)
    for name, own in {
        "loader_b": "rotation_b",
        "loader": "rotation_a",
        "crime_owner": "rotation_owner",
        "chicago_crime": database,
    }.items():
        statements = re.sub(rf"\b{name}\b", own, statements)
    empty.query("create role rotation_a login createrole createdb")
    empty.query(f"alter database {database} owner to rotation_a")
    yield statements
    empty.query(f"alter database {database} owner to postgres")
    for role in ("rotation_b", "rotation_a", "rotation_owner"):
        if empty.query(f"select from pg_roles where rolname = '{role}'"):
            empty.query(f"drop owned by {role} cascade")
            empty.query(f"drop role {role}")


def test_two_roles_take_turns_as_the_runbook_says(empty, rotation, monkeypatch):
    """What each makes belongs to a third one, so that the other can load; the one out of use gets a new password."""
    world = empty
    monkeypatch.setenv("DB_USERNAME", "rotation_a")
    world.store.insert(CRIMES, [crime("JH000001")], at=world.now())
    assert run_main_here(world).code == 0
    as_role(world, "rotation_a", rotation)
    monkeypatch.setenv("DB_ROLE", "rotation_owner")
    # Views that a run makes anew are the third one's too.
    world.query("update pipeline.deployed_views set definition_sha256 = 'old'")
    for number, role in enumerate(("rotation_b", "rotation_a", "rotation_b"), start=2):
        monkeypatch.setenv("DB_USERNAME", role)
        world.store.insert(CRIMES, [crime(f"JH00000{number}")], at=world.now())
        ended = run_main_here(world)
        assert ended.code == 0, ended.said
        assert held(world) == number
    # A new table of a later version, and views made anew, are the third one's too.
    owners = (
        "select distinct relowner::regrole::text from pg_class where relkind in ('r', 'v', 'm')"
        " and relnamespace in ('chicago'::regnamespace, 'pipeline'::regnamespace)"
    )
    assert world.query(owners) == [("rotation_owner",)]
    as_role(world, "rotation_b", "create table chicago.later (n int)")
    assert world.query(owners) == [("rotation_owner",)]
    as_role(world, "rotation_a", "set role none; alter role rotation_b password 'not-to-be-shown'")
    as_role(world, "rotation_a", "set role none; alter role rotation_a password 'not-to-be-shown'")


# Two first runs.


def test_two_first_runs_that_make_the_database_at_once_find_one(world, monkeypatch):
    """Both have seen that there is none. Before: the second failed, and told its user to create what there was."""
    both, make = threading.Barrier(2), session.make_database

    def make_at_once(connection, name):
        both.wait(20)
        make(connection, name)

    monkeypatch.setattr(session, "make_database", make_at_once)
    name = f"at_once_{os.getpid()}"
    monkeypatch.setenv("DATABASE_NAME", name)
    settings = read_settings()
    try:
        with ThreadPoolExecutor(2) as pool:
            for opened in pool.map(open_warehouse, [settings, settings]):
                assert opened.url.database == name
                opened.dispose()
    finally:
        with psycopg.connect(f"{world.conninfo} dbname=postgres", autocommit=True) as connection:
            connection.execute(f'drop database "{name}" with (force)')


def test_of_two_first_runs_one_loads_and_the_other_is_skipped(empty):
    """Two processes and an empty database: nothing is done twice, and both end with 0."""
    rows = [crime(f"JH{day:06}", f"2023-12-{day}T10:00:00.000") for day in (11, 18, 25)]
    empty.store.insert(CRIMES, rows, at=empty.now())
    first, second = (empty.start_main() for _ in range(2))
    said = [process.communicate(timeout=180)[0] for process in (first, second)]
    assert (first.returncode, second.returncode) == (0, 0)
    assert sorted("skipped: another run is at work" in out for out in said) == [False, True]
    assert held(empty) == 3
    is_equal(empty)


# Versions.


def test_tables_of_an_older_version_are_brought_up_to_date_and_keep_their_rows(empty, tmp_path, monkeypatch):
    """The first version's tables, with a row that has aged out; a newer version is refused: test_lost_answers.py."""
    world = empty
    older = tmp_path / "sql"
    (older / "migrations").mkdir(parents=True)
    for name in ("0001.warehouse.sql", "0002.reference.sql"):
        shutil.copy(SQL_FOLDER / "migrations" / name, older / "migrations")
    world.store.insert(CRIMES, [crime("JH000001")], at=world.now())
    with monkeypatch.context() as patched:
        patched.setattr(migrations, "SQL_FOLDER", older)
        migrations.migrate(connections.warehouse())
    world.query(
        "insert into chicago.crimes (crime_id, case_number, date_of_occurrence, iucr, primary_description, arrest,"
        " domestic) values ('row-old', 'JG000001', '2022-12-02 10:00', '0820', 'THEFT', false, false)"
    )
    old = "select loaded_at from chicago.crimes where crime_id = 'row-old'"
    loaded_at = world.value(old)
    assert "problem    the warehouse's tables are of an older version" in run_main_here(world, "status").said
    assert run_main_here(world).code == 0
    assert world.value(old) == loaded_at
    is_equal(world)
