"""One odd value of the source does not stop a run, and leads nothing: spans, stamps, dates."""

from datetime import UTC, datetime, timedelta

import pytest

from demo.datasets import ONE_YEAR
from tests.integration.conftest import crime
from tests.integration.main_here import run_main_here

CRIMES = ONE_YEAR.id


@pytest.fixture(autouse=True)
def _in_few_windows(monkeypatch):
    monkeypatch.setenv("WINDOW_DAYS", "366")


def insert(world, *rows, **stamps):
    """Insert rows at the source and return their ids."""
    return world.store.insert(CRIMES, rows, at=world.now(), **stamps)


def year(a_day=2, first=datetime(2023, 1, 10), last=datetime(2024, 1, 10)):
    """Return some rows of each fifth day."""
    days = [first + timedelta(days=5 * step) for step in range((last - first).days // 5 + 1)]
    return [
        crime(f"JG{n:02}{day:%y%j}", f"{day:%Y-%m-%d}T1{n}:00:00.000") for day in days for n in range(a_day)
    ]


def crimes(world):
    return world.value("select count(*) from chicago.crimes")


def proof(world):
    return world.query(
        "select equal, outside_rows, unexplained_rows from pipeline.audits order by audit_id desc limit 1"
    )[0]


# The span that is proven.


def test_a_source_that_loses_all_but_two_months_is_not_proven_by_what_it_has_left(world):
    insert(world, *year())
    assert world.run().is_completed()
    before = world.held_ids()
    world.store.age_out(CRIMES, datetime(2023, 11, 10), at=world.now())
    (added,) = insert(world, crime("JH000001", "2024-01-10T15:00:00.000"))
    left = len(before) + 1 - len(world.source_ids())
    ended = run_main_here(world)
    assert ended.code == 1
    assert f"{left} rows are outside of the proof: they occurred before 2023-11-11" in ended.said
    assert "have aged out of it" in ended.said
    (why,) = ended.why
    assert "the source begins at 2023-11-11" in why
    assert why.endswith("--accept-span. If not, it has lost rows: run again when it has them back.")
    assert world.held_ids() == sorted([*before, added]), "nothing of ours changes, and what is new comes in"
    assert world.history() == []
    # The two rows of the first day are old enough to have left.
    assert proof(world) == (False, left, left - 2)
    status = run_main_here(world, "status")
    assert status.code == 1
    assert f"outside    {left} rows are outside of the proof" in status.said
    assert "problem    the source begins at 2023-11-11" in status.said
    stale = "rows have left the source that are too young to have aged out"
    assert world.value("select stale_because from chicago.data_freshness") == stale
    explained = world.value("select explanation from chicago.data_quality where \"check\" like '%audit%'")
    assert f"{left} rows here are outside of it" in explained
    # It does not become right by being so again.
    assert run_main_here(world).code == 1
    assert run_main_here(world, "--accept-span").code == 0
    assert world.query("select status, accept_span from pipeline.runs order by started_at") == [
        ("done", False),
        ("failed", False),
        ("failed", False),
        ("done", True),
    ]
    assert proof(world) == (True, left, left - 2)
    # From now on the shorter span is what the source keeps, day by day; and no shorter one.
    world.store.age_out(CRIMES, datetime(2023, 11, 11, 12), at=world.now())
    assert run_main_here(world).code == 0
    assert world.held_ids() == sorted([*before, added])
    assert world.history() == []
    world.store.age_out(CRIMES, datetime(2024, 1, 8), at=world.now())
    assert run_main_here(world).code == 1


def test_rows_that_grow_old_leave_day_by_day_and_every_report_counts_them(world):
    insert(world, *year())
    assert world.run().is_completed()
    for day in (11, 16):
        world.store.age_out(CRIMES, datetime(2023, 1, day, 12), at=world.now())
        insert(world, crime(f"JH0000{day}", "2024-01-10T15:00:00.000"))
        assert world.run().is_completed()
    assert proof(world) == (True, 3, 0)
    insert(world, crime("JH000020", "2024-01-10T15:00:00.000"))
    assert "3 rows are outside of the proof" in run_main_here(world).said
    assert "3 rows are outside of the proof" in run_main_here(world).said, "by a run that finds nothing moved too"
    assert proof(world) == (True, 3, 0)


@pytest.mark.parametrize("when", ["0205-01-05T10:00:00.000", "1926-01-05T10:00:00.000", "2023-03-05T10:00:00.000"])
def test_one_row_of_another_year_pulls_the_span_back_over_nothing_that_left(world, when):
    """The proof's own record of where it began is no such row either: it is the third run that would retire."""
    insert(world, *year())
    assert world.run().is_completed()
    world.store.age_out(CRIMES, datetime(2023, 11, 10), at=world.now())
    assert world.run(accept_span=True).is_completed()
    held = crimes(world)
    (odd,) = insert(world, crime("JH000001", when))
    for number in range(3):
        assert world.run().is_completed()
        assert world.run().is_completed(), "unmoved"
        insert(world, crime(f"JH10000{number}", "2024-01-10T15:00:00.000"))
    assert world.run("reconcile").is_completed()
    assert crimes(world) == held + 4
    assert world.history() == []
    world.store.withdraw(CRIMES, [odd], at=world.now())
    assert world.run().is_completed()
    assert world.history() == ([("JH000001", "withdrawn")] if when < "2022" else [])
