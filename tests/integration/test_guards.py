"""The guards: a source that breaks is stopped, an ordinary day is not."""

import re
import threading
import time
from dataclasses import replace
from datetime import date

import pytest

from demo.portal_faults import Fault
from demo.shapes import ONE_YEAR
from tasks.datasets import SourceState
from tasks.errors import ConfigError
from tasks.run import connections
from tasks.warehouse import ledger
from tasks.warehouse.audits import read_rows_proven_equal
from tests.integration.conftest import crime
from tests.integration.main_here import run_main_here

pytestmark = pytest.mark.usefixtures("views_left")

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


def test_a_resume_goes_on_with_the_watermark_of_the_run_that_began(world):
    """B10: what changed while it lay unfinished is read again by the next incremental run."""
    insert(world, crime("JH000001", "2024-01-02T10:00:00.000"), crime("JH000002", "2024-01-12T10:00:00.000"))
    began = world.store.rows(CRIMES)[0][":updated_at"]
    world.portal.faults.add(Fault("status", status=403, times=None, match=r"select=:\*,\*.*>= '2024-01-09"))
    assert world.run().is_failed()
    assert world.query("select * from pipeline.watermark") == []
    world.portal.faults.clear()
    insert(world, crime("JH000003", "2024-01-02T11:00:00.000"))
    assert world.run().is_completed()
    assert world.last_run()["kind"] == "resume"
    assert f"{world.value('select watermark from pipeline.watermark'):%Y-%m-%dT%H:%M:%S}" == began[:19]


def test_a_range_settles_no_withdrawal_since_the_successor_may_lie_outside(world):
    _, old, _ = insert(
        world, crime("JH000001", "2024-01-01T10:00:00.000"), crime("JH000002", "2024-01-02T10:00:00.000"),
        crime("JH000003", "2024-01-12T10:00:00.000"),
    )  # fmt: skip
    world.run()
    world.store.recreate(CRIMES, [old], {"date_of_occurrence": "2024-01-11T09:00:00.000"}, at=world.now())
    assert world.run(start=date(2024, 1, 2), end=date(2024, 1, 3)).is_completed()
    assert world.history() == [("JH000002", None)]
    assert world.run().is_completed()
    assert world.history() == [("JH000002", "revised")]


def test_unmoved_is_taken_for_proven_only_by_a_stated_state_and_untouched_rows(world):
    insert(world, crime("JH000001"))
    world.run()
    names = "source_last_modified, source_row_count, source_newest_update, source_oldest_occurrence"
    ((*said,),) = world.query(f"select {names} from pipeline.audits")
    state = SourceState(*said, newest_occurrence=None)

    def proven(state):
        with connections.warehouse().connect() as connection:
            return read_rows_proven_equal(connection, state)

    assert proven(state) == 1
    assert proven(replace(state, row_count=2)) is None
    world.query("update pipeline.windows set ended_at = now()")
    assert proven(state) is None, "rows were changed since"
    world.query("update pipeline.windows set ended_at = started_at")
    assert proven(state) == 1
    # A portal that does not say when it changed: a withdrawal of one row and the return of another would go unseen.
    world.query("update pipeline.audits set source_last_modified = null")
    assert proven(replace(state, last_modified=None)) is None
    connections.close()


def test_a_warehouse_of_another_dataset_is_refused_by_its_name(world):
    insert(world, crime("JH000001"))
    world.run()
    with connections.warehouse().connect() as connection:
        ledger.check_dataset(connection, CRIMES)
        with pytest.raises(ConfigError, match=f"this warehouse holds {CRIMES}"):
            ledger.check_dataset(connection, "ijzp-q8t2")
    connections.close()


HOSTILE = [
    "O'HARE", "'; drop table chicago.crimes; --", 'x"; drop table chicago.crimes; --', "\\'; select 1; --", "$$ or 1=1",
    "%s %(run_id)s %", ":run_id", "{0} {crime_id}", "\\.", "\\N", "a\tb\r\nc", "<script>alert(1)</script>",
    "=1+1", "NULL;",
]  # fmt: skip
STORED_AS_TEXT = {
    ":id": "crime_id", ":version": "version", "case_": "case_number", "block": "block",
    "_primary_decsription": "primary_description", "_secondary_description": "secondary_description",
    "_location_description": "location_description",
}  # fmt: skip
OF_ANOTHER_KIND = [
    "_iucr", "arrest", "domestic", "beat", "ward", "fbi_cd", "x_coordinate", "y_coordinate", "latitude", "longitude",
]  # fmt: skip


def test_hostile_text_in_any_field_is_stored_as_text_or_set_aside_as_it_came(world, monkeypatch):
    """B11: no value is formatted into SQL or SoQL, on its way in or when its case is asked for again."""
    monkeypatch.setenv("MAX_REJECT_SHARE", "1")
    fields = [*STORED_AS_TEXT, *OF_ANOTHER_KIND]
    plain = [crime(f"JH{n:02}{m:04}") for n in range(len(fields)) for m in range(len(HOSTILE))]
    planted = [(field, text) for field in fields for text in HOSTILE]
    rows = [{**row, field: text} for row, (field, text) in zip(plain, planted, strict=True)]
    ids = insert(world, crime("JH900000"), *rows)[1:]
    assert world.run().is_completed()

    def assert_as_published():
        published = {row[":id"]: row for row in world.store.rows(CRIMES)}
        assert world.held_ids() == sorted(published)
        held = {
            row["crime_id"]: row for row in world.frame("select * from chicago.crimes").to_dict("records")
        }
        aside = dict(world.query("select crime_id, raw from pipeline.rejected_rows"))
        assert len(aside) == len(OF_ANOTHER_KIND) * len(HOSTILE)
        for row_id, row in held.items():
            said = {**published[row_id], "block": published[row_id]["block"].upper()}
            assert {field: row[column] for field, column in STORED_AS_TEXT.items()} == {
                field: said[field] for field in STORED_AS_TEXT
            }
        for row_id, raw in aside.items():
            assert {field: raw[field] for field in fields} == {
                field: published[row_id][field] for field in fields
            }

    assert_as_published()
    # Every case is made anew under another id, so that its old id is asked for and its text compared.
    world.store.recreate(CRIMES, [row_id for row_id in ids if row_id not in HOSTILE], at=world.now())
    insert(world, *(crime(row["case_"], block="009XX W LAKE ST") for row in rows))
    assert world.run("incremental").is_completed()
    assert_as_published()
    assert world.history() == []
