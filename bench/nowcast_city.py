"""A reporting history of hundreds of daily loads, written straight to crimes and crime_history.

200 real runs would take an hour. What is written is what they leave: for each version of a crime when it was first
stored and when it went. Two cities: the stand-in city's own lateness, and one of another make: how late a kind is
differs from the bundled curve, weekends come later, nothing is published on Sundays, and once half of what comes is
held back for two weeks and published in the ten days after.
"""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from sqlalchemy import Connection, text

from demo.occurrences import NEVER_DAYS, Day, draw_day, tables
from tasks.warehouse.copy import copy_frame

NEVER = 10_000_000
BACKLOG_DAYS, CLEARED_DAYS = 14, 10
_HELD_BACK = 0.5


@dataclass(frozen=True)
class History:
    """A city whose first load was on `first_load` (all dates are ordinals) and whose last is on `today`."""

    first_load: int
    today: int
    rows_a_day: float
    is_other: bool
    backlog: int = NEVER  # first load of it; of the other city only
    seed: int = 7
    oldest: int = 372

    def versions(self) -> pd.DataFrame:
        """Return one row a version: case, `date`, `minute`, `iucr`, kind, FBI code, beat, and `came`, `went`."""
        first = self.first_load - self.oldest
        drawn = [self._day(day) for day in range(first, self.today - 7)]
        frame = pd.concat(drawn, ignore_index=True)
        # What the first load brought was not seen to come, and what had gone before was never seen.
        frame = frame[(frame["came"] <= self.today) & (frame["went"] > self.first_load)]
        return frame.assign(came=frame["came"].clip(lower=self.first_load)).query("came < went")

    def looks(self) -> list[int]:
        """Return the days of loads."""
        return [day for day in range(self.first_load, self.today + 1) if not (self.is_other and day % 7 == 0)]

    def _day(self, ordinal: int) -> pd.DataFrame:
        day = draw_day(self.seed, date.fromordinal(ordinal), self.rows_a_day)
        first, changed, withdrawn = self._lags(day, ordinal)
        # A change is a version of its own, and goes as the next one comes.
        is_changed = changed < NEVER
        old = _to_frame(day, ordinal, day.first_code, first, np.where(is_changed, changed, withdrawn))
        new = _to_frame(day, ordinal, day.code, changed, np.where(is_changed, NEVER, withdrawn))
        return pd.concat([old, new[is_changed]], ignore_index=True)

    def _lags(self, day: Day, ordinal: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        first, changed, withdrawn = (
            np.where(lag < NEVER_DAYS, ordinal + lag, NEVER)
            for lag in (day.first, day.changed, day.withdrawn)
        )
        if not self.is_other:
            return first, changed, withdrawn
        first = self._other_first(day, ordinal)
        changed = np.where(changed < NEVER, np.maximum(changed, first + 1), NEVER)
        withdrawn = np.where(withdrawn < NEVER, np.maximum(withdrawn, first + 3), NEVER)
        return first, _not_on_sunday(changed), _not_on_sunday(withdrawn)

    def _other_first(self, day: Day, ordinal: int) -> np.ndarray:
        random = np.random.default_rng([self.seed, ordinal, 99])
        size = len(day.minute)
        kinds = [code[1] for code in tables().codes]
        place = {kind: number for number, kind in enumerate(sorted(set(kinds)))}
        number = np.array([place[kinds[code]] for code in day.code])
        share = (0.02 + 0.25 * (number * 7 % len(place)) / len(place)) * (
            1.6 if ordinal % 7 in (6, 0) else 0.85
        )
        mean = 6 + 20 * (number * 5 % len(place)) / len(place)
        late = 10 + random.exponential(mean).astype(np.int64)
        lag = np.where(random.random(size) < share, late, np.where(day.minute == 0, 8, 9))
        first = _not_on_sunday(ordinal + lag)
        end = self.backlog + BACKLOG_DAYS
        is_held = (first >= self.backlog) & (first < end) & (random.random(size) < _HELD_BACK)
        return _not_on_sunday(np.where(is_held, end + random.integers(0, CLEARED_DAYS, size), first))


def _not_on_sunday(days: np.ndarray) -> np.ndarray:
    return days + ((days % 7 == 0) & (days < NEVER))


def _to_frame(day: Day, ordinal: int, code: np.ndarray, came: np.ndarray, went: np.ndarray) -> pd.DataFrame:
    drawn = tables()
    codes = pd.DataFrame(drawn.codes, columns=["iucr", "primary_description", "secondary", "fbi_code"]).iloc[
        code
    ]
    return pd.DataFrame(
        {
            "case_number": [f"{case}-{number}" for number, case in enumerate(day.case)],
            "date": ordinal,
            "minute": day.minute,
            "iucr": codes["iucr"].to_numpy(),
            "primary_description": codes["primary_description"].to_numpy(),
            "fbi_code": codes["fbi_code"].to_numpy(),
            "beat": drawn.beats[day.beat],
            "arrest": day.arrest,
            "domestic": day.domestic,
            "came": came,
            "went": went,
        }
    )


def write(connection: Connection, history: History, versions: pd.DataFrame) -> None:
    """Write the versions to `chicago.crimes` and `chicago.crime_history`."""
    occurred = pd.to_datetime([date.fromordinal(day) for day in versions["date"]])
    rows = versions.assign(
        crime_id=[f"row-{number}" for number in range(len(versions))],
        date_of_occurrence=(occurred + pd.to_timedelta(versions["minute"].to_numpy(), unit="min")).astype(
            "datetime64[us]"
        ),
        district=(versions["beat"] // 100).astype("Int16"),
        beat=[f"{beat:04d}" for beat in versions["beat"]],
        loaded_at=_morning(versions["came"]),
        updated_at=_morning(versions["came"]),
    )
    columns = [
        "crime_id", "case_number", "date_of_occurrence", "iucr", "primary_description", "fbi_code", "beat",
        "district", "arrest", "domestic", "loaded_at", "updated_at",
    ]  # fmt: skip
    is_gone = rows["went"] <= history.today
    copy_frame(connection, "chicago.crimes", rows.loc[~is_gone, columns])
    gone = rows.loc[is_gone, columns].assign(
        retired_at=_morning(rows.loc[is_gone, "went"]),
        reason="withdrawn",
        run_id="00000000-0000-0000-0000-000000000000",
    )
    copy_frame(connection, "chicago.crime_history", gone)
    connection.execute(text("analyze chicago.crimes"))
    connection.execute(text("analyze chicago.crime_history"))


def _morning(days: pd.Series) -> pd.Series:
    """Return the instant of a day's load: 12:00 UTC, in the morning in Chicago."""
    moments = {
        day: pd.Timestamp(date.fromordinal(day), tz="UTC") + pd.Timedelta(hours=12) for day in days.unique()
    }
    return days.map(moments).astype("datetime64[us, UTC]")
