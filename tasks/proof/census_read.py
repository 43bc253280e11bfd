"""Reading a census: id, version and time of every row of the source, in parts of its time side by side.

Pages by key wait for each other, because a page begins after the last key of the one before. Parts of time do not: each
is whole by itself, and together they have to be as many rows with as many ids as the source counts in all.
"""

from functools import partial
from typing import Final

import pandas as pd

from tasks.contract.crimes import to_census_frame
from tasks.datasets import SourceState
from tasks.source import soql
from tasks.source.portal import Portal
from tasks.source.threads import RunThreads
from tasks.source.whole_read import ReadAgainError, read_pages
from tasks.sync.scope import began, horizon
from tasks.windows import UNDATED, Window, occurrence_windows, span_windows

# Each is a page as rows, for a moment.
_PARTS_IN_FLIGHT: Final = 4
# Days differ by less than that, so that a part is one page.
_FILLED: Final = 0.8


def read_census(portal: Portal, state: SourceState) -> pd.DataFrame:
    """Read all rows once: in parts, or page after page where they are few, or rows of two parts have one id.

    state: by which the parts are laid out. Raises `ReadAgainError` where the rows are not as many as the source counts.
    """
    parts = _parts(portal, state)
    if parts:
        with RunThreads(_PARTS_IN_FLIGHT, thread_name_prefix="census") as pool:
            read = pool.map(lambda part: read_span(portal, soql.in_window(portal.profile, part)), parts)
            census = pd.concat(read, ignore_index=True)
        # By the state that is the same when the read is over.
        if len(census) == state.row_count and census["crime_id"].is_unique:
            return census
        if (now := portal.fetch_count(None)) != state.row_count:
            raise ReadAgainError(f"it had {state.row_count} rows and has {now}")
    return read_span(portal, None)


def read_span(portal: Portal, where: str | None) -> pd.DataFrame:
    """Read the rows of a filter once, page after page: a census of all rows is not held as rows."""
    profile = portal.profile
    select = soql.census_columns(profile)
    pages = read_pages(portal, where, select, lambda page: to_census_frame(page.rows, profile))
    return pd.concat(pages, ignore_index=True)


def _parts(portal: Portal, state: SourceState) -> list[Window]:
    """Return windows that have every row once, most of them a page each; none where one page has all."""
    oldest, newest, page_rows = state.oldest_occurrence, state.newest_occurrence, portal.options.page_rows
    if oldest is None or newest is None or state.row_count < page_rows:
        return []
    last = horizon(state)
    # A date of a wrong year is no measure of the others.
    first = began(portal.profile, last)
    rows_a_day = state.row_count / max((last - max(oldest, first)).days, 1)
    days = max(int(_FILLED * page_rows / rows_a_day), 1)
    divide = partial(occurrence_windows, window_days=days)
    return [*span_windows(oldest, newest, first, last, divide), UNDATED]
