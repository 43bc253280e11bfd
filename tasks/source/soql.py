"""SoQL clauses: the only place where text of a query to the portal is put together.

Values are escaped by doubling the quote; field names come from the declared profile alone. Pure. Mirrors
https://dev.socrata.com/docs/queries/.
"""

from collections.abc import Iterable
from datetime import UTC, datetime

from tasks.datasets import DatasetProfile
from tasks.errors import SourceError
from tasks.windows import Window


def literal(value: str) -> str:
    """Return a text literal; an apostrophe is doubled."""
    return "'" + value.replace("'", "''") + "'"


def wall_clock(moment: datetime) -> str:
    """Return a floating timestamp literal: Chicago wall clock, no zone, milliseconds."""
    return literal(moment.isoformat(timespec="milliseconds"))


def instant(moment: datetime) -> str:
    """Return a fixed timestamp literal: UTC, milliseconds, as the source writes them."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment} has no zone, so it is no instant")
    return literal(moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z")


def in_window(profile: DatasetProfile, window: Window) -> str:
    """Return the filter that selects exactly the rows of a window."""
    if window.kind == "undated":
        return f"{profile.occurrence} is null"
    if window.kind == "incremental":
        if window.since is None:
            raise SourceError(f"window {window}: an incremental window needs an instant to start from")
        return f"{profile.updated} >= {instant(window.since)}"
    bounds = []
    if window.start is not None:
        bounds.append(f"{profile.occurrence} >= {wall_clock(window.start)}")
    if window.end is not None:
        bounds.append(f"{profile.occurrence} < {wall_clock(window.end)}")
    return " and ".join(bounds) or f"{profile.occurrence} is not null"


def one_of(field: str, values: Iterable[str]) -> str:
    """Return the filter that selects rows whose field is one of the values."""
    return f"{field} in ({', '.join(literal(value) for value in values)})"


def both(first: str | None, second: str | None) -> str | None:
    """Return the filter that asks for both; None asks for nothing."""
    if first and second:
        return f"({first}) and ({second})"
    return first or second
