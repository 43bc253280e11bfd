"""A session inherits nothing: what environment, role and database say of it loses, on every connection that is made.

Texts are read back by a second client with an encoding of its own. Poolers are tested with a real PgBouncer,
and skipped where it is not installed (`apt-get install pgbouncer`); with REQUIRE_POOLER they fail.
"""

import ast
import json
import os
import shutil
import socket
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import URL, text

from demo.shapes import ONE_YEAR
from tasks import session
from tasks.commands import psql
from tasks.errors import ConfigError
from tasks.local.account import postgres_account
from tasks.settings import Settings, read_settings
from tasks.warehouse.analyst import as_analyst, open_to_read
from tasks.warehouse.engine import DRIVER, connect_plainly, open_warehouse, with_session
from tests.integration.conftest import PROJECT, crime
from tests.integration.main_here import run_main_here
from tests.integration.own_server import answers, own_server
from tests.required import skip_or_fail

CRIMES = ONE_YEAR.id
CAFE = "CAFÉ – Ł 東"  # noqa: RUF001 - a dash as a person types it
HOSTILE = {
    "client_encoding": "LATIN1",
    "datestyle": "German, DMY",
    "intervalstyle": "sql_standard",
    "extra_float_digits": "-15",
    "timezone": "Asia/Tokyo",
    "search_path": "public",
    "standard_conforming_strings": "off",
    "array_nulls": "off",
    "transform_null_equals": "on",
    "quote_all_identifiers": "on",
    "default_transaction_isolation": "serializable",
    "default_transaction_read_only": "on",
    "default_transaction_deferrable": "on",
    "row_security": "on",
    "jit": "on",
    "statement_timeout": "900ms",
    "lock_timeout": "1ms",
    "idle_in_transaction_session_timeout": "950ms",
    "idle_session_timeout": "950ms",
    "transaction_timeout": "950ms",
}


@contextmanager
def told_by_the_database(world, _monkeypatch):
    set_all(world, f'database "{world.environment["DATABASE_NAME"]}"')
    yield


@contextmanager
def told_by_the_role(world, monkeypatch):
    """The role is also told to act as another, who may do nothing."""
    role, other = f"told_{os.getpid()}", f"nobody_{os.getpid()}"
    world.query(f"create role {role} superuser login")
    world.query(f"create role {other}")
    set_all(world, f"role {role}")
    world.query(f"alter role {role} set role = {other}")
    monkeypatch.setenv("DB_USERNAME", role)
    try:
        yield
    finally:
        world.query(f"reassign owned by {role} to {world.environment['DB_USERNAME']}")
        world.query(f"drop role {role}; drop role {other}")


@contextmanager
def told_by_the_environment(_world, monkeypatch):
    monkeypatch.setenv(
        "PGOPTIONS",
        " ".join(f"-c {name}={value.replace(' ', chr(92) + ' ')}" for name, value in HOSTILE.items()),
    )
    for name, value in {
        "PGCLIENTENCODING": "LATIN1",
        "PGDATESTYLE": "German, DMY",
        "PGTZ": "Asia/Tokyo",
        "PGHOSTADDR": "127.0.0.9",
        "PGAPPNAME": "somebody else",
    }.items():
        monkeypatch.setenv(name, value)
    yield


def set_all(world, whose):
    """Set all on one connection: the next one has it."""
    with psycopg.connect(world.conninfo, autocommit=True) as connection:
        for name, value in HOSTILE.items():
            said = value if name == "search_path" else f"'{value}'"
            connection.execute(f"alter {whose} set {name} = {said}")


@contextmanager
def second_client(world):
    """A client of somebody else, who says each thing that it depends on itself."""
    with psycopg.connect(
        f"{world.conninfo} user={world.environment['DB_USERNAME']}",
        client_encoding="UTF8",
        application_name="somebody",
        options="-c default_transaction_read_only=off -c statement_timeout=0 -c idle_session_timeout=0",
        hostaddr="",
        autocommit=True,
    ) as connection:
        connection.execute("set datestyle = 'ISO'; set extra_float_digits = 1")
        yield connection


def settings_now(connection):
    names = "select name, current_setting(name) from unnest(%s::text[]) as name"
    return dict(connection.execute(names, [[*HOSTILE, "role"]]).fetchall())


