"""Faults of the database: which of them pass when the work is done again, and what they are called.

Mirrors https://www.postgresql.org/docs/current/errcodes-appendix.html.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import psycopg
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from tasks.errors import LoadError
from tasks.warehouse.engine import first_line

# Lost connections (08), a server that stops or starts (57P), serialization and deadlock (40), a lock that an analyst
# holds (55P03), a replica after a failover (25006), too many connections (53300).
_PASSING_CLASSES: Final = ("08", "40", "57P")
_PASSING_STATES: Final = frozenset({"55P03", "25006", "53300"})


class PassingFaultError(LoadError):
    """The database failed in a way that may pass; the work was rolled back and can be done again."""


@contextmanager
def named_faults(engine: Engine, what: str) -> Iterator[None]:
    """Turn database errors of the body into `LoadError`s that name `what`; drop the pool where it may be stale."""
    try:
        yield
    except (DBAPIError, psycopg.Error) as error:
        # COPY goes past SQLAlchemy, and so do its errors.
        cause = error.orig if isinstance(error, DBAPIError) else error
        state = getattr(cause, "sqlstate", None) or ""
        # Without a state the connection was lost before the server could say anything.
        is_lost = not state and isinstance(cause, (psycopg.OperationalError, psycopg.InterfaceError))
        passing = state in _PASSING_STATES or state.startswith(_PASSING_CLASSES) or is_lost
        if passing:
            # After a failover the pool's other connections still lead to the old server, and answer a ping.
            engine.dispose()
        kind = PassingFaultError if passing else LoadError
        raise kind(
            f"{what}: the database said {state or 'nothing'}: {first_line(error)}. It was rolled back."
        ) from error
