# ruff: noqa: F811  (the fixtures of views_support)
"""Lists in the warehouse: replaced as a whole, only where they differ, and remembered."""

from datetime import UTC, date, datetime

import pandas as pd
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tasks.contract.reference import read_bundled
from tasks.errors import LoadError
from tasks.warehouse.reference import (
    TABLES,
    ReferenceLoad,
    read_date_span,
    read_last_loads,
    record_load,
    replace_table,
)
from tests.integration.views_support import city, load_city, rows, views_engine  # noqa: F401  (a fixture)


@pytest.fixture
def connection(views_engine):
    """Give a connection whose changes are undone."""
    with views_engine.connect() as connection:
        yield connection
        connection.rollback()


@pytest.mark.parametrize("name", sorted(TABLES - {"dates"}))
def test_a_list_is_stored_as_it_is_bundled(connection, name):
    expected = read_bundled(name)
    assert replace_table(connection, name, expected) == 0  # the fixture stored it
    stored = pd.read_sql(f"select * from chicago.{name}", connection)
    key = expected.columns[0]
    stored = stored.sort_values(key, ignore_index=True)[list(expected.columns)].astype(
        expected.dtypes.to_dict()
    )
    pd.testing.assert_frame_equal(stored, expected)


def test_a_changed_a_new_and_a_gone_row_are_three_changes(connection):
    beats = read_bundled("beats")
    changed = beats.iloc[1:].assign(sector=beats["sector"].where(beats["beat"] != "0112", 9))
    changed = pd.concat([changed, pd.DataFrame({"beat": ["9999"], "district": [99], "sector": [9]})])
    assert replace_table(connection, "beats", changed) == 3
    assert replace_table(connection, "beats", changed) == 0
    stored = pd.read_sql(
        "select beat, sector from chicago.beats where beat in ('0111', '0112', '9999')", connection
    )
    assert sorted(stored.itertuples(index=False, name=None)) == [("0112", 9), ("9999", 9)]


def test_a_row_that_is_equal_is_not_written(connection):
    beats = read_bundled("beats")
    versions = "select beat, ctid::text, xmin::text from chicago.beats order by beat"
    before = pd.read_sql(versions, connection)
    changed = beats.assign(sector=beats["sector"].where(beats["beat"] != "0112", 9))
    assert replace_table(connection, "beats", changed) == 1
    written = pd.read_sql(versions, connection).merge(before, how="left", indicator=True)
    assert written.loc[written["_merge"] == "left_only", "beat"].tolist() == ["0112"]


def test_a_column_that_a_list_comes_to_have_is_stored(connection):
    connection.execute(text("alter table chicago.beats add column watch text"))
    beats = read_bundled("beats").assign(watch="first")
    assert replace_table(connection, "beats", beats) == len(beats)
    assert pd.read_sql("select distinct watch from chicago.beats", connection)["watch"].tolist() == ["first"]


def test_a_table_without_a_key_of_one_column_is_no_list(connection):
    with pytest.raises(DBAPIError, match=r"chicago\.crime_history is no list"):
        connection.execute(text("select pipeline.replace_list('chicago.crime_history', '[]')"))


def test_a_missing_value_is_null_and_no_text(connection):
    stored = pd.read_sql(
        "select ward from chicago.ward_offices where ward_fax is null and ward = 4", connection
    )
    assert len(stored) == 1
    codes = pd.read_sql("select iucr from chicago.iucr_codes where is_index is null", connection)
    assert codes["iucr"].tolist() == ["9901"]


def test_an_empty_list_or_an_unknown_table_is_refused(connection):
    with pytest.raises(LoadError, match="empty"):
        replace_table(connection, "beats", read_bundled("beats").head(0))
    with pytest.raises(LoadError, match="not a list"):
        replace_table(connection, "crimes", read_bundled("beats"))


def test_the_newest_load_of_each_list_is_remembered(connection):
    older = ReferenceLoad("beats", "bundled", 275, 275, datetime(2099, 1, 1, tzinfo=UTC))
    newer = ReferenceLoad("beats", "bundled", 275, 0, datetime(2099, 1, 9, tzinfo=UTC))
    other = ReferenceLoad("ward_offices", "portal", 50, 2, datetime(2099, 1, 2, tzinfo=UTC))
    for load in (newer, older, other):
        record_load(connection, load)
    loads = read_last_loads(connection)
    assert (loads["beats"], loads["ward_offices"]) == (newer, other)


def test_the_span_of_dates_is_that_of_the_crimes(views_engine):
    load_city(views_engine, city(("2024-03-05 23:59", 1), ("2023-01-01 00:00", 1)))
    with views_engine.connect() as connection:
        assert read_date_span(connection) == (date(2023, 1, 1), date(2024, 3, 5))
    load_city(views_engine, city(("2024-03-05 23:59", 1)).head(0))
    with views_engine.connect() as connection:
        assert read_date_span(connection) is None


def test_the_calendar_stores_the_day_off_and_the_day_itself(views_engine):
    query = (
        "select date::text, holiday_name, actual_holiday_name, is_weekend from chicago.dates where date in "
    )
    assert rows(views_engine, query + "('2023-11-10', '2023-11-11') order by date") == [
        ("2023-11-10", "Veterans Day", None, False),
        ("2023-11-11", None, "Veterans Day", True),
    ]
