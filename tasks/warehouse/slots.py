"""Slots: how many windows at a time the server has connections for.

What lives here: the count of free connections, and what a run makes of it. What does not: the pool (engine.py), and
what is said where none is left (faults.py). Mirrors
https://www.postgresql.org/docs/current/runtime-config-connection.html#GUC-MAX-CONNECTIONS.
"""

import logging
from typing import Final

from sqlalchemy import Engine

from tasks.warehouse.faults import named_faults
from tasks.warehouse.refusals import BESIDE_WINDOWS
from tasks.warehouse.sql_files import execute

log = logging.getLogger(__name__)

# The lock's, and the one that asks, which is a window's afterwards.
_HAD_ALREADY: Final = 2


def windows_within(engine: Engine, asked: int) -> int:
    """Return how many windows at a time there are connections for: what is asked for, or fewer, with a warning.

    Asked while the writer's lock is held. At least one, which may find a connection later.
    """
    with named_faults(engine, "counting connections"), engine.connect() as connection:
        free = int(execute(connection, "checks/free_connections").scalar_one())
    windows = max(min(asked, free + _HAD_ALREADY - BESIDE_WINDOWS), 1)
    if windows < asked:
        log.warning(
            "connections left for this login: %d; windows in flight are %d and not %d (MAX_CONCURRENCY), since a run "
            "takes one for each and %d beside them",
            max(free, 0),
            windows,
            asked,
            BESIDE_WINDOWS,
        )
    return windows
