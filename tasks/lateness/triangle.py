"""The reporting triangle: what was held of each day of occurrence after each load that we followed.

A day's age is the number of days from it to the load. The City publishes a day whole at nine; at eight only its
midnight, which is why a triangle begins at nine.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

FIRST_AGE: Final = 9
LAST_AGE: Final = 120  # nothing is learned beyond; what comes later is 0.02 % in the City's own rows
HORIZON_DAYS: Final = 45  # what is expected is what we hold when so many days more have passed
WINDOW_DAYS: Final = 84  # loads that are learned from: twelve whole weeks
DATES_DAYS: Final = WINDOW_DAYS + LAST_AGE
_MIN_GAINS: Final = 60  # late arrivals of a kind in the window, below which it is learned with the rest
OTHER: Final = "other kinds"


def counted(at: Ints, weights: npt.ArrayLike | None, size: int = 0) -> Floats:
    """Return the sum of the weights (None: how many there are) at each place."""
    return np.bincount(at, weights, size).astype(np.float64)


@dataclass(frozen=True)
class Triangle:
    """Arrays by kind, day of occurrence and calendar day (a day's ordinal less `first_date`, `first_day`).

    `held` is after the loads of the calendar day; `gains` and `losses` came with them. `observed` marks the calendar
    days on which we looked, and `seen_first` is the column of a date's first look: what was there then is no arrival.
    """

    today: int
    first_date: int
    first_day: int
    kinds: tuple[str, ...]
    held: Floats
    gains: Floats
    losses: Floats
    observed: Flags
    seen_first: Ints

    @property
    def dates(self) -> int:
        """How many days of occurrence."""
        return int(self.held.shape[1])


def to_triangle(events: pd.DataFrame, today: int, looks: Iterable[int] = ()) -> Triangle:
    """Lay out events by day of occurrence and load, up to the load of `today`.

    events: `date` and `observed` (ordinals), `kind`, `gains`, `losses`; one row is what came and went of a day and kind
    with the loads of a day. looks: days on which we looked, also those that brought nothing.
    """
    first_date = today - DATES_DAYS
    known = events[events["date"].between(first_date, today - FIRST_AGE) & (events["observed"] <= today)]
    began = int(known["observed"].min()) if len(known) else today
    first_day = max(today - WINDOW_DAYS, min(began, today))
    kinds = _kinds(known[known["observed"] > first_day])
    shape = (len(kinds), today - FIRST_AGE - first_date + 1, today - first_day + 1)
    place = {kind: number for number, kind in enumerate(kinds)}
    column = (known["observed"].to_numpy(np.int64) - first_day).clip(0)
    row = known["date"].to_numpy(np.int64) - first_date
    kind = known["kind"].map(place).fillna(len(kinds) - 1).to_numpy(np.int64)
    flat = np.ravel_multi_index((kind, row, column), shape)
    gains, losses = (
        counted(flat, known[name].to_numpy(np.float64), int(np.prod(shape))).reshape(shape)
        for name in ("gains", "losses")
    )
    observed = np.zeros(shape[2], dtype=bool)
    observed[[0, -1]] = True
    observed[column] = True
    observed[[day - first_day for day in looks if first_day <= day <= today]] = True
    seen_first = np.full(shape[1], shape[2], dtype=np.int64)
    np.minimum.at(seen_first, row, column)
    return Triangle(
        today,
        first_date,
        first_day,
        kinds,
        np.cumsum(gains - losses, axis=2),
        gains,
        losses,
        observed,
        seen_first,
    )


def _kinds(late: pd.DataFrame) -> tuple[str, ...]:
    """Return the kinds with enough late arrivals to have a curve of their own, and the rest as one."""
    is_late = late["observed"] - late["date"] > FIRST_AGE
    gains = late[is_late].groupby("kind")["gains"].sum()
    return (*sorted(gains[gains >= _MIN_GAINS].index), OTHER)
