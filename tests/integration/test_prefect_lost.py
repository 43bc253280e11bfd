"""Prefect's server dies in mid-run: the run goes on without it, says so, and its process ends."""

import asyncio
import re
import time

import httpx
import pandas as pd
import pytest

from demo.portal_faults import Fault
from demo.shapes import ONE_YEAR
from tasks.errors import PipelineError
from tasks.run import fan_out
from tests.integration.conftest import crime
from tests.integration.networks import Relay

CRIMES = ONE_YEAR.id
WEEKS = 8
# A test waits for a server that is gone for two seconds where a run waits for fourteen.
ONE_RETRY = {"PREFECT_CLIENT_MAX_RETRIES": "1", "MAX_CONCURRENCY": "2", "APP_TOKEN": "a-token"}


@pytest.fixture
def eight_weeks(world):
    """A source of eight weeks, and a portal that takes its time, so that a run can be met on its way."""
    start = pd.Timestamp("2023-10-02")
    rows = [
        crime(f"JH{week:06}", f"{start + pd.Timedelta(weeks=week):%Y-%m-%dT%H:%M:%S.000}")
        for week in range(WEEKS)
    ]
    world.store.insert(CRIMES, rows, at=world.now())
    world.portal.latency_seconds = 0.2
    return world


def done_windows(world):
    return world.value("select count(*) from pipeline.windows where status = 'done'")


def run_and_lose_the_server(world):
    """Run, lose the server after two windows, and return its address, how the run ended, what it said, and a time.

    The time is from the last word of the ledger to the end of the process.
    """
    relay = Relay(int(re.search(r":(\d+)/", world.prefect_api)[1]))
    url = f"http://127.0.0.1:{relay.port}/api"
    process = world.start_main(**ONE_RETRY, PREFECT_API_URL=url)
    while done_windows(world) < 2:
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)
    relay.cut()
    while world.value("select count(*) from pipeline.runs where status = 'running'"):
        assert process.poll() is None, process.communicate()
        time.sleep(0.1)
    closed = time.monotonic()
    out, err = process.communicate(timeout=180)
    return url, process.returncode, out, err, time.monotonic() - closed


def test_a_run_goes_on_without_prefects_server_and_ends_proven(eight_weeks):
    """The ledger decides and not Prefect, so nothing but the pages in its UI is missing."""
    world = eight_weeks
    url, code, out, err, seconds = run_and_lose_the_server(world)
    assert code == 0, err
    assert seconds < 30
    assert "backfill done in" in out
    assert f"Prefect's server at {url} does not answer (ConnectError); the run goes on without it" in err
    last = err.splitlines()[-1]
    assert last.startswith(f"main.py: Prefect's server at {url} did not answer to the end;")
    assert f"done, with {WEEKS} windows loaded" in last
    assert "Traceback" not in out + err
    assert "Error logging to API" not in err
    assert world.query("select status, proof from pipeline.runs") == [("done", "census")]
    assert world.held_ids() == world.source_ids()
    assert world.counts()["inserted"] == WEEKS, "no window was done twice"


def test_a_run_that_fails_without_prefects_server_says_what_is_loaded_and_what_to_do(eight_weeks):
    world = eight_weeks
    # The last window, which nobody has in hand yet when the server goes.
    world.portal.faults.add(Fault("status", status=400, times=None, match=r"select=:\*,\*.*>= '2023-11-20"))
    url, code, out, err, seconds = run_and_lose_the_server(world)
    assert code == 1
    assert seconds < 30
    assert "HTTP 400" in out, "why the run failed is in its report"
    last = err.splitlines()[-1]
    assert last == (
        f"main.py: Prefect's server at {url} does not answer: the run is failed, with {WEEKS - 1} windows loaded. "
        "Start it (the next run starts a local one by itself), and run again: it goes on with the rest."
    )
    assert "Traceback" not in out + err
    world.portal.faults.clear()
    assert world.run().is_completed()
    assert world.last_run()["kind"] == "resume"
    assert world.held_ids() == world.source_ids()


def test_a_server_that_is_not_there_at_the_start_is_one_line_and_nothing_is_begun(world):
    code, out, err = world.run_main(PREFECT_API_URL="http://127.0.0.1:9/api", APP_TOKEN="a-token")
    assert code == 1
    assert err.startswith(
        "main.py: Prefect's server at PREFECT_API_URL http://127.0.0.1:9/api does not answer"
    )
    assert "Traceback" not in out + err
    assert world.query("select status from pipeline.runs") == []


def test_further_flow_runs_need_the_server_and_the_line_says_so(monkeypatch):
    async def refused(*_args, **_values):
        raise httpx.ConnectError("All connection attempts failed")

    monkeypatch.setattr(fan_out, "run_deployment", refused)
    with pytest.raises(
        PipelineError, match=r"does not answer: it has to start the further flow runs.*run again"
    ):
        asyncio.run(fan_out._start({}))
