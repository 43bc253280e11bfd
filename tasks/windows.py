"""Windows: which rows of the source one step syncs. Pure; knows no clock and no database.

A window is a span `[start, end)` of occurrence times (Chicago wall clock), or the rows without an occurrence time,
or all rows with `:updated_at` at or after an instant.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Literal

WindowKind = Literal["occurrence", "undated", "incremental", "repair"]


@dataclass(frozen=True)
class Window:
    """One window.

    start, end: occurrence times, Chicago wall clock without zone, end excluded; no end is "and all that is later".
    since: instant, included; only for kind `incremental`.
    """

    kind: WindowKind
    start: datetime | None = None
    end: datetime | None = None
    since: datetime | None = None

    def __str__(self) -> str:
        if self.kind == "undated":
            return "undated"
        if self.kind == "incremental":
            return f"since {self.since:%Y-%m-%dT%H:%M:%SZ}"
        return f"{_label(self.start)}..{_label(self.end)}"


UNDATED = Window("undated")


def _label(moment: datetime | None) -> str:
    if moment is None:
        return "later"
    return f"{moment:%Y-%m-%d}" if moment.time() == time.min else f"{moment:%Y-%m-%dT%H:%M:%S}"


def midnight(day: date) -> datetime:
    """Return the first instant of a day on the wall clock."""
    return datetime.combine(day, time.min)


def occurrence_windows(start: datetime, end: datetime, window_days: int) -> Iterator[Window]:
    """Yield the windows that cover `[start, end)` without gap or overlap, each `window_days` long but the last."""
    step = timedelta(days=window_days)
    while start < end:
        yield Window("occurrence", start, min(start + step, end))
        start += step


def span_windows(oldest: datetime, newest: datetime, horizon: datetime, window_days: int) -> list[Window]:
    """Return the windows of a whole span.

    oldest, newest: the source's first and last occurrence. horizon: the first midnight after its newest stamp; an
    occurrence after it is an error of the source, and one window without an end holds all of those, so that a
    typing error in a year does not make a thousand empty windows.
    """
    first = midnight(oldest.date())
    last = midnight(newest.date()) + timedelta(days=1)
    windows = list(occurrence_windows(first, min(last, horizon), window_days))
    if last > horizon:
        windows.append(Window("occurrence", max(horizon, first), None))
    return windows


def day_windows(days: list[date]) -> list[Window]:
    """Return repair windows for days that differ: runs of neighbouring days become one window."""
    windows: list[Window] = []
    for day in sorted(days):
        start, end = midnight(day), midnight(day) + timedelta(days=1)
        if windows and windows[-1].end == start:
            windows[-1] = Window("repair", windows[-1].start, end)
        else:
            windows.append(Window("repair", start, end))
    return windows
