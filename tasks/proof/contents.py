"""Contents: what the source says of some days, column by column, against what we hold under the same id and version.

A census compares ids and versions. Where both are the same the City has changed nothing, so that another content is a
damage of ours: an old fault of this code, a disk, a person. It is not told of as a revision. Which days have their turn
is in the ledger (tasks/warehouse/audits.py); a damaged day is synced again like any that differs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from operator import attrgetter
from uuid import UUID

from sqlalchemy import Engine

from tasks.contract.crimes import to_crimes, to_raw_frame
from tasks.source import soql
from tasks.source.portal import Portal
from tasks.source.twins import name_twins
from tasks.source.whole_read import read_pages
from tasks.sync.apply import stage_rows
from tasks.sync.read import ALL_FIELDS
from tasks.warehouse import ledger
from tasks.warehouse.sql_files import execute
from tasks.windows import day_windows

# Of days that are judged together, and so held as rows: about as many rows as two windows have.
_MAX_DAYS_TOGETHER = 14


@dataclass(frozen=True)
class Damage:
    """What was found of the days compared. rows: in our version with other content; damaged_days: the days of these."""

    compared_days: tuple[date, ...]
    damaged_days: tuple[date, ...]
    rows: int

    @property
    def equal_days(self) -> tuple[date, ...]:
        """Return the days that are as published."""
        return tuple(day for day in self.compared_days if day not in self.damaged_days)


NO_DAYS = Damage((), (), 0)


def find_damage(engine: Engine, run_id: UUID, portal: Portal, days: Sequence[date]) -> Damage:
    """Compare every column of these days. Raises `ReadAgainError` where the source moves meanwhile."""
    in_turn = sorted(set(days))
    # Of days that lie apart each is a read of its own; they are judged and compared together.
    found = [
        day
        for first in range(0, len(in_turn), _MAX_DAYS_TOGETHER)
        for day in _damaged_rows(engine, run_id, portal, in_turn[first : first + _MAX_DAYS_TOGETHER])
    ]
    return Damage(tuple(days), tuple(sorted(set(found))), len(found))


def _damaged_rows(engine: Engine, run_id: UUID, portal: Portal, days: Sequence[date]) -> list[date]:
    """Return the day of each damaged row of these days."""
    profile = portal.profile
    rows = [
        row
        for window in day_windows(days, _MAX_DAYS_TOGETHER)
        for page in read_pages(portal, soql.in_window(profile, window), ALL_FIELDS, attrgetter("rows"))
        for row in page
    ]
    # Rows of one key may lie on days that were read apart.
    name_twins(portal, rows)
    judged = to_crimes(to_raw_frame(rows, profile), profile)
    with ledger.run_transaction(engine, run_id) as connection:
        execute(connection, "load/stage")
        stage_rows(connection, judged)
        return list(execute(connection, "proof/compare_contents").scalars())
