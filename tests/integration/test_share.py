"""Windows that several processes share: nobody takes one twice, and what a killed one had in hand is taken again."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest

from tasks.errors import ConfigError
from tasks.run import connections, fan_out
from tasks.run.window_queue import WindowQueue
from tasks.warehouse import ledger
from tasks.warehouse.ledger import WindowResult
from tasks.windows import Window
from tests.integration.conftest import crime

WHOLE = (None, None)


@pytest.fixture
def run_id(engine):
    """Open a run with thirty windows."""
    with engine.begin() as connection:
        opened = ledger.insert_run(connection, "backfill", WHOLE, accept_retirements=False)
        windows = [
            Window("occurrence", datetime(2024, 1, day), datetime(2024, 1, day + 1)) for day in range(1, 31)
        ]
        ledger.write_plan(connection, opened, "backfill", windows, None)
    return opened


@pytest.fixture
def queues(engine, run_id):
    """Give two processes' queues."""
    made = WindowQueue(engine, run_id), WindowQueue(engine, run_id)
    yield made
    for queue in made:
        queue.disconnect()


def taken_at_last(queue):
    """Take a window, and ask again for some seconds: the server notices the end of a session a moment later."""
    deadline = time.monotonic() + 20
    while (window := queue.take()) is None and time.monotonic() < deadline:
        time.sleep(0.05)
    return window


def take_all(queue):
    """Take windows until there is none."""
    return list(iter(queue.take, None))


def test_no_window_is_taken_twice_and_none_is_left(queues):
    with ThreadPoolExecutor(4) as pool:
        taken = [window for part in pool.map(take_all, [*queues, *queues]) for window in part]
    assert len(taken) == len(set(taken)) == 30
    assert not queues[0].is_over()


def test_what_a_process_that_ended_had_in_hand_is_taken_again(queues):
    first, second = queues
    lost = first.take()
    assert lost is not None
    assert lost not in take_all(second)
    first.disconnect()
    assert taken_at_last(second) == lost


def test_a_session_that_the_server_ended_is_opened_again(queues, world):
    queue, _ = queues
    taken = queue.take()
    world.query(
        "select pg_terminate_backend(pid, 5000) from pg_locks where locktype = 'advisory' and database ="
        " (select oid from pg_database where datname = current_database())"
    )
    # Its hold is gone with the session: the window may be taken by another, and by itself again.
    assert taken_at_last(queue) == taken


def test_a_window_that_failed_is_not_taken_again_and_says_why(queues, engine, run_id):
    from tasks.errors import SourceError

    queue, other = queues
    window = queue.take()
    queue.close(window, SourceError("the portal said 500"))
    assert window not in take_all(other)
    with engine.connect() as connection:
        assert ledger.read_window_results(connection, run_id)[window] == WindowResult(
            "failed", "the portal said 500"
        )


def test_a_run_that_is_over_gives_no_window(queues, engine, run_id):
    with engine.begin() as connection:
        ledger.close_run(connection, run_id, "stopped", "stopped by a signal")
    assert queues[0].take() is None
    assert queues[0].is_over()


def test_a_closed_run_has_no_window_in_hand(engine, run_id):
    window = Window("occurrence", datetime(2024, 1, 1), datetime(2024, 1, 2))
    with engine.begin() as connection:
        ledger.start_window(connection, run_id, window)
    with engine.begin() as connection:
        ledger.close_run(connection, run_id, "stopped", "stopped by a signal")
    with engine.connect() as connection:
        assert ledger.read_window_results(connection, run_id)[window] == WindowResult("pending", None)


def test_all_flow_runs_together_work_on_as_many_windows_as_are_allowed(world, monkeypatch):
    """A token's requests and a server's connections are the run's, however many processes share it."""
    asked, allowed = [], []

    async def start(parameters):
        asked.append(parameters)
        raise ConfigError("far enough")

    portal = connections.source().portal
    monkeypatch.setattr(fan_out, "_start", start)
    monkeypatch.setattr(type(portal), "allow_windows", lambda _portal, windows: allowed.append(windows))
    world.store.insert("x2n5-8w5q", [crime("JH000001")], at=world.now())
    assert world.run(fan_out=2, max_concurrency=8).is_failed()
    assert [each["max_concurrency"] for each in asked] == [2]
    assert allowed == [8, 8]


def test_without_the_deployment_it_says_what_to_do(world, monkeypatch):
    monkeypatch.setattr(fan_out, "DEPLOYMENT", "share-windows/nowhere")
    world.store.insert("x2n5-8w5q", [crime("JH000001")], at=world.now())
    state = world.run(through_prefect=True, fan_out=1)
    assert state.is_failed()
    assert world.last_run()["message"] == (
        "fan_out needs the deployment 'share-windows/nowhere', which the Prefect server does not have: make deploy"
    )
