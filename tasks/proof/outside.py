"""What is outside of the proof: rows of ours that occurred before the source's span, and whether that is explained.

Rows leave the one-year dataset by growing old, and such rows stay here, unproven. The source alone says where its span
begins; so that it cannot choose what it is compared with, a span that begins later than the retention or the last
proofs explain is no proof (docs/decisions/0017).
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Engine

from tasks.datasets import DatasetProfile, SourceState
from tasks.errors import SourceError
from tasks.sync.guards import MIN_ROWS_OF_A_GUARD
from tasks.sync.scope import Scope, explained_start
from tasks.warehouse.audits import read_longest_span
from tasks.warehouse.sql_files import execute


@dataclass(frozen=True)
class Outside:
    """Rows of ours before the span. start: where it begins; explained: until when it may (None: nothing tells).

    rows: all of them. unexplained: those too young to have aged out.
    """

    rows: int
    unexplained: int
    start: datetime | None
    explained: datetime | None

    @property
    def is_explained(self) -> bool:
        """Return whether age explains what is outside, but for a few rows: the oldest ones may be withdrawn too."""
        return self.unexplained < MIN_ROWS_OF_A_GUARD

    def problem(self) -> str | None:
        """Return what is wrong with where the span begins, and what to do; None: nothing."""
        if self.is_explained:
            return None
        return (
            f"the source begins at {_day(self.start)}, and neither its retention nor the last proof explains more than "
            f"{_day(self.explained)}: {self.unexplained:,} rows that we hold have left it too early, of {self.rows:,} "
            "outside of the proof. They stay as they are, and nothing is proven. If the City does publish fewer days "
            "now: python flows/main.py --accept-span. If not, it has lost rows: run again when it has them back"
        )


NOTHING_OUTSIDE: Final = Outside(0, 0, None, None)


def read_outside(engine: Engine, profile: DatasetProfile, scope: Scope, state: SourceState) -> Outside:
    """Return what of ours lies before a scope, in a state of the source."""
    if profile.retention is None:
        return NOTHING_OUTSIDE
    with engine.connect() as connection:
        explained = explained_start(profile, state.newest_update, read_longest_span(connection))
        found = execute(
            connection, "proof/count_outside", explained_start=explained, **scope.parameters()
        ).one()
    return Outside(found.outside_rows, found.unexplained_rows, scope.start, explained)


def refuse_unexplained(outside: Outside) -> None:
    """Raise `SourceError` where the span begins later than anything explains."""
    problem = outside.problem()
    if problem is not None:
        raise SourceError(f"{problem}.")


def _day(moment: datetime | None) -> str:
    return "no date" if moment is None else f"{moment:%Y-%m-%d %H:%M}"
