"""A server that is restarted under a run, as a person or a package manager does it: immediate, fast, smart.

What is lost at one place: test_database_misbehaves.py, by a trigger.
"""

import sys
import threading

import pytest
from prefect import Task

from bench import without_prefect
from demo.shapes import ONE_YEAR
from tasks.run import lifecycle
from tasks.warehouse import views
from tests.chaos import child
from tests.integration.conftest import crime
from tests.integration.main_here import run_main_here
from tests.integration.own_server import own_server

CRIMES = ONE_YEAR.id
PLAN, LOAD, CENSUS = "max(:updated_at)", "select=:*", "select=:id"


@pytest.fixture(scope="module")
def server():
    """A server of which a commit is on disk some time later, unless it is waited for."""
    with own_server(synchronous_commit="off", wal_writer_delay="10s") as started:
        yield started


@pytest.fixture
def there(world, server, monkeypatch, request):
    """Give the world with a database of its own on that server, and a source of three weeks."""
    name = f"of_{abs(hash(request.node.name))}"
    world.settings_there = server.settings | {"DATABASE_NAME": name, "MAX_CONCURRENCY": "1"}
    for setting, value in world.settings_there.items():
        monkeypatch.setenv(setting, value)
    for again in (lifecycle._open, lifecycle._write_end):
        monkeypatch.setattr(again.retry, "wait", lambda _state: 0.2)
    monkeypatch.setattr(without_prefect, "_WAIT_SECONDS", 0.2)
    rows = [crime(f"JH{day:06}", f"2023-12-{day}T10:00:00.000") for day in (11, 18, 25)]
    world.store.insert(CRIMES, rows, at=world.now())
    world.there = lambda statement: server.query(statement, name)
    return world


def restart(server, how):
    server.stop(how)
    server.start(synchronous_commit="off", wal_writer_delay="10s")


def is_whole(world):
    """All is held once and counted, and each run of the ledger has ended."""
    ((crimes, counted),) = world.there(
        "select (select count(*) from chicago.crimes), (select sum(crimes)::int from chicago.daily_crimes)"
    )
    return (crimes, counted) == (3, 3) and world.there("select distinct status from pipeline.runs") == [
        ("done",)
    ]


def test_a_server_that_is_restarted_at_each_step_is_waited_for(there, server, monkeypatch):
    """Five times in one run, twice in the load; the ways that end sessions: immediate (a crash), and fast."""
    met, ways = [], iter(["fast", "immediate", "fast", "immediate", "fast"])

    def at_a_request(seen):
        for place, times in ((PLAN, 1), (LOAD, 2), (CENSUS, 1)):
            if place in seen.target and met.count(place) < times:
                met.append(place)
                restart(server, next(ways))
                return

    follow = views.follow_crimes

    def at_the_views(connection):
        if "views" not in met:
            met.append("views")
            restart(server, next(ways))
        return follow(connection)

    there.portal.before_answer = at_a_request
    monkeypatch.setattr(views, "follow_crimes", at_the_views)
    ended = run_main_here(there)
    assert ended.code == 0, ended.said
    assert met == [PLAN, LOAD, LOAD, CENSUS, "views"]
    assert is_whole(there)


def wait_less():
    """Have the run's process try as often as ever, and wait a moment before each try."""
    for again in (lifecycle._open, lifecycle._write_end):
        again.retry.wait = lambda _state: 0.2
    for name, module in list(sys.modules.items()):
        if name.startswith("tasks."):
            for task in (value for value in vars(module).values() if isinstance(value, Task)):
                task.retry_delay_seconds = 0.2


def test_a_server_that_stops_smartly_waits_for_the_run_which_gets_no_new_session(there, server, tmp_path):
    """The run has its lock until it ends, and the server waits for that: the run ends first, and the next goes on.

    As a process of its own, whose end ends its sessions: the server waits for the last of them.
    """
    said = tmp_path / "said"
    stopped = threading.Thread(target=lambda: restart(server, "smart"), daemon=True)

    def stop_once(seen):
        if LOAD in seen.target and not stopped.ident:
            stopped.start()

    there.portal.before_answer = stop_once
    environment = there.environment | there.settings_there
    code = child.run([], environment, with_prefect=True, output=said, prepare=wait_less)
    stopped.join(60)
    assert not stopped.is_alive(), "a session of the run is left, and the server waits for it"
    assert code in {0, 1}
    assert "Traceback" not in said.read_text()
    assert run_main_here(there).code == 0
    assert there.there("select count(*) from chicago.crimes") == [(3,)]


def test_what_a_run_has_called_done_outlives_a_crash_of_the_server(there, server):
    """Also where the owner has turned synchronous_commit off: the last commit of a run is waited for."""
    assert run_main_here(there).code == 0
    restart(server, "immediate")
    assert is_whole(there)
