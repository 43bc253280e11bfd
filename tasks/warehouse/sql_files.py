"""The SQL files of the project, as statements for SQLAlchemy.

Files stand in `sql/` and hold plain SQL with `:name` parameters, which psql can run too. Nothing formats SQL.
"""

from functools import cache
from pathlib import Path
from typing import Any

import sqlparse
from sqlalchemy import Connection, CursorResult, TextClause, text

SQL_FOLDER = Path(__file__).resolve().parent.parent.parent / "sql"


@cache
def statements(name: str) -> tuple[TextClause, ...]:
    """Return the statements of `sql/<name>.sql`, in order."""
    content = (SQL_FOLDER / f"{name}.sql").read_text(encoding="utf-8")
    plain = sqlparse.format(content, strip_comments=True)
    return tuple(
        text(statement.rstrip(";")) for statement in sqlparse.split(plain) if statement.strip(" ;\n")
    )


def execute(connection: Connection, name: str, **parameters: object) -> CursorResult[*tuple[Any, ...]]:
    """Run all statements of `sql/<name>.sql` with these parameters, and return the result of the last."""
    *first, last = statements(name)
    for statement in first:
        connection.execute(statement, _used(statement, parameters))
    return connection.execute(last, _used(last, parameters))


def _used(statement: TextClause, parameters: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in parameters.items() if name in statement._bindparams}  # noqa: SLF001
