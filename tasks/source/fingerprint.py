"""Fingerprints: the source's sums over the rows of each month or day. Pure.

How they are compared is in tasks/proof/fingerprints.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

Period = Literal["month", "day"]


@dataclass(frozen=True)
class Fingerprint:
    """The rows of one month or day of occurrence.

    rows: how many. keys: the sum of their ids. newest: the newest `:updated_at`. stamps: the sum of the times
    at which the City last changed each row, in seconds of a calendar whose months all have 31 days.
    """

    rows: int
    keys: int
    newest: datetime | None
    stamps: int

    def with_rows_of(self, other: "Fingerprint") -> "Fingerprint":
        """Return the fingerprint of the rows of both."""
        stamps = [stamp for stamp in (self.newest, other.newest) if stamp is not None]
        return Fingerprint(
            self.rows + other.rows,
            self.keys + other.keys,
            max(stamps, default=None),
            self.stamps + other.stamps,
        )


# By the first day of the period; None: rows without an occurrence time, or with one that no calendar has.
Fingerprints = Mapping[date | None, Fingerprint]
