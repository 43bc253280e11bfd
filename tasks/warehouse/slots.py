"""Slots: how many windows at a time the server has connections for.

What lives here: the count of free connections, and what a run makes of it. What does not: the pool (engine.py), and
what is said where none is left (faults.py). Mirrors
https://www.postgresql.org/docs/current/runtime-config-connection.html#GUC-MAX-CONNECTIONS.
"""

import logging
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Engine

from tasks.errors import LoadError
from tasks.settings import MAX_WINDOWS_IN_FLIGHT
from tasks.warehouse.faults import named_faults
from tasks.warehouse.refusals import BESIDE_WINDOWS
from tasks.warehouse.sql_files import execute

log = logging.getLogger(__name__)

# The lock's, and the one that asks, which is a window's afterwards.
_HAD_ALREADY: Final = 2
# For whoever looks at the warehouse meanwhile: a window that is read ahead is no reason to keep him out.
_LEFT_FREE: Final = 2
# Of a further flow run: the session that holds its windows, and one to look whether the run is over.
_BESIDE_OF_A_SHARE: Final = 2


@dataclass(frozen=True)
class Slots:
    """How many windows a run works on at a time, and how many more it reads ahead, which wait for their turn."""

    windows: int
    ahead: int


def slots_within(engine: Engine, asked: int, fan_out: int = 0, *, reads_ahead: bool = True) -> Slots:
    """Return how many windows at a time there are connections for: what is asked for, or fewer, with a warning.

    Asked while the writer's lock is held. At least one, which may find a connection later. As many again are read ahead
    where there are connections for these too, and two are left free; none where one window at a time is asked for, or
    where flow runs share the windows. reads_ahead: whether any may be. fan_out: further flow runs, each with
    connections of its own beside those of its windows; raises `LoadError` where there are none for them.
    """
    with named_faults(engine, "counting connections"), engine.connect() as connection:
        free = int(execute(connection, "checks/free_connections").scalar_one())
    left = free + _HAD_ALREADY - BESIDE_WINDOWS - fan_out * _BESIDE_OF_A_SHARE
    if fan_out and left <= fan_out:
        raise LoadError(
            f"{max(free, 0)} connections are left for this login, and {fan_out} further flow runs need "
            f"{_BESIDE_OF_A_SHARE + 1} each, beside what the run takes. Nothing was started. Ask for a smaller "
            "--fan-out, end sessions that nobody needs, or raise max_connections (or the limit of the role or the "
            "database)."
        )
    windows = max(min(asked, left), 1)
    if windows < asked:
        log.warning(
            "connections left for this login: %d; windows in flight are %d and not %d (MAX_CONCURRENCY), since a run "
            "takes one for each and %d beside them",
            max(free, 0),
            windows,
            asked,
            BESIDE_WINDOWS,
        )
    ahead = 0
    if reads_ahead and windows > 1 and not fan_out:
        ahead = max(min(windows, left - windows - _LEFT_FREE, MAX_WINDOWS_IN_FLIGHT - windows), 0)
    return Slots(windows, ahead)
