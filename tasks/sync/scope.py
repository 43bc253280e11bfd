"""Scope: which of our rows the source would still hold if nothing but time had passed.

Rows leave the one-year dataset by growing old. We keep such rows; no path retires, audits or counts them. What is
in scope and not in the source was withdrawn or re-created. Pure.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from tasks.datasets import DatasetProfile, SourceState
from tasks.windows import CHICAGO, FIRST_OF_RECORD, midnight

# The retention is counted from the instant of a load, which the source's stamps tell to within seconds.
_SLACK: Final = timedelta(days=1)
# A row whose date was older than the retention by this much when it was published has a wrong date.
_MISDATED: Final = timedelta(days=31)


@dataclass(frozen=True)
class Scope:
    """Where the rows in scope begin.

    start: Chicago wall clock. oldest_age: a row whose date was older than this when it was published has a wrong date
    (a typing error in a year) and cannot age out: it is in scope whatever its date. None: no row counts as such.
    """

    start: datetime
    oldest_age: timedelta | None

    def parameters(self) -> dict[str, object]:
        """Return the scope as parameters of SQL: span_start, oldest_age."""
        return {"span_start": self.start, "oldest_age": self.oldest_age}


def misdated_before(profile: DatasetProfile, newest_update: datetime | None) -> datetime | None:
    """Return the wall clock before which the source should have no row, or None where it keeps all."""
    if profile.retention is None or newest_update is None:
        return None
    return _wall_clock(newest_update) - profile.retention - _MISDATED


def horizon(state: SourceState) -> datetime:
    """Return the first midnight in Chicago after the source's newest stamp; nothing can have occurred after it."""
    newest = state.newest_update or datetime.now(UTC)
    return midnight(newest.astimezone(CHICAGO).date() + timedelta(days=1))


def began(profile: DatasetProfile, horizon: datetime) -> datetime:
    """Return a midnight before which the source keeps no row that has its right date."""
    return FIRST_OF_RECORD if profile.retention is None else horizon - profile.retention - timedelta(days=7)


def explained_start(
    profile: DatasetProfile, newest_update: datetime | None, longest_span: timedelta | None
) -> datetime | None:
    """Return the latest wall clock at which the source's span may begin, or None where nothing tells.

    longest_span: how far before its newest stamp the source was seen to reach. It may lose what is older than that, or
    older than the retention.
    """
    if profile.retention is None or newest_update is None:
        return None
    kept = profile.retention if longest_span is None else min(profile.retention, longest_span)
    return _wall_clock(newest_update) - kept + _SLACK


def to_scope(
    profile: DatasetProfile,
    oldest_occurrence: datetime | None,
    newest_update: datetime | None,
    proven_start: datetime | None,
    misdated_share: float,
    *,
    reaches_back: bool = True,
) -> Scope:
    """Return the scope, from the source's state after a read.

    It starts at the source's oldest occurrence. A row with a wrong date does not tell where the others begin: while
    there is one, the scope starts where the last proof's did (proven_start), or where the retention says.
    misdated_share: the share of the source's rows before `misdated_before`; if it is half or more, its dates and
    stamps have nothing to do with each other, and its oldest occurrence is all there is to go by.
    reaches_back: whether the source's rows before the last proof's start are enough to say that it keeps these again.
    """
    if profile.retention is None:
        return Scope(datetime.min, None)
    oldest_age = profile.retention + _MISDATED
    if oldest_occurrence is None:
        return Scope(datetime.max, oldest_age)
    if newest_update is None or misdated_share >= 0.5:
        return Scope(oldest_occurrence, None)
    if not misdated_share:
        start = oldest_occurrence if reaches_back or proven_start is None else proven_start
        return Scope(max(start, oldest_occurrence), oldest_age)
    kept = _wall_clock(newest_update) - profile.retention + _SLACK
    return Scope(max(kept, proven_start or datetime.min), oldest_age)


def _wall_clock(instant: datetime) -> datetime:
    return instant.astimezone(CHICAGO).replace(tzinfo=None)
