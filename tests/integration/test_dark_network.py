"""A network that goes dark: a host that vanishes says no goodbye. Every socket knows it, and the step is done again.

Two ways: the options of each socket that a run opens are read, which needs nothing; and the address of a server in a
network namespace is taken away, which needs root and `ip`, and is skipped with a word elsewhere.
"""

import shlex
import shutil
import socket
import stat
import subprocess
import threading
import time
from contextlib import contextmanager

import psycopg
import pytest
import urllib3.connection
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import Engine, event

from tasks import session, silence
from tasks.commands import psql
from tasks.run import connections, lifecycle
from tasks.settings import read_settings
from tasks.warehouse import engine as warehouse_engine
from tasks.warehouse.analyst import open_to_read
from tests.chaos import oracle
from tests.integration.main_here import run_main_here
from tests.integration.tls_front import TlsFront

SILENCE_SECONDS = 2
A_MINUTE = {
    "SO_KEEPALIVE": 1,
    "TCP_KEEPIDLE": 30,
    "TCP_KEEPINTVL": 10,
    "TCP_KEEPCNT": 3,
    "TCP_USER_TIMEOUT": 60_000,
}


def options_of(fileno):
    """Return what a socket was told, by name."""
    with socket.socket(fileno=socket.dup(fileno)) as opened:
        level = dict.fromkeys(A_MINUTE, socket.IPPROTO_TCP) | {"SO_KEEPALIVE": socket.SOL_SOCKET}
        return {name: opened.getsockopt(level[name], getattr(socket, name)) for name in A_MINUTE}


@contextmanager
def tcp(postgres, monkeypatch):
    """Have the settings name a server that is reached over TCP."""
    with TlsFront(None, postgres.socket_dir / ".s.PGSQL.5432") as front:
        monkeypatch.setenv("SERVER_NAME", "127.0.0.1")
        monkeypatch.setenv("PORT", str(front.port))
        connections.close()
        yield front
        connections.close()


@pytest.fixture
def seen(monkeypatch):
    """Collect the options of each socket that is opened to a database or to the portal."""
    found = {"database": [], "portal": []}
    connect = urllib3.connection.HTTPConnection.connect

    def look(connection):
        connect(connection)
        found["portal"].append(options_of(connection.sock.fileno()))
        assert connection.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY), "urllib3's own stays"

    def look_at_database(connection, _record):
        found["database"].append(options_of(connection.fileno()))

    monkeypatch.setattr(urllib3.connection.HTTPConnection, "connect", look)
    event.listen(Engine, "connect", look_at_database)
    yield found
    event.remove(Engine, "connect", look_at_database)


def test_every_socket_of_a_run_gives_up_a_silent_network_after_a_minute(
    three_weeks, seen, postgres, monkeypatch
):
    """The lock, each step, the migrations, and all that is asked of the portal."""
    with tcp(postgres, monkeypatch):
        ended = run_main_here(three_weeks)
    assert ended.code == 0, ended.said
    assert len(seen["database"]) >= 2, "the lock's connection is one of its own"
    assert seen["portal"]
    assert [found for found in seen["database"] + seen["portal"] if found != A_MINUTE] == []


def test_so_does_every_other_connection_to_the_warehouse(world, seen, postgres, monkeypatch):
    """Commands that read, the dashboard, and the one that makes the database."""
    with tcp(postgres, monkeypatch):
        for opened in (connections.warehouse_as_it_is(), open_to_read(read_settings())):
            opened.connect().close()
            opened.dispose()
        name = world.environment["DATABASE_NAME"] + "_made"
        monkeypatch.setenv("DATABASE_NAME", name)
        connections.close()
        try:
            connections.warehouse()
        finally:
            connections.close()
            with psycopg.connect(postgres.conninfo("postgres"), autocommit=True) as connection:
                connection.execute(f'drop database if exists "{name}" with (force)')
    assert len(seen["database"]) >= 4
    assert [found for found in seen["database"] if found != A_MINUTE] == []


