"""Reasons: what replaced a row that left, through the quarantine, among twins, and across windows in flight."""

import threading
import time
from datetime import timedelta

import pytest

from demo.shapes import ONE_YEAR
from demo.store import to_stamp
from tasks.sync import apply as sync
from tests.integration.conftest import FIRST_LOAD, crime

CRIMES = ONE_YEAR.id


@pytest.fixture(autouse=True)
def _rejects_do_not_stop_a_window(monkeypatch):
    monkeypatch.setenv("MAX_REJECT_SHARE", "1")


def insert(world, *rows):
    """Insert rows at the source and return their ids."""
    return world.store.insert(CRIMES, rows, at=world.now())


def successors(world):
    """Return of each row that left what replaced it; None: it was withdrawn. Every reason is settled."""
    rows = world.query("select crime_id, reason, replaced_by from chicago.crime_history")
    assert all(reason == ("withdrawn" if new is None else "revised") for _, reason, new in rows)
    return {old: new for old, _, new in rows}


def test_a_rejected_row_published_anew_as_it_was_is_the_same_row_and_nobodys_successor(world):
    first, bad = insert(world, crime("JH000001", iucr="0110"), crime("JH000001", iucr="0110", ward="400"))
    insert(world, crime("JH000002"))
    world.run()
    seen = world.query("select first_run, first_seen_at from pipeline.rejected_rows")
    with world.store.change(CRIMES, at=world.now()) as change:
        (same,) = change.recreate([bad])
        change.withdraw([first])
    assert world.run().is_completed()
    assert world.query("select crime_id, raw ->> ':id' from pipeline.rejected_rows") == [(same, same)]
    assert world.query("select first_run, first_seen_at from pipeline.rejected_rows") == seen
    assert world.value("select first_run <> last_run from pipeline.rejected_rows")
    assert successors(world) == {first: None}


def test_a_row_made_anew_with_an_old_stamp_beside_one_that_changed_never_left(world):
    """The incremental window sees the one, and that the other's old id is gone; only the audit sees its new id."""
    same, changed, twin = insert(
        world, crime("JH000001"), crime("JH000001", "2024-01-09T10:00:00.000"), crime("JH000001")
    )
    world.run()
    since = dict(world.query("select crime_id, loaded_at from chicago.crimes"))
    old = to_stamp(FIRST_LOAD - timedelta(days=9))
    with world.store.change(CRIMES, at=world.now()) as change:
        rows = change.rows('":id" in (?, ?, ?)', [same, changed, twin])
        change.withdraw([same, changed, twin])
        published = [{name: value for name, value in row.items() if name[0] != ":"} for row in rows]
        still = [row for row in published if "2024-01-09" not in row["date_of_occurrence"]]
        new = change.insert(still, updated_at=old)
        (revised,) = change.insert(
            [row | {"arrest": "Y"} for row in published if "2024-01-09" in row["date_of_occurrence"]]
        )
    assert world.run().is_completed()
    assert world.last_run()["kind"] == "incremental"
    assert successors(world) == {changed: revised}
    held = dict(world.query("select crime_id, loaded_at from chicago.crimes"))
    assert [held[key] for key in sorted(new)] == [since[key] for key in sorted([same, twin])]
    counts = world.counts()
    assert (counts["inserted"], counts["rekeyed"], counts["retired"]) == (1, 2, 1)


def test_equal_rejected_twins_are_rekeyed_one_to_one(world):
    old = insert(world, *(crime("JH000001", ward="400") for _ in range(3)))
    insert(world, crime("JH000002"))
    world.run()
    seen = world.value("select distinct first_seen_at from pipeline.rejected_rows")
    with world.store.change(CRIMES, at=world.now()) as change:
        new = change.recreate(old[:2])
        change.insert([crime("JH000001", ward="400")])
    assert world.run().is_completed()
    held = world.query("select crime_id, first_seen_at = %s from pipeline.rejected_rows", seen)
    assert {row[0] for row in held} >= {*new, old[2]}
    assert sorted(row[1] for row in held) == [False, True, True, True]


