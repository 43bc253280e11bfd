"""A signal to stop ends a run within its seconds, whatever hangs, and is never lost; the next run goes on."""

import os
import signal
import threading
import time
from contextlib import contextmanager

import pytest

from demo.shapes import ONE_YEAR
from tasks.run import lifecycle, stop
from tasks.warehouse import ledger
from tests.chaos import child
from tests.integration.conftest import crime

CRIMES = ONE_YEAR.id
STOP_SECONDS = 4.0


def hurry():
    """Have the run's process wait for four seconds instead of twenty."""
    stop.STOP_SECONDS, stop._NOTICED_SECONDS = STOP_SECONDS, 1.0


def hurry_and_lose_the_signal():
    """Also drop the signal's exception, as asyncio does with one that is raised in a callback.

    Prefect sets its handler anew for each subflow, so that any handler has to be one that raises nothing.
    """
    hurry()
    set_handler = signal.signal

    def set_deaf_handler(number, handler):
        is_lost = number == signal.SIGTERM and callable(handler)
        return set_handler(number, (lambda *_: None) if is_lost else handler)

    signal.signal = set_deaf_handler


@pytest.fixture
def held(world, tmp_path):
    """A run whose portal does not answer for the rows of its second week; its process is started by `start`."""
    world.store.insert(
        CRIMES, [crime("JH000001"), crime("JH000002", "2024-01-10T10:00:00.000")], at=world.now()
    )
    world.output, world.reached, release = tmp_path / "said", threading.Event(), threading.Event()

    def hold(seen):
        if ">= '2024-01-09T" in seen.params.get("$where", "") and ":*" in seen.params.get("$select", ""):
            world.reached.set()
            release.wait(180)

    world.portal.before_answer = hold
    yield world
    world.portal.before_answer = None
    release.set()


def open_slowly():
    """Have the run's process take a second to open the run, once it has written it."""
    insert = ledger.insert_run

    def insert_slowly(connection, *asked, **told):
        run_id = insert(connection, *asked, **told)
        time.sleep(1)
        return run_id

    ledger.insert_run = insert_slowly


def test_a_signal_that_comes_while_the_run_is_opened_closes_it_too(world, tmp_path):
    """The thread that opens it cannot be ended; nobody would have closed what it wrote then."""
    world.store.insert(CRIMES, [crime("JH000001")], at=world.now())
    process = child.start(
        [], world.environment, with_prefect=True, output=tmp_path / "said", prepare=open_slowly
    )
    is_opening = (
        "select 1 from pg_stat_activity where datname = current_database() and state = 'idle in transaction'"
        " and query like '%insert into pipeline.runs%'"
    )
    while not world.query(is_opening):
        assert process.is_alive(), (tmp_path / "said").read_text()
        time.sleep(0.02)
    process.terminate()
    process.join(180)
    assert process.exitcode == 1
    assert world.query("select status from pipeline.runs") == [("stopped",)]


def stop_itself():
    """Send the signal from the flow's own body: its exception goes through Prefect's handler for certain."""
    watched = lifecycle.stopped_by_signals

    @contextmanager
    def stopped_at_once():
        with watched():
            os.kill(os.getpid(), signal.SIGTERM)
            yield

    lifecycle.stopped_by_signals = stopped_at_once


def test_a_signal_that_prefect_hands_on_ends_the_run_with_a_word_too(world, tmp_path):
    """Prefect restores the handler before its own and sends the signal again: by default the process is gone then."""
    world.store.insert(CRIMES, [crime("JH000001")], at=world.now())
    said = tmp_path / "said"
    process = child.start([], world.environment, with_prefect=True, output=said, prepare=stop_itself)
    process.join(180)
    assert process.exitcode == 1, said.read_text()
    assert "main.py: stopped; what is committed stays" in said.read_text()
    assert world.query("select status from pipeline.runs where status <> 'stopped'") == []


def stopped(world, prepare):
    """Start a run, stop it where it hangs, and return how it ended and after how many seconds."""
    environment = world.environment | {"PORTAL_TIMEOUT_SECONDS": "55", "MAX_CONCURRENCY": "2"}
    process = child.start([], environment, with_prefect=True, output=world.output, prepare=prepare)
    assert world.reached.wait(180)
    while world.value("select count(*) from pipeline.windows where status = 'done'") == 0:
        time.sleep(0.05)
    began = time.monotonic()
    process.terminate()
    process.join(180)
    return process.exitcode, time.monotonic() - began


def test_a_run_that_hangs_in_a_request_is_ended_by_a_signal_and_says_where(held):
    """No exception reaches a thread that waits for a host; the interpreter would wait for it as long."""
    code, seconds = stopped(held, hurry)
    said = held.output.read_text()
    assert code == 1, said
    assert seconds < STOP_SECONDS + 3
    assert "main.py: stopped by force; what is committed stays, and the next run goes on from there." in said
    assert "_send (tasks/source/portal.py:" in said
    assert held.query("select status from pipeline.runs") == [("stopped",)]
    goes_on(held)


def test_a_signal_that_asyncio_drops_is_not_lost(held):
    code, seconds = stopped(held, hurry_and_lose_the_signal)
    assert code == 1, held.output.read_text()
    assert seconds < STOP_SECONDS + 3
    assert held.query("select status from pipeline.runs") == [("stopped",)]
    goes_on(held)


def test_a_database_that_does_not_answer_keeps_no_stopped_run(world, dark_front, tmp_path):
    """The network is dark, so that not even the ledger can be written: the next run finds this one dead."""
    world.store.insert(CRIMES, [crime("JH000001")], at=world.now())
    world.output, world.reached = tmp_path / "said", threading.Event()

    def vanish(seen):
        if not world.reached.is_set() and ":*" in seen.params.get("$select", ""):
            dark_front.darken()
            world.reached.set()

    world.portal.before_answer = vanish
    environment = world.environment | {"SERVER_NAME": dark_front.host, "PORT": str(dark_front.port)}
    process = child.start([], environment, with_prefect=True, output=world.output, prepare=hurry)
    assert world.reached.wait(180)
    time.sleep(1)
    began = time.monotonic()
    process.terminate()
    process.join(180)
    said = world.output.read_text()
    assert process.exitcode == 1, said
    assert time.monotonic() - began < STOP_SECONDS + 3
    assert "main.py: stopped by force" in said
    dark_front.light()
    goes_on(world)
    assert world.query("select status from pipeline.runs order by started_at") == [("dead",), ("done",)]


def goes_on(world):
    """The next run has no work by hand before it."""
    world.portal.before_answer = None
    deadline = time.monotonic() + 30
    while not world.run().is_completed() or world.last_run()["status"] == "skipped":
        assert time.monotonic() < deadline, "the lock of the stopped run is still held"
        time.sleep(0.5)
    assert world.held_ids() == world.source_ids()
