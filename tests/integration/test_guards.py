"""The guards: a source that breaks is stopped, an ordinary day is not."""

import re
import threading
import time

import pytest

from demo.datasets import ONE_YEAR
from tests.integration.conftest import crime
from tests.integration.main_here import run_main_here

CRIMES = ONE_YEAR.id


def insert(world, *rows, **stamps):
    """Insert rows at the source and return their ids."""
    return world.store.insert(CRIMES, rows, at=world.now(), **stamps)


def test_a_date_column_that_goes_empty_is_stopped(world):
    ids = insert(world, *(crime(f"JH{n:06}", f"2024-01-02T{n % 24:02}:00:00.000") for n in range(200)))
    world.run()
    world.store.recreate(CRIMES, ids[1:], {"date_of_occurrence": None}, at=world.now())
    state = world.run()
    assert state.is_failed()
    assert world.value("select count(*) from chicago.crimes") == 200


def test_a_source_without_any_date_is_not_proven_equal(world):
    ids = insert(world, *(crime(f"JH{n:06}", f"2024-01-02T{n % 24:02}:00:00.000") for n in range(50)))
    world.run()
    world.store.recreate(CRIMES, ids, {"date_of_occurrence": None}, at=world.now())
    state = world.run()
    assert state.is_failed()


def test_a_source_emptied_in_the_middle_of_a_run_is_not_proven_equal(world):
    insert(world, crime("JH000001"), crime("JH000002"))
    world.run()
    insert(world, crime("JH000003"))
    done = []

    def empty_once(seen):
        if not done and ":*" in seen.params.get("$select", ""):
            done.append(1)
            world.store.withdraw(CRIMES, world.source_ids(), at=world.now())

    world.portal.before_answer = empty_once
    state = world.run()
    assert state.is_failed()


def test_rows_in_quarantine_already_do_not_stop_a_repair(world):
    rows = [crime(f"JH{n:06}", f"2024-01-{n % 7 + 1:02}T10:00:00.000") for n in range(294)]
    bad = [crime(f"JH90000{n}", "2024-01-03T11:00:00.000", ward="400") for n in range(2)]
    ids = insert(world, *rows, *bad)
    assert world.run().is_completed()
    world.store.withdraw(CRIMES, [ids[2]], at=world.now())  # of 3 January
    state = world.run()
    assert state.is_completed()


def test_a_repair_is_no_stricter_than_the_week(world):
    insert(world, *(crime(f"JH{n:06}", f"2024-01-{n % 7 + 1:02}T10:00:00.000") for n in range(2800)))
    world.run()
    day = world.query(
        "select crime_id from chicago.crimes where date_of_occurrence::date = '2024-01-03' limit 24"
    )
    world.store.withdraw(
        CRIMES, [row[0] for row in day], at=world.now()
    )  # 24 of 400 of the day, of 2800 of the week
    state = world.run()
    assert world.run("reconcile").is_completed(), "the week passes without lifting the guard"
    assert state.is_completed()


def test_a_case_number_that_cannot_be_stored_is_one_rejected_row_also_in_an_incremental_run(world):
    insert(world, crime("JH000001"))
    assert world.run().is_completed()
    insert(world, crime("JH\x000002"), crime("JH000003"))
    state = world.run()
    assert state.is_completed()
    assert world.held_ids() == world.source_ids()


def test_an_incremental_run_after_an_unfinished_reconcile_says_what_is(world):
    insert(world, crime("JH000001"))
    world.run()
    from demo.faults import Fault

    world.portal.faults.add(Fault("status", status=403, times=None, match=r"select=:\*,\*.*>= '2024"))
    world.run("reconcile")
    world.portal.faults.clear()
    world.run("incremental")
    assert "the warehouse has none" not in world.last_run()["message"]


def test_max_concurrency_holds_for_the_audit_too(world):
    days = [f"2024-01-{n:02}" for n in range(1, 28, 2)]
    insert(world, *(crime(f"JH{n:06}", f"{day}T10:00:00.000") for n, day in enumerate(days)))
    world.run()
    insert(
        world,
        *(crime(f"JH1{n:05}", f"{day}T10:00:00.000") for n, day in enumerate(days)),
        created_at="2023-12-01T11:02:00.000Z",
        updated_at="2023-12-01T11:02:05.000Z",
    )
    lock, at_once, most = threading.Lock(), [0], [0]

    def meet(seen):
        if ":*" in seen.params.get("$select", ""):
            with lock:
                at_once[0] += 1
                most[0] = max(most[0], at_once[0])
            time.sleep(0.2)
            with lock:
                at_once[0] -= 1

    world.portal.before_answer = meet
    assert world.run(max_concurrency=1).is_completed()
    assert most[0] == 1


@pytest.mark.parametrize("guard", ["retire", "reject"])
def test_a_guard_prints_what_it_would_have_changed_and_its_two_commands_look_and_let_it_pass(
    world, guard, monkeypatch
):
    days = ("02", "03")
    rows = [
        crime(f"JH{day}{n:04}", f"2024-01-{day}T{n % 24:02}:00:00.000") for day in days for n in range(60)
    ]
    ids = insert(world, *rows)
    assert run_main_here(world).code == 0
    if guard == "retire":
        world.store.withdraw(CRIMES, ids[40:80], at=world.now())
    else:
        insert(
            world,
            *(
                crime(f"JH9{day}{n:03}", f"2024-01-{day}T12:00:00.000", ward="99")
                for day in days
                for n in range(20)
            ),
        )
    ended = run_main_here(world)
    assert ended.code == 1
    said = ended.said[ended.said.index("\nwhy ") :]
    assert f"It would have {guard.rstrip('e')}ed 40:\n  by day: 2024-01-02 20, 2024-01-03 20\n" in said
    named = re.findall(r"^  2024-01-0[23] \d\d:\d\d JH\d+ .*\(row-.*\)$", said, re.MULTILINE)
    assert len(named) == 20, "the first 20"
    look, let_pass = re.search(
        r"^Look: (python flows/main\.py .*?)\. .*: (\S.*)$", said, re.MULTILINE
    ).groups()
    before = world.held_ids()
    looked = run_main_here(world, *look.split()[2:])
    assert looked.code == 0
    assert looked.said.count(f"  {guard} 2024-01-") == 20
    assert f"  and 20 more to {guard}\n" in looked.said
    assert world.held_ids() == before
    settings, _, arguments = let_pass.partition("python flows/main.py")
    for setting in settings.split():
        monkeypatch.setenv(*setting.split("="))
    assert run_main_here(world, *arguments.split()).code == 0
    assert world.held_ids() == world.source_ids()