def test_history_follows_a_successor_through_the_quarantine(world):
    """A rejected version that the source drops is in no table, so no row of the history may end with it."""
    old = insert(world, *(crime(f"JH00000{number}") for number in range(4)))
    insert(world, crime("JH000009"))
    world.run()
    with world.store.change(CRIMES, at=world.now()) as change:
        bad = [change.recreate([row], {"ward": "400"})[0] for row in old]
    assert world.run().is_completed()
    assert successors(world) == dict(zip(old, bad, strict=True))
    with world.store.change(CRIMES, at=world.now()) as change:
        (good,) = change.recreate([bad[0]], {"ward": "41"})
        change.withdraw([bad[1]])
        (same,) = change.recreate([bad[2]])
        (worse,) = change.recreate([bad[3]], {"ward": "500"})
    assert world.run().is_completed()
    assert successors(world) == dict(zip(old, [good, None, same, worse], strict=True))
    assert world.query("select distinct new_crime_id, new_value from chicago.crime_revisions") == [
        (good, "41")
    ]


def test_each_of_two_changed_rows_of_a_case_is_replaced_by_the_one_that_is_most_like_it(world):
    """Good or rejected: they are told apart by what they say, also where only the block tells them apart."""
    old = insert(
        world,
        *(
            crime(case, block=block)
            for case in ("JH000001", "JH000002")
            for block in ("001XX N STATE ST", "009XX W LAKE ST")
        ),
    )
    world.run()
    with world.store.change(CRIMES, at=world.now()) as change:
        new = {row: change.recreate([row], {"arrest": "Y"})[0] for row in reversed(old[:2])}
        new |= {row: change.recreate([row], {"ward": "400"})[0] for row in reversed(old[2:])}
    assert world.run().is_completed()
    assert successors(world) == new


def test_reasons_settled_by_a_run_that_changed_no_row_reach_the_view_of_revisions(world):
    ids = insert(world, *(crime(f"JH{n:06}", f"2024-01-02T{n % 24:02}:00:00.000") for n in range(60)))
    (old,) = insert(world, crime("JH900000", "2024-01-12T10:00:00.000"))
    world.run()
    hidden = [row for row in world.store.rows(CRIMES) if row[":id"] in ids[:40]]
    with world.store.change(CRIMES, at=world.now()) as change:
        change.withdraw(ids[:40])
        (new,) = change.recreate([old], {"arrest": "Y"})
    assert world.run().is_failed()  # the guard: the other row's revision is stored, its reason is open
    world.store.insert(CRIMES, hidden, at=world.now())
    assert world.run().is_completed()
    assert successors(world) == {old: new}
    assert world.query("select column_name, new_value from chicago.crime_revisions") == [("arrest", "true")]


@pytest.mark.parametrize("first", ["the window that it left", "the window that it came to"])
def test_a_row_edited_into_another_week_while_both_are_synced_is_one_revision(world, monkeypatch, first):
    """Whichever window is first: the other one is made to wait, with its rows read, until the first is committed."""
    (moved, *_) = insert(
        world, crime("JH000001", "2024-01-02T10:00:00.000"), crime("JH000002", "2024-01-01T10:00:00.000"),
        crime("JH000003", "2024-01-12T10:00:00.000"),
    )  # fmt: skip
    world.run()
    world.store.edit(CRIMES, moved, {"date_of_occurrence": "2024-01-11T09:00:00.000"}, at=world.now())
    is_first = {"the window that it left": 0, "the window that it came to": 1}[first]
    first_has_its_turn, compared, waiting = threading.Event(), sync._compare_and_count, []
    staged = sync._stage

    def stage(connection, given):
        staged(connection, given)
        if _week(given) == 1 - is_first:
            assert first_has_its_turn.wait(20)

    def hold_the_turn(connection, profile, given):
        counts = compared(connection, profile, given)
        if _week(given) == is_first:
            first_has_its_turn.set()
            deadline = time.monotonic() + 20
            while time.monotonic() < deadline and not waiting:
                waiting.extend(world.query(
                    "select pid from pg_stat_activity"
                    " where datname = current_database() and wait_event_type = 'Lock'"
                ))  # fmt: skip
        return counts

    def _week(given):
        is_planned = given.window.kind == "occurrence" and given.window.round == 0
        return {(1, False): 0, (2, True): 1}.get(
            (len(given.transformed.accepted), moved in set(given.transformed.accepted["crime_id"]))
        ) if is_planned else None  # fmt: skip

    monkeypatch.setattr(sync, "_stage", stage)
    monkeypatch.setattr(sync, "_compare_and_count", hold_the_turn)
    assert world.run("reconcile").is_completed()
    assert waiting, "the two windows were not in flight at the same time"
    assert world.value("select count(*) from pipeline.windows where round > 0") == 0
    assert world.held_ids() == world.source_ids()
    assert successors(world) == {moved: moved}
