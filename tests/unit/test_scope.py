"""From when on rows are in scope, and how late the source's span may begin. Pure."""

from datetime import UTC, datetime, timedelta

import pytest

from tasks.datasets import DATASETS
from tasks.sync.scope import Scope, explained_start, to_scope

YEAR, HISTORY = DATASETS["x2n5-8w5q"], DATASETS["ijzp-q8t2"]
NEWEST = datetime(2024, 1, 15, 11, 2, 27, tzinfo=UTC)  # 05:02:27 in Chicago
AGE = timedelta(days=372 + 31)


@pytest.mark.parametrize(
    ("longest", "latest"),
    [
        (None, datetime(2023, 1, 9, 5, 2, 27)),  # 372 days before the load, and a day
        (timedelta(days=60), datetime(2023, 11, 17, 5, 2, 27)),  # the source never had more
        (timedelta(days=700), datetime(2023, 1, 9, 5, 2, 27)),  # one wrong year is no span
    ],
)
def test_the_span_may_begin_as_late_as_the_retention_or_the_longest_proof_explains(longest, latest):
    assert explained_start(YEAR, NEWEST, longest) == latest


def test_nothing_explains_a_start_where_rows_stay_for_ever_or_no_stamp_counts():
    assert explained_start(HISTORY, NEWEST, None) is None
    assert explained_start(YEAR, None, timedelta(days=60)) is None


def test_a_few_rows_before_the_last_proof_do_not_begin_the_span():
    proven, odd = datetime(2023, 11, 11), datetime(2023, 3, 5)
    assert to_scope(YEAR, odd, NEWEST, proven, 0, reaches_back=False) == Scope(proven, AGE)
    assert to_scope(YEAR, odd, NEWEST, proven, 0) == Scope(odd, AGE)
    # Nor does one of a wrong year, and no share of all rows speaks for it.
    assert to_scope(YEAR, datetime(205, 1, 5), NEWEST, proven, 0.001) == Scope(proven, AGE)
