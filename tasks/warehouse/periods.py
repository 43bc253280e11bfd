"""The counts that follow the crimes, all together; and those of places, cells and community areas by period.

A period (the newest 364 complete days, the year to date, and the same of the year before) moves on by a day each day.
What came and went is counted by the periods as they were; then each day that has entered or left a period is counted
with all its crimes. Two years of crimes are counted anew where that is not enough: when all counts were, when community
areas are estimated anew, once a week, and whenever the counts by period do not add up to the counts by day. Both ways
are the same statements (docs/decisions/0027). Where that does not help, the counts by day are wrong, and all crimes are
counted anew. The SQL is in `sql/periods/`.
"""

import logging
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, text

from tasks.errors import LoadError
from tasks.warehouse.community_areas import place_points
from tasks.warehouse.counts import OFTEN_ENOUGH, update_counts
from tasks.warehouse.sql_files import execute

log = logging.getLogger(__name__)

_STEPS: Final = ("periods/changes", "periods/merge", "periods/times")


def follow_crimes(connection: Connection) -> bool:
    """Bring counts, points and counts by period up to the crimes; return whether all crimes were counted again.

    In the connection's transaction, which waits for those that have changed crimes. Raises `LoadError` if the counts do
    not add up, made anew.
    """
    attempt = connection.begin_nested()
    all_anew, adds_up = _follow(connection)
    if adds_up:
        attempt.commit()
        return all_anew
    attempt.rollback()
    log.warning("the counts by day are not those of the crimes; all are counted again")
    connection.execute(text("delete from pipeline.counts_state"))
    all_anew, adds_up = _follow(connection)
    if not adds_up:
        raise LoadError(
            "the counts by period do not add up to the counts by day, even rebuilt; nothing was changed. "
            "Somebody else is changing the tables of schema pipeline: let them end, and run again."
        )
    return all_anew


def _follow(connection: Connection) -> tuple[bool, bool]:
    """Do each once; return whether all crimes were counted again, and whether the counts by period add up."""
    all_anew = update_counts(connection)
    place_points(connection)
    return all_anew, _update_periods(connection, all_anew=all_anew)


def _update_periods(connection: Connection, *, all_anew: bool) -> bool:
    """Make the counts by period follow what changed and the days; return whether they add up to the counts by day."""
    state = execute(connection, "periods/read_state").one_or_none()
    if state is not None and not all_anew and state.since_made < OFTEN_ENOUGH:
        attempt = connection.begin_nested()
        if _count(connection, state.made_at):
            attempt.commit()
            return True
        attempt.rollback()
        log.warning("the counts by period did not add up to the counts by day; two years are counted again")
    execute(connection, "periods/clear")
    adds_up = _count(connection)
    if adds_up:
        execute(connection, "periods/analyze")
    return adds_up


def _count(connection: Connection, made_at: datetime | None = None) -> bool:
    """Bring what changed into the counts, and return whether these add up. made_at: when all was last counted anew."""
    for step in _STEPS:
        execute(connection, step)
    if not execute(connection, "periods/add_up").scalar_one():
        return False
    execute(connection, "periods/finish", made_at=made_at)
    return True
