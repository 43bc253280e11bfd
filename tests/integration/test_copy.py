"""COPY into a real PostgreSQL: what stands in a frame stands in the table, whatever characters it is made of."""

import math
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, text

from tasks.contract.crimes import TEXT
from tasks.warehouse.copy import copy_frame, copy_rows

# What another test of this worker left open is that test's fault, whenever it is collected.
pytestmark = pytest.mark.filterwarnings("error", "ignore::pytest.PytestUnraisableExceptionWarning")

HARD_TEXTS = [
    "plain", "", " outer spaces ", "O'HARE", 'say "so"', '"', '""', ",", "a,b", ";", "\t", "a\tb", "\\", "\\\\", "\\N",
    "\\.", "\\n", "NULL", "null", "None", "nan", "NaN", "é", "ÅNGSTRÖM", "😀", "\u200b", "\ufeff", "\x01", "\x7f",
    "\u2028", "0820", "-1", "=1+1", "%s", ":name", "$$", "{}", "x" * 10_000,
]  # fmt: skip
LINE_BREAKS = [
    "\n",
    "\r",
    "\r\n",
    "a\nb",
    "\\.\n",
    "\n\\.\n",
    "a\r\n\\.\r\nb",
    '"\n\\.\n"',
    'a,\n"b"\tc\\d\n',
]


@pytest.fixture(scope="module")
def server(postgres):
    """Give an engine on the session's PostgreSQL; no test here keeps anything."""
    engine = create_engine(
        "postgresql+psycopg://", creator=lambda: psycopg.connect(postgres.conninfo("postgres"))
    )
    yield engine
    engine.dispose()


@pytest.fixture
def connection(server):
    """Give a connection in a transaction that is not kept."""
    with server.connect() as opened:
        yield opened


def copied(connection, frame, types):
    """Return the rows of a new table with columns of these types, in the order in which the frame was copied."""
    columns = ", ".join(f'"{name}" {kind}' for name, kind in types.items())
    connection.execute(
        text(f"drop table if exists copied; create temporary table copied (place serial, {columns})")
    )
    copy_frame(connection, "copied", frame)
    names = ", ".join(f'"{name}"' for name in types)
    return [tuple(row) for row in connection.execute(text(f"select {names} from copied order by place"))]


def texts(values):
    return pd.DataFrame({"value": pd.array(values, dtype=TEXT)})


@pytest.mark.parametrize("values", [HARD_TEXTS, [*HARD_TEXTS, *LINE_BREAKS]], ids=["one line", "line breaks"])
def test_text_is_stored_as_it_stands(connection, values):
    """Quotes, commas, tabs, backslashes, a line that is the end-of-data mark: all are text."""
    assert copied(connection, texts(values), {"value": "text"}) == [(value,) for value in values]


@pytest.mark.parametrize("value", HARD_TEXTS + LINE_BREAKS, ids=ascii)
def test_each_text_is_stored_alone_and_the_row_after_it_too(connection, value):
    assert copied(connection, texts([value, "after"]), {"value": "text"}) == [(value,), ("after",)]


@pytest.mark.parametrize("values", [[None, "", "x"], [None, "", "x\ny"], [None], [None, None, ""]])
def test_a_missing_text_is_null_and_an_empty_one_is_empty(connection, values):
    assert copied(connection, texts(values), {"value": "text"}) == [(value,) for value in values]


@pytest.mark.parametrize("dtype", [object, "str", TEXT])
def test_a_missing_text_is_null_in_every_type_of_column(connection, dtype):
    frame = pd.DataFrame({"value": pd.Series(["a", None, "b\nc"], dtype=dtype)})
    assert copied(connection, frame, {"value": "text"}) == [("a",), (None,), ("b\nc",)]
    assert copied(connection, frame.iloc[:2], {"value": "text"}) == [("a",), (None,)]


TYPES = {
    "name": "text",
    "flag": "boolean",
    "small": "smallint",
    "whole": "integer",
    "real": "double precision",
    "numpy_real": "double precision",
    "clock": "timestamp without time zone",
    "instant": "timestamp with time zone",
    "nothing": "text",
}
ROWS = [
    (
        "a", True, 1, 2**31 - 1, 41.883495, 0.1,
        datetime(2024, 3, 10, 2, 30), datetime(2023, 11, 14, 11, 2, 1, 256000, tzinfo=UTC), None,
    ),
    ("b", False, -(2**15), -(2**31), 5e-324, -1e300, datetime(1, 1, 1), datetime(1970, 1, 1, tzinfo=UTC), None),
    (None,) * 9,
    (
        "c", None, 0, 0, -87.62787312345678, 1e16,
        datetime(9999, 12, 31, 23, 59, 59, 999999), datetime(9998, 12, 31, 23, 59, 59, 999999, tzinfo=UTC), None,
    ),
]  # fmt: skip


