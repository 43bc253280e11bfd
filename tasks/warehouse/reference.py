"""The lists in the warehouse: storing one so that readers see the old or the new, and noting when it was loaded.

Here: `chicago.police_stations` and its kin, `chicago.dates`, and `pipeline.reference_loads`. Not here:
fetching a list or checking it (`tasks.contract.reference`), and deciding whether it is due. The SQL is in
`sql/load/replace_list.sql` and `sql/load/reference_*.sql`. Mirrors SQLAlchemy's textual SQL with bound parameters
(https://docs.sqlalchemy.org/en/20/core/sqlelement.html#sqlalchemy.sql.expression.text).
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

import pandas as pd
from sqlalchemy import Connection

from tasks.errors import LoadError
from tasks.warehouse.sql_files import execute

TABLES = frozenset(
    {
        "dates",
        "police_stations",
        "police_headquarters",
        "ward_offices",
        "iucr_codes",
        "fbi_codes",
        "beats",
        "population",
        "watches",
    }
)
# As many digits as a double needs to be read back as itself.
SIGNIFICANT_DIGITS = 15

Origin = Literal["bundled", "portal", "generated"]


@dataclass(frozen=True)
class ReferenceLoad:
    """The newest load of a list: its origin, its rows, and how many changed; `loaded_at` is an instant."""

    list_name: str
    loaded_from: Origin
    row_count: int
    changed_rows: int
    loaded_at: datetime


def replace_table(connection: Connection, table: str, frame: pd.DataFrame) -> int:
    """Make `chicago.<table>` equal to `frame`, and return how many rows were added, changed or removed.

    `frame` has the table's columns, one row a key, as `tasks.contract` checks it; missing values become
    null. It is one statement in the connection's transaction: readers see the old list or the new one. A
    table that is equal already is not written, so 0 means that no view needs a refresh. Raises `LoadError`
    for an unknown table, and for an empty frame, which would empty the table.
    """
    if table not in TABLES:
        raise LoadError(f"chicago.{table} is not a list; the lists are {', '.join(sorted(TABLES))}.")
    if frame.empty:
        raise LoadError(f"The list {table} is empty; chicago.{table} stays as it is.")
    rows = frame.to_json(orient="records", date_format="iso", double_precision=SIGNIFICANT_DIGITS)
    counts = execute(connection, "load/replace_list", list=f"chicago.{table}", rows=rows).one()
    return int(counts.stored_rows) + int(counts.removed_rows)


def record_load(connection: Connection, load: ReferenceLoad) -> None:
    """Write to `pipeline.reference_loads` that a list was loaded, in the transaction that loaded it."""
    execute(
        connection,
        "load/reference_record_load",
        list_name=load.list_name,
        loaded_from=load.loaded_from,
        row_count=load.row_count,
        changed_rows=load.changed_rows,
        loaded_at=load.loaded_at,
    )


def read_last_loads(connection: Connection) -> dict[str, ReferenceLoad]:
    """Return the newest load of each list that was ever loaded, by the list's name."""
    rows = execute(connection, "load/reference_last_loads")
    return {row.list_name: ReferenceLoad(**row._asdict()) for row in rows}


def read_date_span(connection: Connection) -> tuple[date, date] | None:
    """Return the first and last Chicago local date of `chicago.crimes`, or None when it is empty."""
    span = execute(connection, "load/reference_date_span").one()
    return (span.first_date, span.last_date) if span.first_date is not None else None


def read_calendar_span(connection: Connection) -> tuple[date, date] | None:
    """Return the first and last date of `chicago.dates`, or None when it is empty."""
    first, last = execute(connection, "load/reference_calendar_span").one()
    return (first, last) if first is not None else None
