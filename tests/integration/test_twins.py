"""One id on two rows of the source: the newest is kept, the other waits in quarantine, and the proof stays equal."""

from datetime import date

import pytest

from tests.integration.main_here import run_main_here
from tests.integration.test_whole_history import (  # noqa: F401 - fixtures
    CRIMES,
    environment,
    insert,
    row,
    store,
)

pytestmark = pytest.mark.usefixtures("views_left")

REASON = "crime_id: another row of the source has it too, with a newer stamp"


def twins(world, second="2019-01-02T10:00:00.000", **stamps):
    """Insert five crimes, and one of them again a day later with an arrest."""
    insert(world, *(row(number) for number in range(1, 6)))
    insert(world, row(3, second, arrest=True), **stamps)


def kept(world):
    return world.query("select crime_id, arrest from chicago.crimes order by crime_id")


def aside(world):
    return world.query("select crime_id, raw ->> 'id', raw ->> 'arrest', reasons from pipeline.rejected_rows")


def assert_held_once_each(world, *, newest_has_arrest=True):
    source = world.store.rows(CRIMES)
    held = world.query(
        "select version from chicago.crimes union all select version from pipeline.rejected_rows"
    )
    assert sorted(held) == sorted((one[":version"],) for one in source)
    assert dict(kept(world))["3"] is newest_has_arrest
    assert aside(world) == [("3#2", "3", str(not newest_has_arrest).lower(), [REASON])]


@pytest.mark.parametrize("page_rows", ["50000", "3", "1"])
def test_the_newest_stamp_is_kept_and_the_other_waits(world, monkeypatch, page_rows):
    """Also where a page ends between the two."""
    monkeypatch.setenv("PORTAL_PAGE_ROWS", page_rows)
    twins(world)
    ended = run_main_here(world)
    assert ended.code == 0, ended.said
    assert "twins=1: 3 on 2 rows; the newest is kept, the others are rejected" in ended.said
    assert_held_once_each(world)
    if page_rows == "50000":
        for mode in ("auto", "reconcile", "auto"):
            assert world.run(mode).is_completed()
            assert world.value("select equal from pipeline.audits order by audit_id desc limit 1")
            assert_held_once_each(world)
            insert(world, row(100 + world.loads))
        assert run_main_here(world, "replay").code == 0
        assert_held_once_each_but_new(world)


def test_three_rows_of_one_id_are_read_whole_where_pages_of_two_lengths_end_among_them(world, monkeypatch):
    """A page of seven ends before the last of them, and one of six before the last two."""
    monkeypatch.setenv("PORTAL_PAGE_ROWS", "7")
    insert(world, *(row(number) for number in range(1, 11)))
    for _ in range(2):
        insert(world, row(6, arrest=True))
    ended = run_main_here(world)
    assert ended.code == 0, ended.said
    assert "6 on 3 rows" in ended.said
    versions = sorted(one[":version"] for one in world.store.rows(CRIMES))
    held = (
        "select version from chicago.crimes union all select version from pipeline.rejected_rows order by 1"
    )
    assert [version for (version,) in world.query(held)] == versions
    assert run_main_here(world, "--mode", "reconcile").code == 0


def assert_held_once_each_but_new(world):
    assert world.run().is_completed()
    assert_held_once_each(world)


@pytest.mark.parametrize(
    "second", ["2019-01-02T10:00:00.000", "2019-01-20T10:00:00.000", "2019-05-02T10:00:00.000"]
)
def test_a_second_row_that_comes_later_in_whatever_month_is_found_and_kept_apart(world, second):
    insert(world, *(row(number) for number in range(1, 6)))
    assert world.run().is_completed()
    insert(world, row(3, second, arrest=True))
    for _ in range(2):
        assert world.run().is_completed()
        assert_held_once_each(world)
        insert(world, row(100 + world.loads))
    # The older one is edited, and is the newest now.
    (old,) = [one for one in world.store.rows(CRIMES, "id = 3") if not one["arrest"]]
    world.store.edit(CRIMES, old[":id"], {"ward": "41"}, at=world.now())
    for _ in range(2):
        assert world.run().is_completed()
        assert_held_once_each(world, newest_has_arrest=False)
        insert(world, row(100 + world.loads))
    # One of them goes, and the other is a crime as any.
    (new,) = [one for one in world.store.rows(CRIMES, "id = 3") if one["arrest"]]
    world.store.withdraw(CRIMES, [new[":id"]], at=world.now())
    assert world.run().is_completed()
    assert aside(world) == []
    assert dict(kept(world))["3"] is False


@pytest.mark.parametrize("months", ["01 01", "03 05"])
def test_the_newest_of_those_that_wait_is_the_crime_when_the_one_that_was_leaves(world, months):
    """Each row of the source is held, so that counts and sums agree; and the crime would be missing for good."""
    insert(world, *(row(number) for number in range(1, 6)))
    for month in months.split():
        insert(world, row(3, f"2019-{month}-20T10:00:00.000"))
    insert(world, row(3, "2019-04-20T10:00:00.000", arrest=True))
    assert world.run().is_completed()
    assert dict(kept(world))["3"] is True
    for left in (3, 2, 1):
        newest = max(world.store.rows(CRIMES, "id = 3"), key=lambda one: one[":updated_at"])
        world.store.withdraw(CRIMES, [newest[":id"]], at=world.now())
        # A newer row, so that no window asks for those that wait by their stamps.
        for _ in range(3):
            insert(world, row(100 + world.loads))
        assert world.run().is_completed()
        waiting = sorted(world.store.rows(CRIMES, "id = 3"), key=lambda one: one[":updated_at"])
        assert len(waiting) == left
        held = world.query("select version from chicago.crimes where crime_id = '3'")
        assert held == [(waiting.pop()[":version"],)]
        aside_now = world.query("select version from pipeline.rejected_rows")
        assert sorted(aside_now) == sorted((one[":version"],) for one in waiting)


def test_a_first_load_of_two_months_with_a_row_of_one_id_each_ends_equal(world):
    twins(world, "2019-05-02T10:00:00.000")
    for _ in range(2):
        assert world.run().is_completed()
        assert_held_once_each(world)
        insert(world, row(100 + world.loads))
    assert world.run(start=date(2019, 1, 1), end=date(2019, 2, 1)).is_completed()
    assert_held_once_each_but_new(world)


def test_rows_of_one_id_on_days_whose_contents_are_read_apart_are_no_damage(world, monkeypatch):
    """Compared together, one of them would be taken for what the contract rejects, and its day for damaged."""
    monkeypatch.setenv("CONTENT_DAYS", "30")
    twins(world, "2019-01-20T10:00:00.000")
    assert world.run().is_completed()
    # As after an upgrade: of no day is it known that it was compared.
    world.query("delete from pipeline.compared_days")
    insert(world, row(200, "2019-01-21T10:00:00.000"))
    assert world.run().is_completed()
    assert world.value("select max(damaged_rows) from pipeline.audits") == 0
    compared = world.query(
        "select day::text from pipeline.compared_days where run_id = %s", world.last_run()["run_id"]
    )
    assert {("2019-01-02",), ("2019-01-20",)} <= set(compared)
    assert_held_once_each(world)
