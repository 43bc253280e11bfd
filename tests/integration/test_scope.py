"""Which rows have aged out of the source, and which only look so."""

from datetime import datetime

import pytest

from demo.shapes import ONE_YEAR
from tests.integration.conftest import crime

pytestmark = pytest.mark.usefixtures("views_left")

CRIMES = ONE_YEAR.id


def insert(world, *rows, **stamps):
    """Insert rows at the source and return their ids."""
    return world.store.insert(CRIMES, rows, at=world.now(), **stamps)


def test_the_oldest_row_made_anew_with_a_later_date_is_one_row_and_a_revision(world):
    (old,) = insert(world, crime("JH000001", "2024-01-01T08:00:00.000"))
    insert(world, crime("JH000002", "2024-01-03T10:00:00.000"))
    world.run()
    world.store.recreate(CRIMES, [old], {"date_of_occurrence": "2024-01-02T08:00:00.000"}, at=world.now())
    assert world.run().is_completed()
    assert world.run("reconcile").is_completed()
    assert world.value("select count(*) from chicago.crimes where case_number = 'JH000001'") == 1


def test_a_row_of_a_wrong_year_that_is_corrected_leaves_no_ghost(world):
    insert(world, crime("JH000002", "2024-01-03T10:00:00.000"))
    world.run()
    (typo,) = insert(world, crime("JH000001", "1924-01-02T08:00:00.000"))
    assert world.run().is_completed()
    world.store.recreate(CRIMES, [typo], {"date_of_occurrence": "2024-01-03T08:00:00.000"}, at=world.now())
    assert world.run().is_completed()
    assert world.run("reconcile").is_completed()
    assert world.value("select count(*) from chicago.crimes where case_number = 'JH000001'") == 1


def test_a_row_of_a_wrong_year_does_not_retire_what_aged_out(world):
    insert(
        world,
        *(crime(f"JH00{n:04}", f"2023-01-{n + 1:02}T10:00:00.000") for n in range(15)),
        *(crime(f"JH10{n:04}", f"2024-01-{n + 1:02}T10:00:00.000") for n in range(10)),
    )
    world.run()
    world.store.age_out(CRIMES, datetime(2024, 1, 1), at=world.now())
    assert world.run().is_completed()
    assert world.value("select count(*) from chicago.crimes") == 25
    insert(world, crime("JH200000", "1924-01-05T10:00:00.000"))
    world.run()
    assert world.value("select count(*) from chicago.crimes") == 26
    assert world.history() == []


def test_a_source_that_reaches_back_again_under_the_same_ids_doubles_nothing(world):
    insert(world, crime("JH000001", "2024-01-01T10:00:00.000"), crime("JH000002", "2024-01-05T10:00:00.000"))
    world.run()
    old = [row for row in world.store.rows(CRIMES) if row["case_"] == "JH000001"]
    world.store.age_out(CRIMES, datetime(2024, 1, 3), at=world.now())
    assert world.run().is_completed()
    world.store.insert(CRIMES, old, at=world.now())
    assert world.run().is_completed()
    assert world.value("select count(*) from chicago.crimes") == 2
    assert world.history() == []


def test_a_year_0000_is_one_rejected_row_and_not_the_end_of_all_runs(world):
    insert(world, *(crime(f"JH{n:06}") for n in range(5)))
    world.run()
    insert(world, crime("JH900000", "0000-01-02T10:00:00.000"))
    state = world.run()
    assert state.is_completed()
