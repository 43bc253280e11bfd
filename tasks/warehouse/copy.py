"""COPY: the only way that many rows go into PostgreSQL. Frames in, rows of a table out; knows no table by itself.

Mirrors https://www.postgresql.org/docs/current/sql-copy.html and psycopg 3's copy.
"""

import io
from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd
import psycopg
import pyarrow
import pyarrow.compute as pc
import pyarrow.csv
from psycopg import sql
from sqlalchemy import Connection


def copy_frame(connection: Connection, table: str, frame: pd.DataFrame) -> None:
    r"""Append a frame to a table with columns of the same names; missing values become NULL.

    The rows go as CSV that Arrow writes. Text with a line break goes value by value instead: before version 18
    PostgreSQL takes a line `\.` for the end of the data, even inside of quotes.
    """
    arrow = pyarrow.Table.from_pandas(frame, preserve_index=False)
    if _has_line_breaks(arrow):
        copy_rows(connection, table, list(frame.columns), _python_rows(frame))
        return
    buffer = io.BytesIO()
    options = pyarrow.csv.WriteOptions(include_header=False, quoting_style="needed")
    pyarrow.csv.write_csv(arrow, buffer, options)
    statement = sql.SQL("copy {} ({}) from stdin with (format csv)").format(
        _name(table), _names(frame.columns)
    )
    with _driver(connection).cursor().copy(statement) as copy:
        copy.write(buffer.getbuffer())


def copy_rows(
    connection: Connection, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    """Append rows of Python values to a table; None becomes NULL."""
    statement = sql.SQL("copy {} ({}) from stdin").format(_name(table), _names(columns))
    with _driver(connection).cursor().copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


def _driver(connection: Connection) -> psycopg.Connection[Any]:
    driver = connection.connection.driver_connection
    if not isinstance(driver, psycopg.Connection):
        raise TypeError(f"COPY needs psycopg 3, and the engine's driver is {type(driver).__module__}")
    return driver


def _name(table: str) -> sql.Identifier:
    """Quote a name part by part: `chicago.crimes` is two identifiers."""
    return sql.Identifier(*table.split("."))


def _names(columns: Iterable[str]) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(column) for column in columns)


def _has_line_breaks(table: pyarrow.Table) -> bool:
    texts = [
        column
        for column in table.columns
        if pyarrow.types.is_string(column.type) or pyarrow.types.is_large_string(column.type)
    ]
    return any(pc.any(pc.match_substring_regex(column, "[\r\n]")).as_py() for column in texts)


def _python_rows(frame: pd.DataFrame) -> Iterable[Sequence[Any]]:
    columns = [frame[column].astype(object).where(frame[column].notna(), None) for column in frame.columns]
    return zip(*columns, strict=True)
