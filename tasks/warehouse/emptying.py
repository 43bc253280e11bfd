"""Emptying: a warehouse that starts anew, perhaps with another dataset. All of it in one transaction, or nothing.

What left the City's record cannot be read again from anywhere, so that a person has to name the database.
"""

import os
import platform

from sqlalchemy import Connection, Engine, text

from tasks.warehouse import ledger, views
from tasks.warehouse.ddl import ddl_transaction
from tasks.warehouse.sql_files import execute


def describe_contents(engine: Engine) -> str:
    """Return what the warehouse holds, in a few words."""
    with engine.connect() as connection:
        return _contents(connection)


def empty_warehouse(engine: Engine) -> str:
    """Empty the warehouse and return what it held. Run under the writer's lock.

    Raises `PassingFaultError` naming who reads its tables and does not let go; nothing is changed then.
    """
    with ddl_transaction(engine, "starting anew") as connection:
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
    counts = connection.execute(
        text(
            "select (select count(*) from chicago.crimes) as crimes,"
            " (select count(*) from pipeline.rejected_rows) as rejected,"
            " (select count(*) from chicago.crime_history) as history"
        )
    ).one()
    return (
        f"{counts.crimes:,} crimes, {counts.rejected:,} in quarantine, {counts.history:,} in history "
        f"of {ledger.read_dataset(connection) or 'no dataset'}"
    )
