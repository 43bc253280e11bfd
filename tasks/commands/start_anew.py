"""The command `start-anew`: empty the warehouse, so that it may hold another dataset. One transaction, or nothing.

What has left the City's record cannot be read again from anywhere, so a person has to name the database.
"""

import os
import platform

from sqlalchemy import Connection, Engine

from tasks.errors import LoadError, UsageError
from tasks.warehouse import ledger, views
from tasks.warehouse.ddl import ddl_transaction
from tasks.warehouse.faults import named_faults
from tasks.warehouse.lock import writer_lock
from tasks.warehouse.migrations import read_schema_state, schema_problem
from tasks.warehouse.sql_files import execute


def start_anew(engine: Engine, confirmed: str | None) -> str:
    """Empty the warehouse and return a line on what it held.

    confirmed: the name of its database, as a person typed it. Raises `UsageError`, saying what would be lost,
    where it is missing or another name, and `LoadError` while a run is at work.
    """
    with engine.connect() as connection:
        problem = schema_problem(read_schema_state(connection))
        held = "" if problem else _contents(connection)
    if problem is not None:
        raise LoadError(f"{problem}; there is nothing to empty")
    name = engine.url.database
    if confirmed != name:
        raise UsageError(
            f"start-anew would empty database {name}: {held}. What the City has dropped since "
            f"cannot be read again. If that is meant: python flows/main.py start-anew --confirm {name}"
        )
    with writer_lock(engine) as lock:
        if lock is None:
            raise LoadError("a run is at work on this warehouse; nothing was changed. Let it end first")
        with named_faults(engine, "starting anew"):
            held = _empty_warehouse(engine)
    return f"database {name} is empty; it held {held}. The next run loads CRIMES_DATASET into it"


def _empty_warehouse(engine: Engine) -> str:
    """Empty the warehouse and return what it held. Run under the writer's lock.

    Raises `PassingFaultError` naming the sessions that keep its tables locked; nothing is changed then.
    """
    with ddl_transaction(engine, "starting anew", None) as connection:
        held = _contents(connection)
        execute(
            connection,
            "load/start_anew",
            message=f"emptied: {held}",
            host=platform.node(),
            process_id=os.getpid(),
        )
    views.deploy_views(engine)
    views.refresh_views(engine)
    return held


def _contents(connection: Connection) -> str:
    counts = execute(connection, "checks/contents").one()
    return (
        f"{counts.crimes:,} crimes, {counts.rejected:,} in quarantine, {counts.history:,} in history "
        f"of {ledger.read_dataset(connection) or 'no dataset'}"
    )
