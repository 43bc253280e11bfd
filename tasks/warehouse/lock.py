"""One writer: an advisory lock of PostgreSQL, held for a whole run on a connection of its own.

Nothing in the database says who holds it but the lock itself, so a killed run leaves none behind. Mirrors
https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy import Connection, Engine, text

# "chicago" as bytes, read as a number: any number does that no other program of this database takes.
_LOCK_KEY: Final = int.from_bytes(b"chicago", "big")


@contextmanager
def writer_lock(engine: Engine) -> Iterator[Connection | None]:
    """Hold the lock while the body runs; yield its connection (in autocommit), or None when another run has it."""
    connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    connection.detach()
    try:
        taken = connection.execute(text("select pg_try_advisory_lock(:key)"), {"key": _LOCK_KEY}).scalar()
        yield connection if taken else None
    finally:
        # Closing ends the session, and the session's end frees the lock.
        connection.close()
