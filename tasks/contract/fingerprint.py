"""Fingerprints: a dataset too large to be compared row by row each day, as sums of each month, then of each day. Pure.

A fingerprint says nothing of which rows differ; a census of the days that differ does. What could slip through, and why
a census of some months each run goes with it, is in docs/decisions/0012.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

Period = Literal["month", "day"]


@dataclass(frozen=True)
class Fingerprint:
    """The rows of one month or day of occurrence.

    rows: how many. keys: the sum of their ids. newest: the newest `:updated_at`. stamps: the sum over the rows of when
    the City last changed each, in seconds of a calendar whose months all have 31 days.
    """

    rows: int
    keys: int
    newest: datetime | None
    stamps: int

    def with_rows_of(self, other: "Fingerprint") -> "Fingerprint":
        """Return the fingerprint of both."""
        stamps = [stamp for stamp in (self.newest, other.newest) if stamp is not None]
        return Fingerprint(
            self.rows + other.rows,
            self.keys + other.keys,
            max(stamps, default=None),
            self.stamps + other.stamps,
        )


# By the first day of the period; None: rows without an occurrence time, or with one that is none.
Fingerprints = Mapping[date | None, Fingerprint]


def differing_periods(theirs: Fingerprints, ours: Fingerprints) -> list[date]:
    """Return the first days of the periods that differ, in order; the rows without a time are not among them."""
    return sorted(
        period for period in {*theirs, *ours} if period is not None and theirs.get(period) != ours.get(period)
    )


def months_due(months: Collection[date], proven: Mapping[date, datetime], most: int) -> list[date]:
    """Return the months whose turn it is to be compared row by row: those never proven first, then the longest ago."""
    never = sorted(month for month in months if month not in proven)
    known = sorted((proven[month], month) for month in months if month in proven)
    return [*never, *(month for _, month in known)][:most]
