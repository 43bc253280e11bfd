"""Whole runs as processes: killed, resumed, two at once, stopped, asked for nonsense."""

import json
import signal
import threading
import time

import pandas as pd
import pytest

from demo.shapes import ONE_YEAR
from tests.integration.conftest import crime
from tests.integration.main_here import run_main_here

CRIMES = ONE_YEAR.id
WEEKS = 12


@pytest.fixture
def twelve_weeks(world):
    """A source of twelve weeks, 40 rows each, and a portal that takes its time, so that a run can be met on its way."""
    rows = [
        crime(
            f"JH{week:03}{number:03}",
            f"{pd.Timestamp('2023-10-02') + pd.Timedelta(weeks=week, hours=number):%Y-%m-%dT%H:%M:%S.000}",
        )
        for week in range(WEEKS)
        for number in range(40)
    ]
    world.store.insert(CRIMES, rows, at=world.now())
    return world


def wait_until(condition, *, seconds=180):
    """Wait until a condition holds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return
        time.sleep(0.05)
    pytest.fail("it did not come to that in time")


def done_windows(world):
    return world.value("select count(*) from pipeline.windows where status = 'done'")


def hold_third_window(seen, release):
    """Keep the answer with the rows of the third week until it is released."""
    if ">= '2023-10-16T" in seen.params.get("$where", "") and ":*" in seen.params.get("$select", ""):
        release.wait(180)


def content(world):
    columns = "crime_id, case_number, date_of_occurrence, arrest, version, updated_at"
    return world.frame(f"select {columns} from chicago.crimes order by crime_id")


def test_a_backfill_that_was_killed_resumes_and_ends_like_a_clean_one(twelve_weeks):
    """B10, B24: progress is in the ledger, in the transaction of the rows."""
    world = twelve_weeks
    world.portal.latency_seconds = 0.1
    process = world.start_main(MAX_CONCURRENCY="2")
    wait_until(lambda: done_windows(world) >= 3)
    process.send_signal(signal.SIGKILL)
    process.wait()
    # Each window is there wholly or not at all.
    done = done_windows(world)
    assert 3 <= done < WEEKS
    assert len(world.held_ids()) == 40 * done
    assert world.query("select * from pipeline.watermark") == []
    world.portal.latency_seconds = 0
    assert world.run().is_completed()
    run = world.last_run()
    assert (run["kind"], run["status"], run["proof"]) == ("resume", "done", "census")
    assert (
        world.value("select count(*) from pipeline.windows where run_id = %s", run["run_id"]) == WEEKS - done
    )
    assert world.query("select status from pipeline.runs order by started_at") == [("dead",), ("done",)]
    assert world.held_ids() == world.source_ids()
    assert world.history() == []
    resumed = content(world)
    # A clean run of the same source says the same.
    with_reset = (
        "truncate chicago.crimes, chicago.crime_history, pipeline.windows, pipeline.audits, pipeline.watermark,"
        " pipeline.runs cascade"
    )
    world.query(with_reset)
    assert world.run().is_completed()
    pd.testing.assert_frame_equal(content(world), resumed)


def test_a_change_between_kill_and_resume_is_revised_and_not_lost(twelve_weeks):
    world = twelve_weeks
    world.portal.latency_seconds = 0.1
    process = world.start_main(MAX_CONCURRENCY="2")
    wait_until(lambda: done_windows(world) >= 3)
    process.send_signal(signal.SIGKILL)
    process.wait()
    world.portal.latency_seconds = 0
    first = world.query(
        "select crime_id, case_number from chicago.crimes order by date_of_occurrence limit 2"
    )
    (revised, case), (withdrawn, gone_case) = first
    with world.store.change(CRIMES, at=world.now()) as change:
        change.recreate([revised], {"arrest": "Y"})
        change.withdraw([withdrawn])
    assert world.run().is_completed()
    assert world.held_ids() == world.source_ids()
    assert world.history() == sorted([(case, "revised"), (gone_case, "withdrawn")])


def test_a_second_run_at_once_is_skipped_and_says_so(twelve_weeks):
    """B21: one writer, whatever the scheduler does."""
    world = twelve_weeks
    release = threading.Event()
    world.portal.before_answer = lambda _seen: release.wait(180)
    first = world.start_main()
    wait_until(lambda: world.query("select status from pipeline.runs") == [("running",)])
    code, out, _ = world.run_main()
    assert code == 0
    assert out == "skipped: another run is at work; it does what this one would\n"
    release.set()
    out, err = first.communicate(timeout=120)
    assert first.returncode == 0, err
    assert sorted(world.query("select status from pipeline.runs")) == [("done",), ("skipped",)]
    assert world.held_ids() == world.source_ids()


def test_a_run_whose_place_was_taken_stops_before_its_next_commit(twelve_weeks):
    """B21: the lock's connection dies in the middle, another run takes the lock."""
    world = twelve_weeks
    release = threading.Event()
    first = world.start_main(MAX_CONCURRENCY="1", WINDOW_DAYS="7")
    world.portal.before_answer = lambda seen: hold_third_window(seen, release)
    wait_until(lambda: done_windows(world) >= 2)
    world.query(
        "select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and database ="
        " (select oid from pg_database where datname = current_database())"
    )
    world.portal.before_answer = None
    assert world.run().is_completed()
    release.set()
    out, err = first.communicate(timeout=120)
    assert first.returncode == 1
    assert "another run has taken its place" in out + err
    assert sorted(world.query("select status from pipeline.runs")) == [("dead",), ("done",)]
    assert world.held_ids() == world.source_ids()


