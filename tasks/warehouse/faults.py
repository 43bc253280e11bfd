"""Faults of the database: which may pass when the work is repeated, what they are called, and what to do.

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
from tasks.warehouse.refusals import NO_SLOT, NO_SLOT_ACTION, state_of_refusal
from tasks.warehouse.sql_files import execute

# Lost connections (08), a server that stops or starts (57P), serialization and deadlock (40), a lock that somebody
# holds (55P03), a replica after a failover (25006), a session that was ended while its machine slept (25P03), too
# many connections (53300).
_PASSING_CLASSES: Final = ("08", "40", "57P")
_LOCK_TIMEOUT: Final = "55P03"
_PASSING_STATES: Final = frozenset({_LOCK_TIMEOUT, "25006", "25P03", NO_SLOT})
# What leaves the pool's other connections as good as they were; and each pool that is thrown away keeps its own.
_POOL_STANDS: Final = ("40", _LOCK_TIMEOUT, NO_SLOT)
_NEXT_ACTIONS: Final = {
    "08": "Run again when the server answers.",
    "25P03": "The session was idle in a transaction for too long: did its machine sleep? Run again.",
    "25006": "It is a replica, or set to read only: let SERVER_NAME name the primary, and run again.",
    "28": "Check DB_USERNAME and DB_PASSWORD.",
    "40": "Another session writes to the warehouse, which only the loader should; run again.",
    "42501": "Give the role what sql/roles.sql gives a loader, and run again.",
    "53100": "Free disk space on the database's server, and run again.",
    NO_SLOT: NO_SLOT_ACTION,
    # https://www.postgresql.org/docs/current/runtime-config-resource.html#GUC-TEMP-FILE-LIMIT
    "53400": "Raise the server's limit for the login (alter role .. set temp_file_limit), and run again.",
    _LOCK_TIMEOUT: "Let them end their transactions (or end them: select pg_terminate_backend(pid)), and run again.",
    "57P": "Run again when the server answers.",
    "57014": "An administrator ended it, or it took longer than a loader's statement may; run again.",
}


class PassingFaultError(LoadError):
    """The database failed in a way that may pass; the work was rolled back and can be repeated."""


@contextmanager
def named_faults(engine: Engine, what: str) -> Iterator[None]:
    """Turn database errors of the body into `LoadError`s that name `what`; drop the pool where it may be stale."""
    try:
        yield
    except (DBAPIError, psycopg.Error) as error:
        # COPY goes past SQLAlchemy, and so do its errors.
        state = _state_of(error)
        passing = is_passing(error)
        if passing and not state.startswith(_POOL_STANDS):
            # After a failover the pool's other connections still lead to the old server, and answer a ping.
            engine.dispose()
        holders = f", held by {lock_holders(engine)}" if state == _LOCK_TIMEOUT else ""
        kind = PassingFaultError if passing else LoadError
        raise kind(
            f"{what}: the database said {state or 'nothing'}: {first_line(error).rstrip('.')}{holders}. "
            f"It was rolled back. {next_action(error)}"
        ) from error


def is_passing(error: DBAPIError | psycopg.Error) -> bool:
    """Say whether the same work may succeed when it is repeated in some seconds."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    state = _state_of(error)
    # Without a state the connection was lost before the server could say anything.
    is_lost = not state and isinstance(cause, (psycopg.OperationalError, psycopg.InterfaceError))
    return state in _PASSING_STATES or state.startswith(_PASSING_CLASSES) or is_lost


def _state_of(error: DBAPIError | psycopg.Error) -> str:
    cause = error.orig if isinstance(error, DBAPIError) else error
    return getattr(cause, "sqlstate", None) or state_of_refusal(cause) or ""


def next_action(error: DBAPIError | psycopg.Error) -> str:
    """Return what a person can do about an error of the database."""
    state = _state_of(error) or "08"
    keys = [key for key in _NEXT_ACTIONS if state.startswith(key)]
    return _NEXT_ACTIONS[max(keys, key=len)] if keys else "Look at the server's log, and run again."


def lock_holders(engine: Engine) -> str:
    """Return the sessions that hold locks on the warehouse's tables and views; our own only if there is no other."""
    try:
        with engine.connect() as connection:
            rows = execute(connection, "checks/lock_holders").all()
    except DBAPIError:
        rows = []
    named = [
        f"{row.user_name} ({row.application_name}, pid {row.pid}, {row.doing})"
        for row in [row for row in rows if not row.is_ours] or rows
    ]
    return ", ".join(named) or "a session that is gone by now"
