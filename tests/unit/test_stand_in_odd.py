"""Odd values of the stand-in portal: dates beyond the calendar, and pages that it cuts short."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import urlencode

import pytest

from demo.answers import Answers
from demo.shapes import HISTORY, ONE_YEAR
from demo.store import Store

AT = datetime(2024, 1, 14, 11, 2, 21, tzinfo=UTC)
DATES = [
    "0205-01-05T10:00:00.000",
    "2024-01-05T10:00:00.000",
    "9999-12-31T10:00:00.000",
    "20205-01-05T10:00:00.000",
]


@pytest.fixture
def answers() -> Iterator[Answers]:
    """Give four rows, one a date, in another order."""
    with Store.temporary() as store:
        store.create(ONE_YEAR, [{"case_": date, "date_of_occurrence": date} for date in DATES[::-1]], at=AT)
        yield Answers(store)


def fetch(answers: Answers, **clauses: object) -> list[dict[str, str]]:
    params = urlencode({f"${name}": str(value) for name, value in clauses.items()})
    return list(json.loads(answers.get(f"/resource/{ONE_YEAR.id}.json?{params}").body))


@pytest.mark.parametrize("select", ["date_of_occurrence", "date_of_occurrence, beat", ":*, *"])
def test_a_year_of_five_digits_comes_after_all_others_and_is_published_as_it_is(answers, select):
    """A timestamp is ordered by time, and not as the text that it is written in."""
    rows = fetch(answers, select=select, order="date_of_occurrence")
    assert [row["date_of_occurrence"] for row in rows] == DATES
    assert fetch(answers, select="min(date_of_occurrence) as a, max(date_of_occurrence) as b") == [
        {"a": DATES[0], "b": DATES[-1]}
    ]
    later = fetch(answers, select="case_", where="date_of_occurrence > '9999-12-31T23:59:59.999'")
    assert later == [{"case_": DATES[-1]}]


def test_a_server_that_caps_its_pages_sends_fewer_rows_than_were_asked_for_and_says_nothing(answers):
    answers.page_cap = 3
    assert len(fetch(answers, select="case_", limit=50_000)) == 3
    assert fetch(answers, select="count(*) as row_count") == [{"row_count": "4"}]


def test_an_id_may_stand_on_two_rows_of_the_whole_history():
    with Store.temporary() as store:
        store.create(HISTORY, [{"id": "5"}, {"id": "5", "arrest": True}], at=AT)
        rows = store.rows(HISTORY.id, "id = 5")
        assert len({row[":id"] for row in rows}) == len({row[":version"] for row in rows}) == 2
