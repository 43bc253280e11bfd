"""Paging: what is safe, and what loses rows, as on the real portal."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from demo.answers import Answers
from demo.shapes import ONE_YEAR
from demo.store import Store

AT = datetime(2024, 1, 14, 11, 2, 21, tzinfo=UTC)
LIMIT = 7


@pytest.fixture(scope="module")
def answers() -> Iterator[Answers]:
    """Groups of 0, 1, limit, limit + 1, twice the limit and some more rows; all share one stamp."""
    with Store.temporary() as store:
        sizes = (0, 1, LIMIT - 1, LIMIT, LIMIT + 1, 2 * LIMIT, 2 * LIMIT + 1, 100)
        rows = [{"case_": f"JK{i}", "beat": str(size)} for size in sizes for i in range(size)]
        store.create(ONE_YEAR, rows, at=AT)
        yield Answers(store)


def fetch(answers: Answers, **clauses: object) -> list[dict[str, str]]:
    params = {f"${name}": str(value) for name, value in clauses.items()}
    answer = answers.get(f"/resource/{ONE_YEAR.id}.json?{urlencode(params)}")
    assert answer.status == 200, answer.body
    return list(json.loads(answer.body))


def pages_by_key(answers: Answers, where: str, limit: int) -> list[str]:
    out: list[str] = []
    while True:
        after = f" and :id > '{out[-1]}'" if out else ""
        page = fetch(answers, select=":id", where=where + after, order=":id", limit=limit)
        out += [row[":id"] for row in page]
        if len(page) < limit:
            return out


def pages_by_offset(answers: Answers, where: str, limit: int, **order: str) -> list[str]:
    out: list[str] = []
    while True:
        page = fetch(answers, select=":id", where=where, limit=limit, offset=len(out), **order)
        out += [row[":id"] for row in page]
        if len(page) < limit:
            return out


def by_offset_in_order(answers: Answers, where: str, limit: int) -> list[str]:
    return pages_by_offset(answers, where, limit, order="beat, :id")


@pytest.mark.parametrize("read", [pages_by_key, by_offset_in_order])
@pytest.mark.parametrize("size", [0, 1, LIMIT - 1, LIMIT, LIMIT + 1, 2 * LIMIT, 2 * LIMIT + 1, 100])
def test_ordered_pages_give_every_row_once(
    answers, size: int, read: Callable[[Answers, str, int], list[str]]
):
    found = read(answers, f"beat = {size}", LIMIT)
    assert len(found) == len(set(found)) == size
    assert found == sorted(found)


@settings(deadline=None, max_examples=40)
@given(limit=st.integers(1, 120), size=st.sampled_from([0, 1, LIMIT, LIMIT + 1, 2 * LIMIT, 100]))
def test_any_page_size_gives_every_row_once(answers, limit, size):
    by_key = pages_by_key(answers, f"beat = {size}", limit)
    assert by_key == by_offset_in_order(answers, f"beat = {size}", limit)
    assert len(set(by_key)) == len(by_key) == size


@pytest.mark.parametrize("order", [{}, {"order": ":updated_at"}, {"order": "beat desc"}])
def test_pages_without_a_total_order_lose_and_repeat_rows(answers, order):
    found = pages_by_offset(answers, "beat = 100", LIMIT, **order)
    assert len(found) == 100
    assert len(set(found)) < 100


def test_unordered_answers_differ_from_request_to_request_and_agree_for_a_seed(answers):
    again = Answers(answers.store, seed=3)
    once_more = Answers(answers.store, seed=3)
    first, second = fetch(again, where="beat = 100"), fetch(again, where="beat = 100")
    assert first != second
    assert [fetch(once_more, where="beat = 100") for _ in range(2)] == [first, second]


def test_groups_without_an_order_are_shuffled_too(answers):
    clauses = {"select": "case_, count(*)", "group": "case_", "limit": 5}
    assert len({json.dumps(fetch(answers, **clauses)) for _ in range(5)}) > 1


def test_groups_are_those_of_the_state_that_the_source_is_in_now():
    clauses = {"select": "case_, count(*) as rows", "group": "case_"}
    with Store.temporary() as store:
        store.create(ONE_YEAR, [{"case_": f"JK{i}"} for i in range(20)], at=AT)
        answers = Answers(store)
        answered = [fetch(answers, **clauses) for _ in range(5)]
        assert all(sorted(one, key=str) == sorted(answered[0], key=str) for one in answered)
        assert len({json.dumps(one) for one in answered}) > 1
        store.insert(ONE_YEAR.id, [{"case_": "JK3"}], at=AT)
        assert {"case_": "JK3", "rows": "2"} in fetch(answers, **clauses)


def test_the_default_limit_is_a_thousand_rows():
    with Store.temporary() as store:
        store.create(ONE_YEAR, [{"case_": str(i)} for i in range(1001)], at=AT)
        assert len(fetch(Answers(store))) == 1000
        assert len(fetch(Answers(store), limit=50_000)) == 1001
