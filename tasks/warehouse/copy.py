"""COPY: the only way that many rows go into PostgreSQL. Frames in, rows of a table out; knows no table by name.

Mirrors https://www.postgresql.org/docs/current/sql-copy.html and psycopg 3's copy.
"""

import io
from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd
import pyarrow
import pyarrow.csv
from psycopg import sql
from sqlalchemy import Connection

from tasks.warehouse.engine import driver_of


def copy_frame(connection: Connection, table: str, frame: pd.DataFrame) -> None:
    r"""Append a frame to a table with columns of the same names; missing values become NULL.

    The rows go as CSV that Arrow writes. It quotes every text and no missing one, which is how CSV tells empty from
    NULL; and a quoted line `\.` does not end the data (it was for psql before version 18, and never for the server).
    """
    arrow = pyarrow.Table.from_pandas(frame, preserve_index=False)
    buffer = io.BytesIO()
    options = pyarrow.csv.WriteOptions(include_header=False, quoting_style="needed")
    pyarrow.csv.write_csv(arrow, buffer, options)
    statement = sql.SQL("copy {} ({}) from stdin with (format csv)").format(
        _name(table), _names(frame.columns)
    )
    with driver_of(connection).cursor().copy(statement) as copy:
        copy.write(buffer.getbuffer())


def copy_rows(
    connection: Connection, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    """Append rows of Python values to a table; None becomes NULL."""
    statement = sql.SQL("copy {} ({}) from stdin").format(_name(table), _names(columns))
    with driver_of(connection).cursor().copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


def _name(table: str) -> sql.Identifier:
    """Quote a name part by part: `chicago.crimes` is two identifiers."""
    return sql.Identifier(*table.split("."))


def _names(columns: Iterable[str]) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(column) for column in columns)