@pytest.fixture
def looked(monkeypatch):
    """Give what each connection of ours is set to, looked up when it is closed."""
    found = []
    close = psycopg.Connection.close

    def look_and_close(connection):
        if connection.info.status == psycopg.pq.ConnStatus.OK:
            connection.rollback()
            if connection.info.parameter_status("application_name") != "somebody":
                found.append(settings_now(connection))
        close(connection)

    monkeypatch.setattr(psycopg.Connection, "close", look_and_close)
    return found


def expected(settings):
    return {name: settings[name] for name in [*HOSTILE, "role"]}


def unlike(looked, settings):
    """Return the settings that are not as they should be, of each connection."""
    return [wrong for found in looked if (wrong := found.items() - expected(settings).items())]


@pytest.mark.parametrize("told", [told_by_the_database, told_by_the_role, told_by_the_environment])
def test_what_environment_role_and_database_say_loses_on_every_connection(
    world, postgres, tmp_path, monkeypatch, looked, told
):
    """Run, plan, status, export, the lock, the analyst's role, the dashboard's reader; and the text is right."""
    rows = [
        crime("JH000001", block=CAFE),
        crime("JH000002", "2024-02-01T10:00:00.000", latitude="41.8834951234567"),
    ]
    world.store.insert(CRIMES, rows, at=world.now())
    monkeypatch.setenv("FRESHNESS_DAYS", "99999")
    with told(world, monkeypatch):
        looked.clear()
        for command in ([], ["plan"], ["status"], ["export", "--to", str(tmp_path)]):
            ended = run_main_here(world, *command)
            assert ended.code == 0, ended.said
            assert looked
        assert unlike(looked, session.LOADER) == []
        with second_client(world) as other:
            found = other.execute(
                "select block, convert_to(block, 'UTF8'), latitude, date_of_occurrence::text from chicago.crimes"
                " order by case_number"
            )
            assert found.fetchall() == [
                (CAFE, CAFE.encode(), 41.883495, "2024-01-02 10:00:00"),
                ("001XX N STATE ST", b"001XX N STATE ST", 41.8834951234567, "2024-02-01 10:00:00"),
            ]
        assert CAFE in (tmp_path / "crimes.csv").read_text("utf-8")
        looked.clear()
        settings = as_analyst(
            Settings(_env_file=None, server_name=None, database_name=world.environment["DATABASE_NAME"]),
            postgres,
        )
        assert len(looked) >= 2
        assert unlike(looked, session.LOADER) == []
        looked.clear()
        reader = open_to_read(settings)
        with reader.connect() as connection:
            assert connection.execute(text("select max(block) from chicago.crimes")).scalar() == CAFE
        reader.dispose()
        assert looked
        assert unlike(looked, session.READER) == []
        assert psql_says(world, monkeypatch, "--as-loader") == expected(session.PERSON)
        assert psql_says(world, monkeypatch) == expected(session.PERSON | session.ONLY_READS)


