"""A server with few connections: a run makes do with fewer windows at a time, or names the number that it needs."""

import psycopg
import pytest

from demo.shapes import ONE_YEAR
from tasks.errors import LoadError
from tasks.run import lifecycle
from tasks.settings import read_settings
from tasks.warehouse import engine as engines
from tasks.warehouse.analyst import open_to_read
from tests.integration.conftest import crime
from tests.integration.main_here import run_main_here
from tests.integration.own_server import own_server

WEEKS = [crime(f"JH{day:06}", f"2023-12-{day:02}T10:00:00.000") for day in (1, 8, 15, 22, 29)]


@pytest.fixture(scope="module")
def five():
    """A server with five connections, and a role that may have three of them."""
    with own_server(max_connections=5, superuser_reserved_connections=0) as server:
        server.query("create role loader login createdb connection limit 3", "postgres")
        yield server


@pytest.fixture
def few(world, five, monkeypatch):
    for again in (lifecycle._open, lifecycle._write_end, lifecycle._slots_within, engines._check_patiently):
        monkeypatch.setattr(again.retry, "wait", lambda _state: 0.02)
    for name, value in five.settings.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("FRESHNESS_DAYS", "99999")
    world.store.insert(ONE_YEAR.id, WEEKS, at=world.now())
    return world


@pytest.mark.parametrize(("login", "windows"), [("postgres", 2), ("loader", 1)])
def test_a_run_works_on_fewer_windows_at_a_time_where_connections_are_few(
    few, five, monkeypatch, login, windows
):
    """Five of the server, or three of the role. Before: it starved itself, and said nothing of connections."""
    monkeypatch.setenv("DB_USERNAME", login)
    monkeypatch.setenv("DATABASE_NAME", f"of_{login}")
    ended = run_main_here(few)
    assert ended.code == 0, ended.said
    assert f"windows in flight are {windows} and not 4 (MAX_CONCURRENCY)" in ended.said
    assert five.query("select count(*) from chicago.crimes", f"of_{login}") == [(5,)]
    for command in ("plan", "status"):
        assert run_main_here(few, command).code == 0


def test_flow_runs_that_there_are_no_connections_for_are_not_started(few, monkeypatch):
    """Each has connections of its own: five are too few for two flow runs, and said before a window is begun."""
    monkeypatch.setenv("DATABASE_NAME", "of_shares")
    ended = run_main_here(few, "--fan-out", "1", "--max-concurrency", "2")
    assert ended.code == 1
    (why,) = ended.why
    assert "and 1 further flow runs need 3 each, beside what the run takes. Nothing was started." in why
    assert run_main_here(few).code == 0


def test_where_no_connection_is_left_the_number_that_a_run_needs_is_named(few, five, monkeypatch):
    monkeypatch.setenv("DATABASE_NAME", "postgres")
    sessions = [psycopg.connect(five.conninfo("postgres")) for _ in range(5)]
    try:
        for command in ([], ["status"]):
            ended = run_main_here(few, *command)
            assert ended.code == 1
            (why,) = ended.why
            assert "sorry, too many clients already" in why
            assert (
                "A run takes 3 connections and one for each window in flight (MAX_CONCURRENCY; up to" in why
            )
        # A superuser's last ones are no help to others.
        reader = read_settings().model_copy(update={"db_username": "loader"})
        with pytest.raises(LoadError, match="A run takes 3 connections"):
            open_to_read(reader)
    finally:
        for session in sessions:
            session.close()


def test_a_connection_that_comes_free_is_waited_for(few, five, monkeypatch):
    monkeypatch.setenv("DATABASE_NAME", "freed")
    sessions = [psycopg.connect(five.conninfo("postgres")) for _ in range(5)]

    def free_all(_state):
        while sessions:
            sessions.pop().close()
        return 0.1

    monkeypatch.setattr(engines._check_patiently.retry, "wait", free_all)
    ended = run_main_here(few)
    assert ended.code == 0, ended.said
    assert sessions == []