def test_a_stopped_run_is_recorded_as_stopped_and_the_next_one_goes_on(twelve_weeks):
    """B24: SIGTERM is what a container gets before it is killed."""
    world = twelve_weeks
    world.portal.latency_seconds = 0.1
    process = world.start_main(MAX_CONCURRENCY="2")
    wait_until(lambda: done_windows(world) >= 2)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=180)
    assert process.returncode != 0
    assert world.value("select status from pipeline.runs") == "stopped"
    world.portal.latency_seconds = 0
    assert world.run().is_completed()
    assert world.held_ids() == world.source_ids()


def test_the_closing_report_says_what_a_person_wants_to_know(twelve_weeks):
    world = twelve_weeks
    code, out, err = world.run_main()
    assert code == 0
    assert "backfill done in" in out
    assert "the source holds 480 rows, we hold 480" in out
    assert "psql -h" in out
    assert "/runs/flow-run/" in out
    assert "/runs?hide-subflows=true" in out
    assert "calls" in err, "a missing token is said"
    assert "Traceback" not in err
    code, out, _ = world.run_main("--json")
    assert json.loads(out)["kind"] == "unmoved"


def test_an_unreachable_portal_is_one_clear_line(world, monkeypatch):
    monkeypatch.setenv("PORTAL_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("PORTAL_PATIENCE_SECONDS", "1")
    ended = run_main_here(world)
    assert ended.code == 1
    assert "the portal did not answer" in ended.said
    assert "Traceback" not in ended.said
    assert world.value("select status from pipeline.runs") == "failed"


def test_a_window_that_fails_fails_the_run_after_the_others_had_their_chance(twelve_weeks):
    """B25: nothing is swallowed, and nothing else is lost."""
    from demo.portal_faults import Fault

    world = twelve_weeks
    world.portal.faults.add(Fault("status", status=500, times=None, match=r"select=:\*,\*.*>= '2023-10-16"))
    assert world.run().is_failed()
    run = world.last_run()
    assert run["status"] == "failed"
    assert "2023-10-16..2023-10-23" in run["message"]
    assert "HTTP 500" in run["message"]
    assert len(world.held_ids()) == 40 * (WEEKS - 1)
    assert world.value("select count(*) from pipeline.windows where status = 'failed'") == 1
    # What was committed is audited, and the views are there.
    assert world.query("select equal, source_rows, our_rows from pipeline.audits") == [(False, 480, 440)]
    assert world.value("select sum(crimes) from chicago.daily_crimes") == 440
    world.portal.faults.clear()
    assert world.run().is_completed()
    assert world.last_run()["kind"] == "resume"
    assert world.held_ids() == world.source_ids()


def test_plan_says_what_a_run_would_retire_and_changes_nothing(twelve_weeks):
    world = twelve_weeks
    world.run()
    before = world.held_ids()
    world.store.withdraw(CRIMES, before[:3], at=world.now())
    code, out, _ = world.run_main("plan", "--mode", "reconcile")
    assert code == 0
    assert out.startswith(f"reconcile: {WEEKS} windows")
    assert out.count("  retire ") == 3
    assert world.held_ids() == before
    assert world.value("select count(*) from pipeline.runs") == 1