def psql_says(world, monkeypatch, *arguments):
    """Return the settings of a session of `make psql`."""
    started = []

    def start(program, given, environment):
        names = "unnest(string_to_array(:'names', ' ')) as name"
        query = f"select json_object_agg(name, current_setting(name)) from {names}"
        done = subprocess.run(
            [
                shutil.which(program) or program,
                *given[1:],
                "-XtA",
                "-v",
                f"names={' '.join([*HOSTILE, 'role'])}",
            ],
            input=query,
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        started.append(json.loads(done.stdout))

    monkeypatch.setattr(psql.os, "execvpe", start)
    psql.main(arguments)
    return started[0]


def test_no_connection_is_made_but_by_a_session_of_ours():
    """Who connects to PostgreSQL, in all that is shipped: tasks/session.py, and engines that are told of it."""
    found = set()
    for folder in ("tasks", "flows", "dashboard", "deploy"):
        for path in (PROJECT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Call) and ast.unparse(node.func) in CONNECTS:
                    told = [
                        ast.unparse(keyword.value) for keyword in node.keywords if keyword.arg == "creator"
                    ]
                    found.add((str(path.relative_to(PROJECT)), ast.unparse(node.func), *told))
    assert found == {
        ("tasks/session.py", "psycopg.connect"),
        # Both become engines of `with_session`: the warehouse's, and the one that makes its database.
        ("tasks/warehouse/engine.py", "create_engine"),
        (
            "tasks/warehouse/analyst.py",
            "create_engine",
            "lambda: session.connect(postgres.conninfo(database))",
        ),
        ("tasks/commands/dictionary.py", "create_engine", "lambda: session.connect(postgres.conninfo(name))"),
    }


CONNECTS = {"psycopg.connect", "psycopg.Connection.connect", "create_engine", "sqlalchemy.create_engine"}


# Encodings.


@contextmanager
def database_of(postgres, encoding):
    name = f"of_{encoding.lower()}_{os.getpid()}"
    with psycopg.connect(postgres.conninfo("postgres"), autocommit=True) as connection:
        connection.execute(f"create database {name} template template0 encoding '{encoding}' locale 'C'")
        try:
            yield name
        finally:
            connection.execute(f"drop database {name} with (force)")


@pytest.mark.parametrize("encoding", ["LATIN1", "WIN1252", "SQL_ASCII"])
@pytest.mark.parametrize("command", [[], ["status"]])
def test_a_database_of_another_encoding_is_refused_with_what_to_do(
    world, postgres, monkeypatch, encoding, command
):
    with database_of(postgres, encoding) as name:
        monkeypatch.setenv("DATABASE_NAME", name)
        ended = run_main_here(world, *command)
    assert ended.code == 2
    (why,) = ended.why
    assert f"database '{name}' stores text as {encoding}" in why
    assert f"create database {name}_utf8 template template0 encoding 'UTF8'" in why
    assert "Traceback" not in ended.said


@pytest.fixture(scope="module")
def ascii_server():
    """Give the settings of a server as initdb makes one without a locale: SQL_ASCII, and so are its templates."""
    with own_server() as server:
        yield server.settings


def test_what_we_make_is_utf8_whatever_the_servers_template_is(world, ascii_server, monkeypatch):
    """An SQL_ASCII server: its own database is refused, and one that a run makes holds every text."""
    for name, value in ascii_server.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("DATABASE_NAME", "postgres")
    ended = run_main_here(world)
    assert (ended.code, "stores text as SQL_ASCII" in ended.why[0]) == (2, True)
    monkeypatch.setenv("DATABASE_NAME", "made_by_us")
    world.store.insert(CRIMES, [crime("JH000001", block=CAFE)], at=world.now())
    ended = run_main_here(world)
    assert ended.code == 0, ended.said
    told = f"host={ascii_server['SERVER_NAME']} user=postgres dbname=made_by_us"
    with psycopg.connect(told, client_encoding="UTF8") as other:
        found = other.execute(
            "select block, current_setting('server_encoding'), upper('é') from chicago.crimes"
        )
        assert found.fetchall() == [(CAFE, "UTF8", "É")]


def test_a_role_that_the_login_is_told_to_act_as_is_named_and_one_it_may_not_be_is_refused(
    world, monkeypatch, caplog
):
    role, other = f"login_{os.getpid()}", f"owner_{os.getpid()}"
    world.query(f"create role {role} login; create role {other}; grant {other} to {role}")
    world.query(f"alter role {role} set role = {other}")
    monkeypatch.setenv("DB_USERNAME", role)
    try:
        for told, acts_as in ((None, role), (other, other)):
            if told:
                monkeypatch.setenv("DB_ROLE", told)
            caplog.clear()
            engine = open_warehouse(read_settings())
            with engine.connect() as connection:
                assert connection.execute(text("select current_user")).scalar() == acts_as
            engine.dispose()
            assert (f"set DB_ROLE={other}" in caplog.text) == (told is None)
        monkeypatch.setenv("DB_ROLE", world.environment["DB_USERNAME"])
        with pytest.raises(
            ConfigError, match=f"DB_ROLE is postgres; it has to be a role that {role} is a member of"
        ):
            open_warehouse(read_settings())
    finally:
        world.query(f"drop role {role}; drop role {other}")


def test_triggers_fire_or_the_login_is_refused(world, monkeypatch):
    """Counts follow what they write down; only a superuser may turn them on again."""
    role, database = f"untriggered_{os.getpid()}", world.environment["DATABASE_NAME"]
    world.query(f"create role {role} login")
    world.query(f"alter database \"{database}\" set session_replication_role = 'replica'")
    try:
        engine = open_warehouse(read_settings())
        with engine.connect() as connection:
            assert connection.execute(text("show session_replication_role")).scalar() == "origin"
        engine.dispose()
        monkeypatch.setenv("DB_USERNAME", role)
        ended = run_main_here(world)
        assert ended.code == 2
        assert "run without triggers, by which counts follow the crimes" in ended.why[0]
    finally:
        world.query(f"drop role {role}")


# Poolers.


@contextmanager
def pooler(folder, mode, **further):
    """Give the port of a PgBouncer in front of a server that trusts everyone, or skip; fail where it is required."""
    program = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
    if program is None:
        skip_or_fail("REQUIRE_POOLER", "pgbouncer is not installed: apt-get install pgbouncer")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {"listen_addr": "127.0.0.1", "listen_port": port, "unix_socket_dir": "", "auth_type": "any"}
    lines = [f"{name} = {value}" for name, value in (settings | {"pool_mode": mode} | further).items()]
    where = f"* = host={folder} user=postgres"
    file = Path(folder) / f"{port}.ini"
    file.write_text("\n".join(["[databases]", where, "[pgbouncer]", *lines, ""]))
    # It does not run as root.
    process = subprocess.Popen(
        [program, "-q", file], stderr=subprocess.DEVNULL, **postgres_account().run_as()
    )
    try:
        answers(lambda: socket.create_connection(("127.0.0.1", port), timeout=1).close())
        yield str(port)
    finally:
        process.terminate()
        process.wait()


@pytest.fixture
def loaded(world, ascii_server, monkeypatch):
    """Give the world with a warehouse on the server that trusts everyone, loaded without a pooler."""
    for name, value in (ascii_server | {"DATABASE_NAME": f"pooled_{time.monotonic_ns()}"}).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("FRESHNESS_DAYS", "99999")
    world.store.insert(CRIMES, [crime("JH000001", block=CAFE)], at=world.now())
    assert run_main_here(world).code == 0
    world.store.insert(CRIMES, [crime("JH000002", block=CAFE)], at=world.now())
    monkeypatch.setenv("SERVER_NAME", "127.0.0.1")
    return world


def blocks(ascii_server):
    told = f"host={ascii_server['SERVER_NAME']} user=postgres dbname={os.environ['DATABASE_NAME']}"
    with psycopg.connect(told, client_encoding="UTF8") as other:
        return [block for (block,) in other.execute("select block from chicago.crimes")]


def test_through_a_pooler_that_keeps_sessions_all_works(loaded, ascii_server, monkeypatch, tmp_path, looked):
    with pooler(ascii_server["SERVER_NAME"], "session") as port:
        monkeypatch.setenv("PORT", port)
        for command in ([], ["status"], ["plan"], ["export", "--to", str(tmp_path)]):
            ended = run_main_here(loaded, *command)
            assert ended.code == 0, ended.said
    assert looked
    assert unlike(looked, session.LOADER) == []
    assert blocks(ascii_server) == [CAFE, CAFE]


def test_a_pooler_that_lends_sessions_is_refused_by_name(loaded, ascii_server, monkeypatch):
    """Whichever session it lends first, and whatever it ignores: nothing is written."""
    ours = "a pooler that lends one session to several clients"
    for mode, further, code, said in (
        ("transaction", {}, 2, ours),
        ("transaction", {"server_round_robin": 1}, 2, ours),
        ("transaction", {"ignore_startup_parameters": "options,extra_float_digits"}, 2, ours),
        ("statement", {}, 1, "statement pooling mode"),
    ):
        with pooler(ascii_server["SERVER_NAME"], mode, **further) as port:
            monkeypatch.setenv("PORT", port)
            for command in ([], ["status"], ["plan"]):
                ended = run_main_here(loaded, *command)
                assert (ended.code, said in ended.said, "Traceback" in ended.said) == (code, True, False), (
                    ended.said
                )
    assert blocks(ascii_server) == [CAFE]


def test_a_session_that_is_lent_later_is_refused_before_it_writes(ascii_server):
    """Each transaction asks whether it is in the session that was set up: the pool had one to itself until then."""
    with pooler(ascii_server["SERVER_NAME"], "transaction") as port:
        url = URL.create(DRIVER, "postgres", host="127.0.0.1", port=int(port), database="postgres")
        engine = with_session(connect_plainly(url), session.LOADER)
        with engine.connect() as ours:
            assert ours.execute(text("select 1")).scalar() == 1
            ours.rollback()
            with psycopg.connect(f"host=127.0.0.1 port={port} user=postgres dbname=postgres") as other:
                other.execute("select 1")
                with pytest.raises(ConfigError, match="pool_mode=transaction"):
                    ours.execute(text("select 1"))
        engine.dispose()
