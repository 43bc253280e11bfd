"""The ways in which a source changes: each is atomic, and each gives a state of its own."""

import re
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from demo.shapes import HISTORY, ONE_YEAR
from demo.store import DatasetMissingError, Store

AT = datetime(2024, 1, 14, 11, 2, 21, 674_000, tzinfo=UTC)
LATER = AT + timedelta(days=1)
DATASET = ONE_YEAR.id
ROWS = [
    {"case_": f"JH{i}", "date_of_occurrence": f"2024-01-0{i}T10:00:00.000", "arrest": "N", "beat": "511"}
    for i in range(1, 5)
]


@pytest.fixture
def store() -> Iterator[Store]:
    with Store.temporary() as made:
        made.create(ONE_YEAR, ROWS, at=AT)
        yield made


def contents(store: Store) -> list[tuple[tuple[str, object], ...]]:
    rows = [{n: v for n, v in row.items() if not n.startswith(":")} for row in store.rows(DATASET)]
    return sorted(tuple(sorted(row.items())) for row in rows)


def ids(store: Store) -> set[str]:
    return {row[":id"] for row in store.rows(DATASET)}


def id_of(store: Store, case: str) -> str:
    (row,) = store.rows(DATASET, "case_ = ?", [case])
    return str(row[":id"])


def test_ids_and_versions_look_like_the_real_ones(store):
    rows = store.rows(DATASET)
    assert all(re.fullmatch(r"row(-[a-z2-9]{4})[._~-][a-z2-9]{4}[._~-][a-z2-9]{4}", r[":id"]) for r in rows)
    assert all(
        re.fullmatch(r"rv(-[a-z2-9]{4})[._~-][a-z2-9]{4}[._~-][a-z2-9]{4}", r[":version"]) for r in rows
    )
    assert {row[":created_at"] for row in rows} == {"2024-01-14T11:02:21.674Z"}


def test_a_changed_case_comes_back_under_new_system_fields(store):
    before = store.rows(DATASET, "case_ = 'JH2'")[0]
    (new,) = store.recreate(DATASET, [before[":id"]], {"arrest": "Y", "ward": "4"}, at=LATER)
    after = store.rows(DATASET, "case_ = 'JH2'")[0]
    assert after[":id"] == new != before[":id"]
    assert after[":version"] != before[":version"]
    assert (after[":created_at"], after[":updated_at"]) == ("2024-01-15T11:02:21.674Z",) * 2
    assert (after["arrest"], after["ward"], after["beat"]) == ("Y", "4", "511")


def test_withdrawn_rows_just_go(store):
    gone = id_of(store, "JH3")
    assert store.withdraw(DATASET, [gone], at=LATER) == 1
    assert gone not in ids(store)
    assert store.count(DATASET) == 3


def test_rows_before_an_instant_age_out(store):
    assert store.age_out(DATASET, datetime(2024, 1, 3, 10, 0), at=LATER) == 2
    assert {row["case_"] for row in store.rows(DATASET)} == {"JH3", "JH4"}


def test_a_whole_recreation_keeps_the_content_and_no_id(store):
    old_ids, old = ids(store), contents(store)
    assert store.recreate_all(DATASET, at=LATER) == 4
    assert contents(store) == old
    assert not ids(store) & old_ids
    assert {row[":created_at"] for row in store.rows(DATASET)} == {"2024-01-15T11:02:21.674Z"}


def test_a_touch_keeps_ids_and_content_and_no_version(store):
    before = {row[":id"]: row for row in store.rows(DATASET)}
    store.touch_all(DATASET, at=LATER)
    after = {row[":id"]: row for row in store.rows(DATASET)}
    assert after.keys() == before.keys()
    for row_id, row in after.items():
        assert row[":version"] != before[row_id][":version"]
        assert row[":created_at"] == before[row_id][":created_at"]
        assert row[":updated_at"] == "2024-01-15T11:02:21.674Z"
        assert {n: v for n, v in row.items() if n[0] != ":"} == {
            n: v for n, v in before[row_id].items() if n[0] != ":"
        }


def test_late_rows_may_carry_old_stamps_and_equal_ones(store):
    (late,) = store.insert(DATASET, [{"case_": "JH9"}], at=LATER, updated_at="2024-01-01T11:02:00.000Z")
    store.insert(DATASET, [{"case_": "JH8"}], at=LATER, updated_at="2024-01-14T11:02:21.674Z")
    (row,) = store.rows(DATASET, '":id" = ?', [late])
    assert row[":updated_at"] == "2024-01-01T11:02:00.000Z"
    assert "date_of_occurrence" not in row
    assert len(store.rows(DATASET, "\":updated_at\" = '2024-01-14T11:02:21.674'")) == 5


