"""The SQL files of the project, as statements for SQLAlchemy.

Files stand in `sql/` and hold plain SQL with `:name` parameters, which psql can run too. Nothing formats SQL. A
statement ends with the semicolon at the end of a line; finding it with a lexer would cost a run most of a second.
"""

import re
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, CursorResult, TextClause, text

SQL_FOLDER = Path(__file__).resolve().parent.parent.parent / "sql"

_COMMENT_LINE = re.compile(r"^[ \t]*--.*\n", re.MULTILINE)
_END = re.compile(r";[ \t]*$", re.MULTILINE)


@cache
def statements(name: str) -> tuple[TextClause, ...]:
    """Return the statements of `sql/<name>.sql`, in order."""
    content = (SQL_FOLDER / f"{name}.sql").read_text(encoding="utf-8")
    # A comment has no parameters, and its semicolon ends nothing.
    plain = _COMMENT_LINE.sub("", content)
    return tuple(text(statement) for statement in _END.split(plain) if statement.strip())


def execute(connection: Connection, name: str, **parameters: object) -> CursorResult[*tuple[Any, ...]]:
    """Run all statements of `sql/<name>.sql` with these parameters, and return the result of the last."""
    *first, last = statements(name)
    for statement in first:
        connection.execute(statement, _used(statement, parameters))
    return connection.execute(last, _used(last, parameters))


def _used(statement: TextClause, parameters: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in parameters.items() if name in statement._bindparams}  # noqa: SLF001
