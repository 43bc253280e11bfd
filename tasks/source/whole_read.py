"""Whole reads: a read of the source is complete and of one state, or it fails.

The source changes while it is read. So each read is checked twice: it has as many distinct ids as the source
counts under the same filter, and the source's state is the same before and after; else it is read again.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Generic, TypeVar

from tasks.contract.twins import published_key
from tasks.datasets import SourceState
from tasks.errors import SourceError
from tasks.source import soql
from tasks.source.portal import IDS_OF_ONE_REQUEST, Answer, Portal, Row
from tasks.source.threads import RunThreads
from tasks.source.twins import name_twins

log = logging.getLogger(__name__)

T = TypeVar("T")

# Thousands of ids are dozens of requests, each of which spends most of its time waiting for the answer.
CHUNKS_IN_FLIGHT = 4
# The City loads within seconds, once a day; a source that moves during five reads in a row is not loading.
MAX_READS = 5
# How many rows of one key may stand behind a page's end, and how many other lengths of a page are tried for them.
_MOST_BEHIND_AN_END = 3
_OTHER_LENGTHS = 4
_MOVING = "It is probably being loaded; run again in some minutes."
_STANDING = (
    "It did not move meanwhile, so that waiting does not help: its answers and its count disagree. "
    "Look at both in a browser, and report it to the portal (docs/runbook.md)."
)


class ReadAgainError(Exception):
    """The read was not whole; the source seems to have moved."""


@dataclass(frozen=True)
class WholeRead:
    """Rows as the API gave them, ordered by id, and the source's fields."""

    rows: list[Row]
    fields: dict[str, str]


class SteadySource:
    """Reads of one portal, each of one state of it. Safe for several threads: they share the state seen last."""

    def __init__(self, portal: Portal, latest_stamp: Callable[[], datetime | None] = lambda: None) -> None:
        """latest_stamp: gives the instant after which a stamp of the source counts for nothing; None: all count."""
        self.portal = portal
        self.latest_stamp = latest_stamp
        self._lock = Lock()
        self._last_seen: SourceState | None = None

    def state(self) -> SourceState:
        """Ask for the state now, and remember it as the one that reads start from."""
        state = self.portal.fetch_state(self.latest_stamp())
        with self._lock:
            self._last_seen = state
        return state

    def last_seen(self) -> SourceState:
        """Return the state that was seen last; if there is none, ask for it."""
        return self._last_seen or self.state()

    def read(self, what: str, once: Callable[[], T]) -> tuple[T, SourceState]:
        """Call `once` until the source's state is the same before and after it.

        The state before may be one seen earlier: if it still holds afterwards, it held in between. Raises
        `SourceError` naming `what` after `MAX_READS` reads.
        """
        cause, has_moved = "", False
        for attempt in range(1, MAX_READS + 1):
            before = self.last_seen()
            try:
                result = once()
            except ReadAgainError as error:
                has_moved = has_moved or self.state() != before
                cause = str(error)
            else:
                after = self.state()
                if before == after:
                    return result, after
                has_moved = True
                cause = f"it moved from {_brief(before)} to {_brief(after)}"
            log.warning("read=%r attempt=%d again=%r", what, attempt, cause)
        raise SourceError(
            f"{what}: the source was read {MAX_READS} times and never whole ({cause}). "
            f"Nothing of it was stored. {_MOVING if has_moved else _STANDING}"
        )


def read_rows(portal: Portal, where: str | None, select: str) -> WholeRead:
    """Read all rows of a filter once.

    Raises `ReadAgainError` where the source counts more or fewer, or its columns changed between two pages.
    """
    answers = read_pages(portal, where, select, lambda answer: answer)
    # A page without headers states nothing.
    stated = [answer.fields for answer in answers if answer.fields]
    if any(fields.keys() != stated[0].keys() for fields in stated):
        raise ReadAgainError("the columns changed between two pages")
    names = {name: "" for page in stated for name in page}
    types = {name: type_ for page in stated for name, type_ in page.items() if type_}
    return WholeRead([row for answer in answers for row in answer.rows], names | types)


def read_pages(portal: Portal, where: str | None, select: str, take: Callable[[Answer], T]) -> list[T]:
    """Read all rows of a filter once, and return what `take` makes of each page.

    Rows that share a key have the one that they are held under (twins.py). Raises `ReadAgainError` where the rows are
    not as many as the source counts.
    """
    page_rows = portal.options.page_rows
    came = _read_pages(portal, where, select, take, page_rows)
    for shorter in range(1, _OTHER_LENGTHS + 1):
        if not came.may_have_split_twins:
            break
        # Rows of one key at both sides of a page's end: the next page begins after the key. Pages of another length end
        # elsewhere, though perhaps within the rows of another key, or of one that has many.
        came = _read_pages(portal, where, select, take, max(page_rows - shorter, 2))
    if not came.rows == came.ids == came.counted:
        raise ReadAgainError(
            f"{came.rows} rows with {came.ids} ids came where the source counts {came.counted}"
        )
    return came.taken


@dataclass(frozen=True)
class _Came(Generic[T]):
    """What came of one read of all pages: rows, distinct ids, pages, and how many rows the source counts."""

    rows: int
    ids: int
    counted: int
    taken: list[T]

    @property
    def may_have_split_twins(self) -> bool:
        """Return whether as few rows are missing as may stand behind the ends of pages."""
        behind_ends = _MOST_BEHIND_AN_END * (len(self.taken) - 1)
        return self.rows == self.ids and 0 < self.counted - self.rows <= behind_ends


def _read_pages(
    portal: Portal, where: str | None, select: str, take: Callable[[Answer], T], page_rows: int
) -> _Came[T]:
    key = portal.profile.key
    ids: set[str] = set()
    rows, taken = 0, []
    # Most reads are one page: with the count asked for beside it, they wait for the portal once.
    with RunThreads(1, thread_name_prefix="count") as pool:
        counted = pool.submit(portal.fetch_count, where)
        for answer in portal.fetch_pages(where, select, counted.result, page_rows):
            name_twins(portal, answer.rows)
            rows += len(answer.rows)
            ids.update(row[key] for row in answer.rows)
            taken.append(take(answer))
        return _Came(rows, len(ids), counted.result(), taken)


def read_ids_still_held(portal: Portal, ids: Sequence[str]) -> set[str]:
    """Ask the source which of these row ids it still has, in chunks of a bounded length; whole, as any read.

    Raises `ReadAgainError`, or `SourceError` where the source ignored the filter.
    """
    chunks = [ids[first : first + IDS_OF_ONE_REQUEST] for first in range(0, len(ids), IDS_OF_ONE_REQUEST)]
    with RunThreads(CHUNKS_IN_FLIGHT, thread_name_prefix="ids") as pool:
        return set().union(*pool.map(lambda chunk: _still_held(portal, chunk), chunks))


def _still_held(portal: Portal, chunk: Sequence[str]) -> set[str]:
    key = portal.profile.key
    asked = sorted({published_key(row_id) for row_id in chunk})
    held = {str(row[key]) for row in read_rows(portal, soql.one_of_keys(portal.profile, asked), key).rows}
    if not {published_key(row_id) for row_id in held} <= set(asked):
        raise SourceError(f"rows were sent that were not asked for, asking {len(chunk)} values of {key}")
    return held & set(chunk)


def _brief(state: SourceState) -> str:
    return f"{state.row_count} rows of {state.last_modified or state.newest_update}"
