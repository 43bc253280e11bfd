"""Windows: which rows of the source one step syncs. Pure; knows no clock and no database.

A window is a span `[start, end)` of occurrence times (Chicago wall clock), or the rows without an occurrence time,
or all rows with `:updated_at` at or after an instant.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final, Literal
from zoneinfo import ZoneInfo

WindowKind = Literal["occurrence", "undated", "incremental", "repair", "replay"]

# The zone of every wall clock of the City's record.
CHICAGO: Final = ZoneInfo("America/Chicago")
# The City's record begins in 2001. An occurrence before that is a typing error, and one window holds all of those.
FIRST_OF_RECORD = datetime.combine(date(2001, 1, 1), time.min)
# A window that is sized by rows has as many days as have so many rows, and never more than those (decision 0029).
ROWS_OF_A_WINDOW: Final = 12_000
MOST_DAYS_BY_ROWS: Final = 31


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


def windows_by_rows(start: datetime, end: datetime, rows_by_month: Mapping[date, int]) -> Iterator[Window]:
    """Yield the windows that cover `[start, end)` without gap or overlap, each of about `ROWS_OF_A_WINDOW` rows.

    start, end: midnights. rows_by_month: how many rows of the span each month has, by its first day; a month's rows are
    taken to be spread evenly over its days of the span. A window has one day at least, and `MOST_DAYS_BY_ROWS` at most.
    """
    days = [start.date() + timedelta(days=number) for number in range((end - start).days)]
    days_of_month = Counter(day.replace(day=1) for day in days)
    first, rows = start, 0.0
    for day in days:
        month = day.replace(day=1)
        rows_of_day = rows_by_month.get(month, 0) / days_of_month[month]
        length = (day - first.date()).days
        if length and (length == MOST_DAYS_BY_ROWS or rows + rows_of_day > ROWS_OF_A_WINDOW):
            yield Window("occurrence", first, midnight(day))
            first, rows = midnight(day), 0.0
        rows += rows_of_day
    if first < end:
        yield Window("occurrence", first, end)


# How a span is divided into windows: by `occurrence_windows` or by `windows_by_rows`.
Divide = Callable[[datetime, datetime], Iterable[Window]]


def span_windows(
    oldest: datetime, newest: datetime, began: datetime, horizon: datetime, divide: Divide
) -> list[Window]:
    """Return the windows of a whole span, what has its right date divided by `divide`.

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
        return [*windows, *divide(start, end)]
    windows += divide(start, horizon)
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