def test_twins_differ_in_system_fields_alone(store):
    twin = {"case_": "JH7", "date_of_occurrence": "2024-01-02T10:00:00.000"}
    store.insert(DATASET, [twin, twin], at=LATER)
    one, other = store.rows(DATASET, "case_ = 'JH7'")
    assert one[":id"] != other[":id"]
    assert {n for n in one if one[n] != other[n]} == {":id", ":version"}


def test_an_edit_in_place_keeps_the_id():
    with Store.temporary() as store:
        store.create(HISTORY, [{"id": "5", "arrest": False, "updated_on": "2024-01-01T00:00:00.000"}], at=AT)
        (before,) = store.rows(HISTORY.id)
        store.edit(HISTORY.id, before[":id"], {"arrest": True}, at=LATER)
        (after,) = store.rows(HISTORY.id)
    assert (after[":id"], after["id"], after["arrest"]) == (before[":id"], "5", True)
    assert after[":version"] != before[":version"]
    assert after["updated_on"] == "2024-01-15T11:02:21.674"


def test_the_whole_content_can_be_another_pulls(store):
    store.replace_all(DATASET, [{":id": "row-aaaa-aaaa-aaaa", "case_": "JH1"}], at=LATER)
    assert [(row[":id"], row["case_"]) for row in store.rows(DATASET)] == [("row-aaaa-aaaa-aaaa", "JH1")]


def test_every_change_gives_another_second_even_within_one_or_backwards(store):
    seen = [store.state(DATASET)]
    for at in (AT, AT, AT - timedelta(days=3), LATER):
        store.insert(DATASET, [{"case_": "JH5"}], at=at)
        seen.append(store.state(DATASET))
    assert [state.number for state in seen] == [1, 2, 3, 4, 5]
    stamps = [state.rows_updated_at for state in seen]
    assert stamps == sorted(set(stamps))
    assert stamps[-1] == int(LATER.timestamp())


def test_a_change_that_fails_changes_nothing(store):
    before, state = store.rows(DATASET), store.state(DATASET)

    def half_a_change() -> None:
        with store.change(DATASET, at=LATER) as change:
            change.insert([{"case_": "JH6"}])
            change.withdraw([before[0][":id"]])
            change.recreate(["row-none-none-none"])

    with pytest.raises(LookupError):
        half_a_change()
    with pytest.raises(sqlite3.IntegrityError):
        store.insert(DATASET, [{":id": before[0][":id"]}], at=LATER)
    with pytest.raises(sqlite3.IntegrityError):
        store.replace_all(DATASET, [{":id": "row-same-same-same"}] * 2, at=LATER)
    with pytest.raises(ValueError, match="no_such_field"):
        store.insert(DATASET, [{"no_such_field": "1"}], at=LATER)
    assert (store.rows(DATASET), store.state(DATASET)) == (before, state)


def test_several_changes_at_once_are_one_state(store):
    with store.change(DATASET, at=LATER) as change:
        change.insert([{"case_": "JH6"}])
        change.withdraw([id_of(store, "JH1")])
        assert store.count(DATASET) == 4  # readers see it when it is done
    assert (store.count(DATASET), store.state(DATASET).number) == (4, 2)
    assert {row["case_"] for row in store.rows(DATASET)} == {"JH2", "JH3", "JH4", "JH6"}


def test_another_opening_of_the_file_sees_the_change(store):
    with Store(store.path) as other:
        other.insert(DATASET, [{"case_": "JH6"}], at=LATER)
    assert store.count(DATASET) == 5


def test_a_snapshot_sees_one_state_to_its_end(store):
    with store.snapshot() as snapshot:
        before = snapshot.state(DATASET)
        store.insert(DATASET, [{"case_": "JH6"}], at=LATER)
        assert snapshot.state(DATASET) == before
    assert store.state(DATASET) != before


def test_bad_values_can_be_planted_and_come_back_as_they_are(store):
    bad = {
        "case_": 'a"b\\\x00',
        "date_of_occurrence": "not a date",
        "latitude": "n/a",
        "x_coordinate": "9" * 11,
    }
    store.insert(DATASET, [bad], at=LATER)
    (row,) = store.rows(DATASET, "latitude = 'n/a'")
    assert {name: row[name] for name in bad} == bad


def test_an_unknown_dataset_is_named():
    with Store.temporary() as store, pytest.raises(DatasetMissingError, match="abcd-efgh"):
        store.state("abcd-efgh")


def test_a_temporary_store_leaves_nothing_behind():
    with Store.temporary() as store:
        folder = store.path.parent
        assert folder.exists()
    assert not folder.exists()
