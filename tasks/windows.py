"""Windows: which rows of the source one step syncs. Pure; knows no clock and no database.

A window is a span `[start, end)` of occurrence times (Chicago wall clock), or the rows without an occurrence time,
or all rows with `:updated_at` at or after an instant.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final, Literal
from zoneinfo import ZoneInfo

WindowKind = Literal["occurrence", "undated", "incremental", "repair", "replay"]

# The zone of every wall clock of the City's record.
CHICAGO: Final = ZoneInfo("America/Chicago")
# The City's record begins in 2001. An occurrence before that is a typing error, and one window holds all of those.
FIRST_OF_RECORD = datetime.combine(date(2001, 1, 1), time.min)


@dataclass(frozen=True)
class Window:
    """One window.

    start, end: occurrence times, Chicago wall clock without zone, end excluded; no start is "and all that is earlier",
    no end "and all that is later".
    since: instant, included; only for kind `incremental`. round: the audit's, for a window that it syncs again.
    """

    kind: WindowKind
    start: datetime | None = None
    end: datetime | None = None
    since: datetime | None = None
    round: int = 0

    def __str__(self) -> str:
        """Return the window as text that a person reads and `parse_window` takes back."""
        if self.kind in {"undated", "replay"}:
            return self.kind
        if self.kind == "incremental":
            return f"since {_label(self.since, '')}"
        return f"{_label(self.start, 'earlier')}..{_label(self.end, 'later')}"


UNDATED = Window("undated")


def parse_window(label: str) -> Window:
    """Return the planned window that prints as `label`. Raises `ValueError` for anything else."""
    if label == "undated":
        return UNDATED
    if label.startswith("since "):
        return Window("incremental", since=datetime.fromisoformat(label.removeprefix("since ")))
    start, separator, end = label.partition("..")
    if not separator:
        raise ValueError(f"{label!r} is not a window")
    return Window("occurrence", _parse(start, "earlier"), _parse(end, "later"))


def _label(moment: datetime | None, otherwise: str) -> str:
    if moment is None:
        return otherwise
    is_midnight = moment.time() == time.min and moment.tzinfo is None
    return moment.date().isoformat() if is_midnight else moment.isoformat()


def _parse(label: str, none: str) -> datetime | None:
    return None if label == none else datetime.fromisoformat(label)


def midnight(day: date) -> datetime:
    """Return the first instant of a day on the wall clock."""
    return datetime.combine(day, time.min)


def occurrence_windows(start: datetime, end: datetime, window_days: int) -> Iterator[Window]:
    """Yield the windows that cover `[start, end)` without gap or overlap, each `window_days` long but the last."""
    step = timedelta(days=window_days)
    while start < end:
        # Not start + step: a date late in the year 9999 has nothing after it.
        stop = start + step if end - start > step else end
        yield Window("occurrence", start, stop)
        start = stop


def span_windows(
    oldest: datetime, newest: datetime, began: datetime, horizon: datetime, window_days: int
) -> list[Window]:
    """Return the windows of a whole span.

    oldest, newest: the source's first and last occurrence. horizon: the first midnight after its newest stamp; an
    occurrence after it is an error of the source, and one window without an end holds all of those. began: a midnight
    before everything that the source keeps; an earlier occurrence is an error too, and one window without a start
    holds those. So a typing error in a year does not make a thousand windows.
    """
    first = midnight(oldest.date())
    windows = []
    if first < began:
        windows.append(Window("occurrence", None, began))
    start = max(first, began)
    if newest < horizon:
        end = midnight(newest.date()) + timedelta(days=1)
        return [*windows, *occurrence_windows(start, end, window_days)]
    windows += occurrence_windows(start, horizon, window_days)
    return [*windows, Window("occurrence", max(horizon, start), None)]


def day_windows(days: Iterable[date], most_days: int) -> list[Window]:
    """Return repair windows for days that differ: neighbouring days share one, up to `most_days`."""
    windows: list[Window] = []
    for day in sorted(set(days)):
        # The last day that a date can hold has no midnight after it; a window without an end covers it too.
        end = midnight(day) + timedelta(days=1) if day < date.max else None
        last = windows[-1] if windows else None
        if last and last.start and last.end == midnight(day) and (day - last.start.date()).days < most_days:
            windows[-1] = Window("repair", last.start, end)
        else:
            windows.append(Window("repair", midnight(day), end))
    return windows