def typed_frame(names):
    """Return `ROWS` as a frame with other names."""
    columns = dict(zip(TYPES, zip(*ROWS, strict=True), strict=True))
    clocks = [None if moment is None else np.datetime64(moment, "us") for moment in columns["clock"]]
    instants = [moment and np.datetime64(moment.replace(tzinfo=None), "us") for moment in columns["instant"]]
    return pd.DataFrame(
        {
            "name": pd.array(names, dtype=TEXT),
            "flag": pd.array(columns["flag"], dtype="boolean"),
            "small": pd.array(columns["small"], dtype="Int16"),
            "whole": pd.array(columns["whole"], dtype="Int32"),
            "real": pd.array(columns["real"], dtype="Float64"),
            "numpy_real": np.array([math.nan if real is None else real for real in columns["numpy_real"]]),
            "clock": pd.Series(np.array(clocks, dtype="datetime64[us]")),
            "instant": pd.Series(np.array(instants, dtype="datetime64[us]")).dt.tz_localize("UTC"),
            "nothing": pd.array(columns["nothing"], dtype=TEXT),
        }
    )


@pytest.mark.parametrize("suffix", ["", "\n"], ids=["plain", "line breaks"])
@pytest.mark.parametrize("zone", ["UTC", "America/Chicago", "Asia/Kolkata"])
def test_every_type_is_stored_exactly_and_missing_is_null(connection, suffix, zone):
    """B08, B15: numbers to the last digit, clocks and instants in any zone of the session, and no NaN."""
    connection.execute(text(f"set local time zone '{zone}'"))
    names = [None if row[0] is None else row[0] + suffix for row in ROWS]
    expected = [(name, *row[1:]) for name, row in zip(names, ROWS, strict=True)]
    assert copied(connection, typed_frame(names), TYPES) == expected


def test_nan_is_null_in_every_type_of_number(connection):
    frame = pd.DataFrame({"real": [1.5, math.nan], "masked": pd.array([math.nan, 2.5], dtype="Float64")})
    types = dict.fromkeys(frame.columns, "double precision")
    assert copied(connection, frame, types) == [(1.5, None), (None, 2.5)]


@pytest.mark.parametrize("dtype", [object, TEXT, "Int16", "boolean", "datetime64[us, UTC]"])
def test_an_empty_frame_adds_no_row(connection, dtype):
    frame = pd.DataFrame({"value": pd.Series([], dtype=dtype)})
    assert copied(connection, frame, {"value": "text"}) == []


def test_rows_are_added_to_those_that_are_there(connection):
    copied(connection, texts(["first"]), {"value": "text"})
    copy_frame(connection, "copied", texts(["second"]))
    assert connection.execute(text("select count(*) from copied")).scalar_one() == 2


def test_columns_are_found_by_name_and_names_are_quoted(connection):
    types = {"Select": "text", 'say "so"': "text"}
    connection.execute(text('create temporary table "Odd; name" ("say ""so""" text, "Select" text)'))
    copy_frame(connection, "Odd; name", pd.DataFrame({name: [name] for name in types}))
    assert connection.execute(text('select "Select", "say ""so""" from "Odd; name"')).one() == tuple(types)


def test_a_name_of_two_parts_is_a_schema_and_a_table(connection):
    """B11: one identifier would name a table that does not exist."""
    connection.execute(text('create schema "Mixed Case"; create table "Mixed Case".held (value text)'))
    copy_frame(connection, "Mixed Case.held", texts(["a"]))
    copy_rows(connection, "Mixed Case.held", ["value"], [["b"]])
    assert connection.execute(text('select count(*) from "Mixed Case".held')).scalar_one() == 2


def test_rows_of_python_values_are_stored_as_they_stand(connection):
    connection.execute(
        text("create temporary table copied (value text, list text[], object jsonb, at timestamptz)")
    )
    at = datetime(2024, 1, 14, 11, 2, 21, 256000, tzinfo=UTC)
    rows = [(value, [value, "x"], '{"a": "😀\\\\"}', at) for value in HARD_TEXTS + LINE_BREAKS]
    copy_rows(connection, "copied", ["value", "list", "object", "at"], [*rows, (None, None, None, None)])
    stored = [tuple(row) for row in connection.execute(text("select value, list, object, at from copied"))]
    assert stored == [*((value, listed, {"a": "😀\\"}, at) for value, listed, _, at in rows), (None,) * 4]


def test_no_rows_are_no_rows(connection):
    connection.execute(text("create temporary table copied (value text)"))
    copy_rows(connection, "copied", ["value"], [])
    assert connection.execute(text("select count(*) from copied")).scalar_one() == 0


@pytest.mark.parametrize("values", [["1", "40000"], ["1", "40000\n"]])
def test_one_value_that_does_not_fit_stores_nothing(connection, values):
    """B18: why the contract holds every value to its column before."""
    connection.execute(text("create temporary table fits (value smallint)"))
    with pytest.raises(psycopg.errors.DataError), connection.begin_nested():
        copy_frame(connection, "fits", texts(values))
    assert connection.execute(text("select count(*) from fits")).scalar_one() == 0


STORABLE = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"])) | st.text(
    "\\.\n\r,\"'\tN "
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.none() | STORABLE, st.none() | st.integers(-(2**15), 2**15 - 1)), max_size=8))
def test_any_text_that_postgresql_can_hold_is_stored_as_it_stands(connection, rows):
    frame = pd.DataFrame(
        {
            "value": pd.array([value for value, _ in rows], dtype=TEXT),
            "number": pd.array([number for _, number in rows], dtype="Int16"),
        }
    )
    assert copied(connection, frame, {"value": "text", "number": "smallint"}) == rows
