"""What is said of a run: a range is not the whole, and nothing is counted twice."""

from datetime import UTC, date, datetime, timedelta

from demo.shapes import ONE_YEAR
from tasks.commands.status import read_status
from tasks.run import connections
from tasks.shown.report import read_report
from tests.integration.conftest import crime

CRIMES = ONE_YEAR.id


def insert(world, *rows, **stamps):
    """Insert rows at the source and return their ids."""
    return world.store.insert(CRIMES, rows, at=world.now(), **stamps)


def test_status_does_not_take_a_range_for_the_whole(world):
    insert(world, crime("JH000001", "2024-01-02T10:00:00.000"), crime("JH000002", "2024-01-12T10:00:00.000"))
    world.run()
    insert(world, crime("JH000003", "2024-01-12T11:00:00.000"))
    assert world.run(start=date(2024, 1, 2), end=date(2024, 1, 3)).is_completed()
    now = datetime.now(UTC) + timedelta(days=10)
    found = read_status(connections.warehouse(), connections.source(), now, 5000)
    connections.close()
    assert found.problems


def test_freshness_does_not_take_a_range_for_the_whole(world):
    ids = insert(world, *(crime(f"JH{n:06}", f"2024-01-02T{n % 24:02}:00:00.000") for n in range(60)))
    insert(world, crime("JH900000", "2024-01-12T10:00:00.000"))
    world.run()
    world.query("update pipeline.freshness_limit set freshness_days = 5000")
    assert world.query("select is_stale from chicago.data_freshness") == [(False,)]
    world.store.withdraw(CRIMES, ids[:40], at=world.now())
    assert world.run().is_failed()
    world.query("update pipeline.freshness_limit set freshness_days = 5000")
    assert world.query("select is_stale from chicago.data_freshness") == [(True,)]
    assert world.run(start=date(2024, 1, 12), end=date(2024, 1, 13)).is_completed()
    world.query("update pipeline.freshness_limit set freshness_days = 5000")
    assert world.query("select is_stale from chicago.data_freshness") == [(True,)]


def test_the_report_counts_a_rejected_row_once(world):
    good = [crime(f"JH{n:06}", f"2024-01-0{n % 3 + 1}T10:00:00.000") for n in range(600)]
    insert(world, *good, crime("JH900000", ward="400"))
    world.run()
    insert(world, crime("JH900001", "2024-01-03T10:00:00.000", ward="400"))
    insert(
        world,
        crime("JH900002", "2024-01-03T10:00:00.000"),
        created_at="2023-12-01T11:02:00.000Z",
        updated_at="2023-12-01T11:02:05.000Z",
    )
    world.run()

    report = read_report(connections.warehouse(), world.last_run()["run_id"])
    connections.close()
    assert report.rejected == 1
