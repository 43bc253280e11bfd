"""Pairing: which newer row of a case replaced a row that left.

Each replaces one; as many find one as can; and of all such pairings it is the one whose rows are least unlike.
"""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.proof.settle import Settlement, UnsettledRow, pair_revisions, pair_same_keys

SETTLED = datetime(2024, 1, 14, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def row(crime_id, loaded, *, gone=False, case="JH000001", day=2, was_there_before=False, **content):
    """Return a row of a case; `loaded` is in hours after reasons were last settled, below 0 before it."""
    came = loaded > 0
    return UnsettledRow(
        crime_id=crime_id,
        case_number=case,
        date_of_occurrence=datetime(2024, 1, day),
        content={"iucr": "0820", "arrest": False, **content},
        loaded_at=SETTLED + loaded * HOUR,
        retired_at=SETTLED + 10 * HOUR if gone else None,
        is_gone=gone,
        is_come=came,
        was_there_before=came and was_there_before,
    )


def pairs_of(*rows):
    """Return what replaced each row that left, None for nothing."""
    return {settled.crime_id: settled.replaced_by for settled in pair_revisions(rows)}


def test_nothing_left_and_there_is_nothing_to_settle():
    assert pair_revisions([]) == []
    assert pair_revisions([row("new", 1)]) == []


def test_a_row_that_left_is_replaced_by_the_newer_row_of_its_case():
    old = row("old", -1, gone=True)
    assert pair_revisions([old, row("new", 1)]) == [Settlement("old", old.retired_at, "new")]


def test_a_row_of_another_case_replaces_nothing():
    assert pairs_of(row("old", -1, gone=True), row("new", 1, case="JH000002")) == {"old": None}


def test_a_row_that_left_and_has_no_newer_row_was_withdrawn():
    assert pairs_of(row("old", -1, gone=True)) == {"old": None}


def test_no_row_replaces_itself_or_one_that_came_with_it():
    assert pairs_of(row("old", 1, gone=True)) == {"old": None}
    assert pairs_of(row("old", 1, gone=True), row("twin", 1)) == {"old": None}


def test_versions_that_came_and_went_between_two_runs_are_a_chain():
    first, second, third = row("v1", -1, gone=True), row("v2", 1, gone=True), row("v3", 2)
    assert pairs_of(first, second, third) == {"v1": "v2", "v2": "v3"}


def test_a_chain_ends_withdrawn_where_its_last_version_left_too():
    rows = [row("v1", -1, gone=True), row("v2", 1, gone=True), row("v3", 2, gone=True)]
    assert pairs_of(*rows) == {"v1": "v2", "v2": "v3", "v3": None}


def test_one_new_row_replaces_one_old_row_and_not_two():
    pairs = pairs_of(row("a", -1, gone=True), row("b", -2, gone=True), row("new", 1))
    assert sorted(pairs.values(), key=str) == [None, "new"]


def test_each_victim_of_a_homicide_gets_its_own_successor():
    """B19: a case number is no key; what the rows say tells the victims apart."""
    old = [row("a", -1, gone=True, iucr="0110"), row("b", -1, gone=True, iucr="0130", day=3)]
    new = [row("y", 1, iucr="0130", day=3), row("z", 1, iucr="0110")]
    assert pairs_of(*old, *new) == {"a": "z", "b": "y"}


def test_rows_are_told_apart_by_every_column():
    old = [
        row("a", -1, gone=True, block="001XX N STATE ST"),
        row("b", -1, gone=True, block="009XX W LAKE ST"),
    ]
    new = [
        row("y", 1, block="009XX W LAKE ST", arrest=True),
        row("z", 1, block="001XX N STATE ST", arrest=True),
    ]
    assert pairs_of(*old, *new) == {"a": "z", "b": "y"}


def test_the_pairs_of_a_case_are_chosen_together_and_not_one_after_another():
    """Each by itself is nearest to `y`; only all of them together tell that `a` has to be content with `z`."""
    old = [row("a", -1, gone=True, ward=1, beat="1"), row("b", -2, gone=True, ward=2, beat="2")]
    new = [row("y", 1, ward=1, beat="1"), row("z", 1, ward=1, beat="9", fbi_code="06")]
    assert pairs_of(*old, *new) == {"a": "y", "b": "z"}
    old = [row("a", -1, gone=True, ward=1, beat="1"), row("b", -2, gone=True, ward=1, beat="3", block="X")]
    new = [row("y", 1, ward=1, beat="1", block="X"), row("z", 1, ward=1, beat="1", block="Y")]
    assert pairs_of(*old, *new) == {"a": "z", "b": "y"}


def test_twins_that_differ_in_nothing_are_replaced_one_to_one():
    pairs = pairs_of(
        *(row(f"old{n}", -1, gone=True) for n in range(3)), *(row(f"new{n}", 1) for n in range(3))
    )
    assert sorted(pairs) == ["old0", "old1", "old2"]
    assert sorted(pairs.values()) == ["new0", "new1", "new2"]


def test_one_victim_less_is_one_withdrawn_and_the_others_revised():
    pairs = pairs_of(
        *(row(f"old{n}", -1, gone=True) for n in range(3)), *(row(f"new{n}", 1) for n in range(2))
    )
    assert sorted(pairs.values(), key=str) == [None, "new0", "new1"]


def test_a_sibling_that_was_there_before_and_was_only_read_later_is_no_successor():
    """Both came in this run; only the source's stamp says that one did not follow the other."""
    rows = [row("a", 1, gone=True), row("b", 2, was_there_before=True)]
    assert pairs_of(*rows) == {"a": None}
    assert pairs_of(*rows, row("c", 3)) == {"a": "c"}


def test_a_row_held_since_an_earlier_run_may_be_replaced_by_any_that_came():
    assert pairs_of(row("a", -1, gone=True), row("b", 2, was_there_before=True)) == {"a": "b"}


def test_a_row_without_a_time_or_code_can_replace_one():
    rejected = UnsettledRow("bad", "JH000001", None, {}, SETTLED + HOUR, None, False, True, None)
    assert pairs_of(row("old", -1, gone=True), rejected) == {"old": "bad"}


@st.composite
def small_cases(draw):
    """Draw a few rows of two cases, as a run may find them."""
    return [
        row(
            f"row-{number}",
            draw(st.integers(-2, 3).filter(bool)),
            gone=draw(st.booleans()),
            case=draw(st.sampled_from(["JH000001", "JH000001", "JH000002"])),
            iucr=draw(st.sampled_from(["0110", "0130"])),
            arrest=draw(st.booleans()),
            ward=draw(st.integers(1, 2)),
            day=draw(st.integers(1, 2)),
            was_there_before=draw(st.booleans()),
        )
        for number in range(draw(st.integers(0, 6)))
    ]


def may_replace(new, old):
    """Say, in other words than the code, whether a row can have followed another."""
    is_later_row_of_case = (
        new.case_number == old.case_number and new.loaded_at > old.loaded_at and new.is_come
    )
    return is_later_row_of_case and (new.loaded_at > SETTLED >= old.loaded_at or not new.was_there_before)


def unlikeness(new, old):
    """Return in how many of the columns that the drawn rows have two of them differ."""
    same = [new.date_of_occurrence == old.date_of_occurrence]
    same += [new.content[column] == old.content[column] for column in ("iucr", "arrest", "ward")]
    return same.count(False)


def best_pairing(gone, free):
    """Return the most pairs that there can be and, negative, how unlike the rows of the best such pairing are."""
    if not gone:
        return (0, 0)
    old, others = gone[0], gone[1:]
    found = [best_pairing(others, free)]
    for new in free:
        if new is not old and may_replace(new, old):
            pairs, unlike = best_pairing(others, [one for one in free if one is not new])
            found.append((pairs + 1, unlike - unlikeness(new, old)))
    return max(found)


@given(small_cases())
def test_pairs_are_one_to_one_possible_as_many_as_can_be_and_the_least_unlike(rows):
    by_id = {each.crime_id: each for each in rows}
    gone = [each for each in rows if each.is_gone]
    settlements = pair_revisions(rows)
    assert sorted(settled.crime_id for settled in settlements) == sorted(each.crime_id for each in gone)
    paired = [settled for settled in settlements if settled.replaced_by is not None]
    assert len({settled.replaced_by for settled in paired}) == len(paired)
    assert all(may_replace(by_id[settled.replaced_by], by_id[settled.crime_id]) for settled in paired)
    unlike = sum(unlikeness(by_id[pair.replaced_by], by_id[pair.crime_id]) for pair in paired)
    assert (len(paired), -unlike) == best_pairing(gone, rows)


@given(small_cases().flatmap(lambda rows: st.tuples(st.just(rows), st.permutations(rows))))
def test_the_order_in_which_rows_are_read_does_not_matter(orders):
    one, other = orders
    assert pair_revisions(one) == pair_revisions(other)


@pytest.mark.parametrize("hours", [1, 2])
def test_a_row_retired_by_this_run_after_it_came_by_this_run_is_settled_once(hours):
    first, again = row("a", 1, gone=True), row("b", 1 + hours)
    assert pair_revisions([first, again]) == [Settlement("a", first.retired_at, "b")]


def test_where_rows_keep_their_id_only_the_same_id_come_later_replaces_a_row():
    moved, went = row("1", -1, gone=True), row("2", -1, gone=True)
    came = [row("1", 1, case="JH000009", was_there_before=True), row("3", 1)]
    assert pair_same_keys([moved, went, *came]) == [
        Settlement("1", moved.retired_at, "1"),
        Settlement("2", went.retired_at, None),
    ]
    assert pair_same_keys([row("1", 1, gone=True)]) == [Settlement("1", moved.retired_at, None)]


def test_a_row_that_went_twice_and_came_twice_is_replaced_twice():
    first, again = row("1", -1, gone=True), row("1", 1, gone=True)
    assert [settled.replaced_by for settled in pair_same_keys([first, again, row("1", 2)])] == ["1", "1"]
    assert [settled.replaced_by for settled in pair_same_keys([first, again])] == ["1", None]
