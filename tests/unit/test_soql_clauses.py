"""Clauses of SoQL: values are escaped, times are written as the source writes them, windows become their filters."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.datasets import DATASETS
from tasks.errors import SourceError
from tasks.source import soql
from tasks.windows import UNDATED, Window

PROFILE = DATASETS["x2n5-8w5q"]
WHOLE_HISTORY = DATASETS["ijzp-q8t2"]


def unquoted(text):
    """Return the value of a SoQL text literal, or fail where it ends too early."""
    assert text[0] == text[-1] == "'"
    inner = text[1:-1]
    assert "'" not in inner.replace("''", "")
    return inner.replace("''", "'")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("O'HARE", "'O''HARE'"),
        ("'", "''''"),
        ("", "''"),
        ("x' or '1'='1", "'x'' or ''1''=''1'"),
        ("plain", "'plain'"),
    ],
)
def test_an_apostrophe_is_doubled(value, text):
    """B11"""
    assert soql.literal(value) == text


@given(st.text())
def test_no_value_ends_its_own_literal(value):
    assert unquoted(soql.literal(value)) == value


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2024, 3, 10, 2, 30), "'2024-03-10T02:30:00.000'"),
        (datetime(2024, 1, 2, 10, 0, 0, 123999), "'2024-01-02T10:00:00.123'"),
        (datetime(1, 1, 1), "'0001-01-01T00:00:00.000'"),
        (datetime(9999, 12, 31, 23, 59), "'9999-12-31T23:59:00.000'"),
    ],
)
def test_a_wall_clock_time_has_milliseconds_and_no_zone(moment, text):
    assert soql.wall_clock(moment) == text


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2023, 11, 14, 11, 2, 1, 256000, tzinfo=UTC), "'2023-11-14T11:02:01.256Z'"),
        (
            datetime(2023, 11, 14, 5, 2, 1, 999999, tzinfo=timezone(timedelta(hours=-6))),
            "'2023-11-14T11:02:01.999Z'",
        ),
        (datetime(970, 1, 1, tzinfo=UTC), "'0970-01-01T00:00:00.000Z'"),
    ],
)
def test_an_instant_is_converted_to_utc_and_cut_to_milliseconds(moment, text):
    """Cut and not rounded: a watermark that is rounded up passes over a row."""
    assert soql.instant(moment) == text


def test_a_time_without_a_zone_is_no_instant():
    """B08: the zone of the container must not decide what is read."""
    with pytest.raises(ValueError, match="no zone"):
        soql.instant(datetime(2024, 1, 1))


@pytest.mark.parametrize("kind", ["occurrence", "repair"])
def test_a_window_of_occurrence_includes_its_start_and_not_its_end(kind):
    window = Window(kind, datetime(2024, 1, 1), datetime(2024, 1, 8))
    assert soql.in_window(PROFILE, window) == (
        "date_of_occurrence >= '2024-01-01T00:00:00.000' and date_of_occurrence < '2024-01-08T00:00:00.000'"
    )


def test_a_window_without_an_end_asks_for_all_that_is_later():
    window = Window("occurrence", datetime(2024, 1, 15), None)
    assert soql.in_window(PROFILE, window) == "date_of_occurrence >= '2024-01-15T00:00:00.000'"


def test_a_window_without_bounds_asks_for_all_rows_with_a_time():
    assert soql.in_window(PROFILE, Window("occurrence")) == "date_of_occurrence is not null"


def test_rows_without_a_time_are_a_window():
    assert soql.in_window(PROFILE, UNDATED) == "date_of_occurrence is null"


def test_an_incremental_window_includes_its_instant():
    """B09: rows that share the newest stamp are read again."""
    window = Window("incremental", since=datetime(2024, 1, 14, 11, 2, tzinfo=UTC))
    assert soql.in_window(PROFILE, window) == ":updated_at >= '2024-01-14T11:02:00.000Z'"


def test_an_incremental_window_without_an_instant_is_refused():
    with pytest.raises(SourceError, match="instant"):
        soql.in_window(PROFILE, Window("incremental"))


def test_one_of_several_keys_is_a_list_of_literals_of_their_type():
    assert soql.one_of_keys(PROFILE, ["row-a", "it's"]) == ":id in ('row-a', 'it''s')"
    assert soql.one_of_keys(WHOLE_HISTORY, ["13", "2"]) == "id in (13, 2)"


def test_pages_of_a_numeric_key_go_on_after_a_number():
    assert soql.after_key(PROFILE, "row-a") == ":id > 'row-a'"
    assert soql.after_key(WHOLE_HISTORY, "13") == "id > 13"
    for key in ("13 or 1=1", "-1", "1.0", "", "²"):
        with pytest.raises(SourceError, match="that has to be a number"):
            soql.after_key(WHOLE_HISTORY, key)


@pytest.mark.parametrize(
    ("first", "second", "text"),
    [
        (None, None, None),
        ("a = 1", None, "a = 1"),
        (None, "b = 2", "b = 2"),
        ("a = 1 or c = 3", "b = 2", "(a = 1 or c = 3) and (b = 2)"),
    ],
)
def test_two_filters_are_joined_each_in_brackets(first, second, text):
    assert soql.both(first, second) == text
