"""The counts of places, cells and community areas by period: they follow the crimes and the days.

A period (the newest 364 complete days, the year to date, and the same of the year before) moves on by a day each day.
What came and went is counted by the periods as they were; then each day that has entered or left a period is counted
with all its crimes. Two years of crimes are counted anew where that is not enough: when all counts were, when community
areas are estimated otherwise, once a week, and whenever the counts by period do not add up to the counts by day. Both
ways are the same statements (docs/decisions/0027). The SQL is in `sql/periods/`.
"""

import logging
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from tasks.errors import LoadError
from tasks.warehouse.counts import OFTEN_ENOUGH
from tasks.warehouse.sql_files import execute

log = logging.getLogger(__name__)

_STEPS: Final = ("periods/changes", "periods/merge")


def update_periods(connection: Connection, *, all_anew: bool) -> bool:
    """Make the counts by period follow crimes and days, in the connection's transaction; return whether all was anew.

    After `update_counts`, which says whether it counted all anew and leaves what changed, and after `place_points`,
    which gives each point its community area. Raises `LoadError` if the counts, made anew, do not add up to the counts
    by day.
    """
    state = execute(connection, "periods/read_state").one()
    if not all_anew and state.can_follow and state.since_made < OFTEN_ENOUGH:
        attempt = connection.begin_nested()
        if _count(connection, state.made_at):
            attempt.commit()
            return False
        attempt.rollback()
        log.warning("the counts by period did not add up to the counts by day; two years are counted again")
    execute(connection, "periods/clear")
    if not _count(connection):
        raise LoadError(
            "the counts by period do not add up to the counts by day, even rebuilt; nothing was changed. "
            "Somebody else is changing the tables of schema pipeline: let them end, and run again."
        )
    execute(connection, "periods/analyze")
    return True


def _count(connection: Connection, made_at: datetime | None = None) -> bool:
    """Bring what changed into the counts, and return whether these add up. made_at: when all was last counted anew."""
    for step in _STEPS:
        execute(connection, step)
    if not execute(connection, "periods/add_up").scalar_one():
        return False
    execute(connection, "periods/finish", made_at=made_at)
    return True