def test_psql_gives_up_too(world, postgres, monkeypatch, tmp_path):
    """The real one connects with what it is given; libpq takes these from no variable."""
    real = shutil.which(shlex.split(postgres.psql_command("postgres"))[0])
    said, fake = tmp_path / "said", tmp_path / "psql"
    fake.write_text(
        f'#!/bin/sh\nfor word; do echo "$word"; done > {said}\n'
        f'{real} "$@" -Atc "select current_database()" >> {said} 2>&1\n'
    )
    fake.chmod(fake.stat().st_mode | stat.S_IEXEC)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    ran = []
    monkeypatch.setattr(psql.os, "execvpe", lambda *given: ran.append(given))
    with tcp(postgres, monkeypatch):
        psql.open_analysts_shell(read_settings())
        ((_, arguments, environment),) = ran

        subprocess.run([str(fake), *arguments[1:]], check=True, env=environment)
    *words, answer = said.read_text().splitlines()
    asked = conninfo_to_dict(words[-1])
    assert {name: asked[name] for name in silence.LIBPQ} == {
        name: str(value) for name, value in silence.LIBPQ.items()
    }
    assert answer == world.environment["DATABASE_NAME"]


def test_the_server_is_told_to_give_up_as_well(engine):
    """Else the session of a host that vanished keeps its locks, until a quarter of an hour of resending is over."""
    assert session.LOADER["tcp_user_timeout"] == "60s"
    assert session.LOADER["tcp_keepalives_idle"] == "60"


# The host vanishes.


@pytest.fixture
def short_silence(monkeypatch):
    """Give up after two seconds instead of a minute."""
    short = {"keepalives_idle": 1, "keepalives_interval": 1, "tcp_user_timeout": SILENCE_SECONDS * 1000}
    for name, value in short.items():
        monkeypatch.setitem(silence.LIBPQ, name, value)
    monkeypatch.setattr(warehouse_engine, "_CONNECT_TIMEOUT_SECONDS", SILENCE_SECONDS)
    for again in (lifecycle._open, lifecycle._write_end):
        monkeypatch.setattr(again.retry, "wait", lambda _state: 0.02)


@pytest.fixture
def vanishing(three_weeks, dark_front, short_silence, monkeypatch):
    """Three weeks, and a server whose host can vanish: the front, in its network."""
    monkeypatch.setenv("SERVER_NAME", dark_front.host)
    monkeypatch.setenv("PORT", str(dark_front.port))
    return three_weeks, dark_front


def is_equal_and_counted_once(world):
    world.assert_holds_source()
    oracle.assert_ledger_is_closed(world.query)
    assert world.counts()["inserted"] == 9


def dark_for(front, seconds):
    """Let the host vanish, and come back after some seconds."""
    front.darken()
    threading.Timer(seconds, front.light).start()


def test_a_host_that_vanishes_in_mid_run_is_lost_after_its_silence_and_the_step_done_again(vanishing):
    world, front = vanishing
    met = []

    def vanish(seen):
        if not met and ":*" in seen.params.get("$select", ""):
            met.append(seen)
            dark_for(front, SILENCE_SECONDS + 3)

    world.portal.before_answer = vanish
    began = time.monotonic()
    ended = run_main_here(world)
    assert ended.code == 0, ended.said
    assert met
    assert time.monotonic() - began < 60
    is_equal_and_counted_once(world)


def test_a_host_that_vanishes_during_a_commit_is_asked_for_it_before_the_window_is_done_again(vanishing):
    """The commit is there, its answer is not: done twice, the window would count as nothing new."""
    world, front = vanishing
    world.query("create sequence public.met")
    world.query(
        "create function public.linger() returns trigger language plpgsql as $$ begin"
        " if nextval('public.met') = 1 then perform pg_sleep(1.5); end if; return null; end $$"
    )
    world.query(
        "create constraint trigger linger after insert on chicago.crimes deferrable initially deferred"
        " for each row execute function public.linger()"
    )
    committing = "select count(*) from pg_stat_activity where query ilike 'commit%' and state = 'active'"
    committed = []

    def watch():
        while world.value(f"{committing} and datname = current_database()") == 0:
            time.sleep(0.02)
        dark_for(front, SILENCE_SECONDS + 3)
        time.sleep(2)
        committed.append(world.value("select count(*) from pipeline.windows where status = 'done'"))

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    ended = run_main_here(world)
    watcher.join(10)
    assert ended.code == 0, ended.said
    assert committed == [1], "it went dark during the commit, and the server did it"
    is_equal_and_counted_once(world)
