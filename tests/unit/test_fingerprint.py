"""Fingerprints: which periods differ, whose turn it is, and how the source is asked."""

from datetime import UTC, date, datetime

from hypothesis import given
from hypothesis import strategies as st

from tasks.datasets import DATASETS
from tasks.proof.fingerprints import differing_periods, months_due
from tasks.source import soql
from tasks.source.fingerprint import Fingerprint

JANUARY, FEBRUARY, MARCH = date(2019, 1, 1), date(2019, 2, 1), date(2019, 3, 1)
STAMP = datetime(2019, 1, 10, 21, tzinfo=UTC)
ONE = Fingerprint(1, 7, STAMP, 100)


def test_a_month_differs_where_any_of_its_sums_does_or_one_side_has_none():
    same = {JANUARY: ONE, FEBRUARY: ONE}
    assert differing_periods(same, dict(same)) == []
    for other in (
        Fingerprint(2, 7, STAMP, 100),
        Fingerprint(1, 8, STAMP, 100),
        Fingerprint(1, 7, datetime(2019, 1, 11, tzinfo=UTC), 100),
        Fingerprint(1, 7, STAMP, 101),
    ):
        assert differing_periods(same, same | {FEBRUARY: other}) == [FEBRUARY]
    assert differing_periods(same, {FEBRUARY: ONE}) == [JANUARY]
    assert differing_periods({}, {MARCH: ONE, JANUARY: ONE, None: ONE}) == [JANUARY, MARCH]


def test_two_groups_are_one_with_the_newest_stamp_of_both():
    assert ONE.with_rows_of(Fingerprint(2, 5, None, 11)) == Fingerprint(3, 12, STAMP, 111)
    assert Fingerprint(0, 0, None, 0).with_rows_of(Fingerprint(1, 1, None, 0)).newest is None


def test_months_never_proven_come_first_and_then_those_proven_the_longest_ago():
    proven = {JANUARY: datetime(2026, 2, 2, tzinfo=UTC), MARCH: datetime(2026, 1, 1, tzinfo=UTC)}
    assert months_due([MARCH, JANUARY, FEBRUARY], proven, 9) == [FEBRUARY, MARCH, JANUARY]
    assert months_due([MARCH, JANUARY, FEBRUARY], proven, 2) == [FEBRUARY, MARCH]


def seconds(moment):
    """Return what SoQL makes of a stamp, done by Python."""
    expression = soql._seconds("f").replace("date_extract_", "")
    for name, value in (
        ("y(f)", moment.year),
        ("mm(f)", moment.minute),
        ("m(f)", moment.month),
        ("d(f)", moment.day),
        ("hh(f)", moment.hour),
        ("ss(f)", moment.second),
    ):
        expression = expression.replace(name, str(value))
    return eval(expression)


@given(
    st.datetimes(datetime(2001, 1, 1), datetime(2100, 1, 1)),
    st.datetimes(datetime(2001, 1, 1), datetime(2100, 1, 1)),
)
def test_a_later_stamp_is_a_larger_number(one, other):
    one, other = one.replace(microsecond=0), other.replace(microsecond=0)
    assert (seconds(one) < seconds(other)) == (one < other)


def test_the_source_is_asked_for_sums_of_each_month():
    select, group = soql.fingerprints(DATASETS["ijzp-q8t2"], "month")
    assert group == "date_trunc_ym(date)"
    assert select.startswith(
        "date_trunc_ym(date) as period, count(*) as row_count, sum(id) as keys, max(:updated_at) as newest, sum("
    )
