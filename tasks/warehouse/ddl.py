"""Transactions that change tables and views while people read them: short waits, and who is in the way by name.

DDL waits for its readers, and new readers wait for it. So it gives up early, changes nothing, and says who held it up.
Mirrors https://www.postgresql.org/docs/current/explicit-locking.html#LOCKING-TABLES.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from psycopg import sql
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from tasks.warehouse.faults import PassingFaultError
from tasks.warehouse.sql_files import execute

# Long enough for queries that end by themselves; short enough for the readers that queue behind.
LOCK_TIMEOUT_SECONDS: Final = 5
# Grouping in memory and not on disk; the statements of a deployment run one after the other.
_WORK_MEM: Final = "256MB"
_LOCK_NOT_AVAILABLE: Final = "55P03"


@contextmanager
def ddl_transaction(engine: Engine, what: str) -> Iterator[Connection]:
    """Give a transaction that waits for readers a few seconds only.

    Raises `PassingFaultError` naming `what` and the sessions that were in the way; everything is rolled back then.
    """
    try:
        with engine.begin() as connection:
            connection.execute(text(f"set local lock_timeout = '{LOCK_TIMEOUT_SECONDS}s'"))
            connection.execute(text(f"set local work_mem = '{_WORK_MEM}'"))
            connection.execute(text("set local jit = off"))
            yield connection
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) != _LOCK_NOT_AVAILABLE:
            raise
        raise PassingFaultError(
            f"{what} had to wait more than {LOCK_TIMEOUT_SECONDS} s for {_holders(engine)}; nothing was changed. "
            "Let them end their transactions (or end them: select pg_terminate_backend(pid)), and run again."
        ) from error


def run_sql(connection: Connection, statement: sql.Composed | str) -> None:
    """Run a statement, or a file of several, without parameters."""
    plain = statement if isinstance(statement, str) else statement.as_string(None)
    # Without parameters the server takes several statements at once, and a % is one.
    connection.exec_driver_sql(plain, execution_options={"no_parameters": True})


def _holders(engine: Engine) -> str:
    with engine.connect() as connection:
        rows = execute(connection, "checks/lock_holders").all()
    named = [
        f"{row.user_name} ({row.application_name}, pid {row.pid}, {row.state} since {row.since} UTC)"
        for row in rows
    ]
    return ", ".join(named) or "a session that is gone by now"
