"""What runs, windows and moments are called where a person reads them: in words. No server and no database is asked.

The ledger, the log and the parameters of a flow name a window as it prints (`2026-01-05..2026-01-12`), which a flow
reads back (tasks/windows.py).
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import prefect.runtime

from tasks.shown.report import RunReport
from tasks.windows import Window, parse_window


def run_name(kind: str, windows: Sequence[Window]) -> str:
    """Return kind and span: `backfill 17 Nov 2025 to 17 Nov 2026`, `incremental since 28 Nov 08:03 UTC`, `unmoved`."""
    dated = [window for window in windows if window.kind == "occurrence"]
    if not dated:
        return " ".join([kind, *(window_name(window) for window in windows)])
    starts = [window.start for window in dated]
    ends = [window.end for window in dated]
    # A missing bound leaves that side open.
    return f"{kind} {_days(None if None in starts else min(starts), None if None in ends else max(ends))}"  # type: ignore[type-var]


def window_name(window: Window) -> str:
    """Return a window in words: `5 to 11 Jan 2026`, `since 28 Nov 08:03 UTC`, `without a date`."""
    if window.kind == "undated":
        return "without a date"
    if window.since is not None:
        return f"since {window.since.astimezone(UTC):%-d %b %H:%M} UTC"
    return _days(window.start, window.end)


def _days(start: datetime | None, end: datetime | None) -> str:
    """Return the days from start to before end; None: that side is open."""
    last = None if end is None else (end - timedelta(microseconds=1)).date()
    if start is None:
        return f"until {_day(last)}" if last else "of all days"
    first = start.date()
    if last is None:
        return f"from {_day(first)}"
    if first == last:
        return _day(first)
    if first.year != last.year:
        return f"{_day(first)} to {_day(last)}"
    return f"{first:%-d}{'' if first.month == last.month else f' {first:%b}'} to {_day(last)}"


def _day(day: date | None) -> str:
    return "" if day is None else f"{day:%-d %b %Y}"


def moment(value: datetime) -> str:
    """Return a moment to the minute, with its clock: an instant in UTC, a wall clock without zone as Chicago's."""
    if value.tzinfo is None:
        return f"{value:%-d %b %Y %H:%M} Chicago"
    return f"{value.astimezone(UTC):%-d %b %Y %H:%M} UTC"


def outcome(found: RunReport) -> str:
    """Return how a run ended: `equal, 725 new, 32 gone`, `failed, 1 of 53 windows`."""
    if found.windows_failed:
        said = [f"failed, {found.windows_failed:,} of {found.windows_done + found.windows_failed:,} windows"]
    elif found.status == "done":
        said = ["equal" if found.equal else "not compared"]
    else:
        said = [found.status]
    counts = {
        "new": found.inserted,
        "gone": found.retired,
        "repaired": found.repaired,
        "rejected": found.rejected,
    }
    said += [f"{rows:,} {name}" for name, rows in counts.items() if rows]
    # Renewed rows alone are no news: the City publishes some anew, with the same content.
    return ", ".join(said if len(said) > 1 or found.status != "done" else [*said, "nothing new"])


def name_of_window_flow() -> str:
    """Return what Prefect is to call the subflow that asks, by its parameter `window`."""
    return window_name(parse_window(prefect.runtime.flow_run.parameters["window"]))


def name_of_extract(parameters: dict[str, Any]) -> str:
    """Return what Prefect is to call an extract, by its parameters; their name is Prefect's."""
    return f"extract {window_name(parameters['window'])}"
