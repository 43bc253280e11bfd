"""SoQL clauses: the only place where the text of a query to the portal is put together.

Values are escaped by doubling the quote; field names come from the declared profile alone. Pure. Mirrors
https://dev.socrata.com/docs/queries/.
"""

from collections.abc import Iterable
from datetime import UTC, datetime

from tasks.datasets import DatasetProfile
from tasks.errors import SourceError
from tasks.source.fingerprint import Period
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
        raise ValueError(f"{moment} has no zone, so it is not an instant")
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


def fingerprints(profile: DatasetProfile, period: Period) -> tuple[str, str]:
    """Return select and group of a query for the fingerprint of each month or day of occurrence.

    SoQL sums numbers only, and extracts numbers from a floating timestamp: so the City's own stamp becomes one number
    that grows with it.
    """
    group = f"{_TRUNCATE[period]}({profile.occurrence})"
    aggregates = [f"{group} as period", "count(*) as row_count", f"sum({profile.key}) as keys"]
    aggregates.append(f"max({profile.updated}) as newest")
    if profile.edited is not None:
        aggregates.append(f"sum({_seconds(profile.edited)}) as stamps")
    return ", ".join(aggregates), group


_TRUNCATE: dict[Period, str] = {"month": "date_trunc_ym", "day": "date_trunc_ymd"}


def _seconds(field: str) -> str:
    """Return a floating timestamp as a number of seconds, as if all months had 31 days; as fingerprint.sql does."""
    total = f"(date_extract_y({field}) - 2000)"
    for part, of_the_next in (("m", 12), ("d", 31), ("hh", 24), ("mm", 60), ("ss", 60)):
        total = f"({total} * {of_the_next} + date_extract_{part}({field}))"
    return total


def without_time(profile: DatasetProfile) -> str:
    """Return the filter that selects the rows without an occurrence time, or of a year that no calendar has."""
    field, first, last = profile.occurrence, wall_clock(datetime.min), wall_clock(datetime.max)
    return f"{field} is null or {field} < {first} or {field} > {last}"


def stamped_until(profile: DatasetProfile, latest: datetime) -> str:
    """Return the filter that selects the rows whose stamp is no newer than an instant."""
    return f"{profile.updated} <= {instant(latest)}"


def stamped_after(profile: DatasetProfile, latest: datetime) -> str:
    """Return the filter that selects the rows whose stamp is newer than an instant."""
    return f"{profile.updated} > {instant(latest)}"


def has_value(profile: DatasetProfile, field: str) -> str:
    """Return the filter that selects the rows in which a declared field is not null."""
    if field not in profile.columns_by_field:
        raise ValueError(f"{field} is no declared field of {profile.dataset}")
    return f"{field} is not null"


def census_columns(profile: DatasetProfile) -> str:
    """Return what a census selects of each row: its key, its version, and its time."""
    return f"{profile.key},{profile.version},{profile.occurrence}"


def key_literal(profile: DatasetProfile, key: str) -> str:
    """Return a row's key as a literal of its type; a text that is not a number cannot be a numeric key."""
    if not profile.has_numeric_keys:
        return literal(key)
    if not (key.isascii() and key.isdigit()):
        raise SourceError(f"the source sent {key!r} as {profile.key} of a row, and that has to be a number")
    return key


def after_key(profile: DatasetProfile, key: str) -> str:
    """Return the filter that selects the rows that come after a key."""
    return f"{profile.key} > {key_literal(profile, key)}"


def one_of_keys(profile: DatasetProfile, keys: Iterable[str]) -> str:
    """Return the filter that selects the rows with these keys."""
    return f"{profile.key} in ({', '.join(key_literal(profile, key) for key in keys)})"


def both(first: str | None, second: str | None) -> str | None:
    """Return the filter that asks for both; None filters nothing."""
    if first and second:
        return f"({first}) and ({second})"
    return first or second
