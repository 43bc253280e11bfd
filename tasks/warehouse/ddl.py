"""Transactions that change tables and views while people read them: short waits, and the sessions in the way by name.

DDL waits for its readers, and new readers wait for it. So it gives up early, changes nothing, and says who held it up.
Mirrors https://www.postgresql.org/docs/current/explicit-locking.html#LOCKING-TABLES.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final
from uuid import UUID

import psycopg
from psycopg import sql
from psycopg.errors import DependentObjectsStillExist, LockNotAvailable
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from tasks.errors import LoadError
from tasks.warehouse.faults import PassingFaultError, lock_holders
from tasks.warehouse.ledger import run_transaction
from tasks.warehouse.sql_files import execute

# Long enough for queries that end by themselves; short enough for the readers that queue behind.
LOCK_TIMEOUT_SECONDS: Final = 5
# Grouping in memory and not on disk; the statements of a deployment run one after the other.
_WORK_MEM: Final = "256MB"


@contextmanager
def ddl_transaction(engine: Engine, what: str, run_id: UUID | None) -> Iterator[Connection]:
    """Yield a transaction that waits for readers for a few seconds only.

    Raises `PassingFaultError` naming the sessions that were in the way, and `LoadError` naming what depends on
    something to drop; everything is rolled back then. what: what was under way, as the subject of a sentence. run_id:
    the run that it is fenced for; None: outside of a run.
    """
    try:
        with run_transaction(engine, run_id) as connection:
            limit_transaction(connection, f"{LOCK_TIMEOUT_SECONDS}s")
            yield connection
    except (DBAPIError, psycopg.Error) as error:
        driver_error = error.orig if isinstance(error, DBAPIError) else error
        if isinstance(driver_error, LockNotAvailable):
            raise PassingFaultError(
                f"{what} waited {LOCK_TIMEOUT_SECONDS} s for {lock_holders(engine)}, and nothing was changed. "
                "Let them end their transactions (or end them: select pg_terminate_backend(pid)), and run again."
            ) from error
        if isinstance(error, DBAPIError) and isinstance(driver_error, DependentObjectsStillExist):
            detail = driver_error.diag.message_detail or str(driver_error)
            raise LoadError(
                f"{what} met something that is not ours: {' '.join(detail.split())}; nothing was changed. "
                "Drop or move it, run again, and re-create it."
            ) from error
        raise


def limit_transaction(connection: Connection, lock_timeout: str | None = None) -> None:
    """Let a transaction group in memory, compile nothing, and wait for locks this long (as PostgreSQL writes it)."""
    execute(connection, "checks/limit_transaction", lock_timeout=lock_timeout, work_mem=_WORK_MEM)


def run_sql(connection: Connection, statement: sql.Composed | str) -> None:
    """Run a statement, or a file of several, without parameters."""
    plain = statement if isinstance(statement, str) else statement.as_string(None)
    # Without parameters the server takes several statements at once, and a % is one.
    connection.exec_driver_sql(plain, execution_options={"no_parameters": True})
