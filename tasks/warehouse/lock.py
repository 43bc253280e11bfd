"""Locks: one writer for a whole run, one window comparing and committing at a time, one process for each window.

They are advisory locks of a session and nothing else, so a killed run leaves none behind. Mirrors
https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy import Connection, Engine, text

from tasks.warehouse.faults import named_faults

# "chicago" as bytes, read as a number: any number will do that no other program of this database takes.
_LOCK_KEY: Final = int.from_bytes(b"chicago", "big")
_TURN_KEY: Final = int.from_bytes(b"windows", "big")
# The first of two numbers; the second is the window's.
_TAKEN_KEY: Final = int.from_bytes(b"take", "big")


@contextmanager
def writer_lock(engine: Engine) -> Iterator[Connection | None]:
    """Hold the lock while the body runs; yield its connection (in autocommit), or None when another run has it."""
    with named_faults(engine, "taking the writer's lock"):
        connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        connection.detach()
    try:
        with named_faults(engine, "taking the writer's lock"):
            taken = connection.execute(text("select pg_try_advisory_lock(:key)"), {"key": _LOCK_KEY}).scalar()
        yield connection if taken else None
    finally:
        # Closing ends the session, and the session's end frees the lock.
        connection.close()


def await_turn(connection: Connection) -> None:
    """Wait until no other window is between comparing and committing; the turn ends with the transaction.

    The wait has no limit: it is for windows of our own run, and the loader's lock timeout is for analysts' locks.
    """
    limit = connection.execute(text("select current_setting('lock_timeout')")).scalar_one()
    connection.execute(text("set local lock_timeout = 0"))
    connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": _TURN_KEY})
    connection.execute(text("select set_config('lock_timeout', :limit, true)"), {"limit": limit})


def lock_window(session: Connection, window_id: int) -> bool:
    """Take a window for as long as the session lives, or until it is freed; return whether it was free."""
    statement = text("select pg_try_advisory_lock(:key, cast(:window_id as integer))")
    return bool(session.execute(statement, {"key": _TAKEN_KEY, "window_id": window_id}).scalar())


def free_window(session: Connection, window_id: int) -> None:
    """Let others take the window."""
    statement = text("select pg_advisory_unlock(:key, cast(:window_id as integer))")
    session.execute(statement, {"key": _TAKEN_KEY, "window_id": window_id})
