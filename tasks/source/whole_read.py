"""Whole reads: a read of the source is complete and of one state, or it fails.

The source changes while it is read. So each read is checked twice: its distinct ids are as many as the source's own
count under the same filter, and the source's state is the same before and after; else it is read again.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import TypeVar

from tasks.datasets import SourceState
from tasks.errors import SourceError
from tasks.source import soql
from tasks.source.portal import IDS_OF_ONE_REQUEST, Answer, Portal, Row
from tasks.source.threads import RunThreads

log = logging.getLogger(__name__)

T = TypeVar("T")

# Thousands of ids are dozens of requests, and of each most is waiting for the answer.
CHUNKS_IN_FLIGHT = 4
# The City loads within seconds, once a day; a source that moves during five reads in a row is no such load.
MAX_READS = 5


class ReadAgainError(Exception):
    """The read was not whole; the source seems to have moved."""


@dataclass(frozen=True)
class WholeRead:
    """Rows as the API gave them, ordered by id, and the source's fields."""

    rows: list[Row]
    fields: dict[str, str]


class SteadySource:
    """Reads of one portal that hold of one state. Safe for several threads: they share what the state was last."""

    def __init__(self, portal: Portal) -> None:
        self.portal = portal
        self._lock = Lock()
        self._last_seen: SourceState | None = None

    def state(self) -> SourceState:
        """Ask for the state now, and remember it as the one that reads start from."""
        state = self.portal.fetch_state()
        with self._lock:
            self._last_seen = state
        return state

    def last_seen(self) -> SourceState:
        """Return the state that was seen last, asked for if none was."""
        return self._last_seen or self.state()

    def read(self, what: str, once: Callable[[], T]) -> tuple[T, SourceState]:
        """Call `once` until the source's state is the same before and after it.

        The state before may be one seen earlier: if it still holds afterwards, it held in between. Raises
        `SourceError` naming `what` after `MAX_READS` reads.
        """
        cause = ""
        for attempt in range(1, MAX_READS + 1):
            before = self.last_seen()
            try:
                result = once()
            except ReadAgainError as error:
                self.state()
                cause = str(error)
            else:
                after = self.state()
                if before == after:
                    return result, after
                cause = f"it moved from {_brief(before)} to {_brief(after)}"
            log.warning("read=%r attempt=%d again=%r", what, attempt, cause)
        raise SourceError(
            f"{what}: the source was read {MAX_READS} times and never whole ({cause}). "
            "Nothing of it was stored. It is probably being loaded; run again in some minutes."
        )


def read_rows(portal: Portal, where: str | None, select: str) -> WholeRead:
    """Read all rows of a filter once.

    Raises `ReadAgainError` where they are not as many as the source counts, or its columns changed between two pages.
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
    """Read all rows of a filter once, and keep of each page what `take` makes of it.

    Raises `ReadAgainError` where they are not as many as the source counts.
    """
    key = portal.profile.key
    ids: set[str] = set()
    rows, taken = 0, []
    # Most reads are of one page; counted beside it, they wait for the portal once.
    with RunThreads(1, thread_name_prefix="count") as pool:
        counted = pool.submit(portal.fetch_count, where)
        for answer in portal.fetch_pages(where, select):
            rows += len(answer.rows)
            ids.update(row[key] for row in answer.rows)
            taken.append(take(answer))
        expected = counted.result()
    if not rows == len(ids) == expected:
        raise ReadAgainError(f"{rows} rows with {len(ids)} ids came where the source counts {expected}")
    return taken


def read_ids_still_held(portal: Portal, ids: Sequence[str]) -> set[str]:
    """Ask the source which of these row ids it still has, in chunks of a bounded length; whole, as any read.

    Raises `ReadAgainError`, or `SourceError` where a filter was not heeded.
    """
    chunks = [ids[first : first + IDS_OF_ONE_REQUEST] for first in range(0, len(ids), IDS_OF_ONE_REQUEST)]
    with RunThreads(CHUNKS_IN_FLIGHT, thread_name_prefix="ids") as pool:
        return set().union(*pool.map(lambda chunk: _still_held(portal, chunk), chunks))


def _still_held(portal: Portal, chunk: Sequence[str]) -> set[str]:
    key = portal.profile.key
    held = {str(row[key]) for row in read_rows(portal, soql.one_of_keys(portal.profile, chunk), key).rows}
    if not held <= set(chunk):
        raise SourceError(f"rows were sent that were not asked for, asking {len(chunk)} values of {key}")
    return held


def _brief(state: SourceState) -> str:
    return f"{state.row_count} rows of {state.last_modified or state.newest_update}"
