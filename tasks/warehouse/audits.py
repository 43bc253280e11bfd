"""Audits: the record of each comparison of the source with what we hold, and what it proves.

What lives here: `pipeline.audits` and `pipeline.proven_months`. What does not: how a comparison is made (tasks/proof/).
"""

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Literal
from uuid import UUID

from sqlalchemy import Connection, Engine, text

from tasks.datasets import Proof, SourceState
from tasks.warehouse.sql_files import execute


@dataclass(frozen=True)
class Audit:
    """One comparison, in rows. span_start, span_end: Chicago wall clock, end excluded; no start: the source is empty.

    round: 1 is the first comparison of a run. days: how many differ, the undated rows as one. outside_rows: of ours,
    before the start; unexplained_rows: of them, too young to have aged out.
    """

    round: int
    proof: Proof | Literal["unmoved"]
    span_start: datetime | None
    span_end: datetime | None
    source_rows: int
    our_rows: int
    missing: int = 0
    surplus: int = 0
    outdated: int = 0
    damaged: int = 0
    days: int = 0
    outside_rows: int = 0
    unexplained_rows: int = 0
    equal: bool = True


def record_audit(connection: Connection, run_id: UUID, audit: Audit, state: SourceState) -> None:
    """Write one comparison, and the source's state during it."""
    execute(connection, "ledger/record_audit", run_id=run_id, **asdict(audit), **asdict(state))


def read_rows_proven_equal(connection: Connection, state: SourceState) -> int | None:
    """Return how many rows we hold, if the last comparison proved the whole span equal in just this state, else None.

    Without a Last-Modified a withdrawal could go unseen, so nothing counts as proven. Any later change of rows
    (by another run) ends the proof.
    """
    if state.last_modified is None:
        return None
    last = execute(connection, "ledger/read_last_audit").one_or_none()
    if last is None or not last.equal or not last.is_whole or last.is_overtaken:
        return None
    seen = (last.last_modified, last.row_count, last.newest_update, last.oldest_occurrence)
    now = (state.last_modified, state.row_count, state.newest_update, state.oldest_occurrence)
    return int(last.our_rows) if seen == now else None


@dataclass(frozen=True)
class ProvenSpan:
    """The last span that was proven equal as a whole. start: Chicago wall clock. outside_rows: of ours, before it."""

    start: datetime
    outside_rows: int


def read_proven_span(connection: Connection) -> ProvenSpan | None:
    """Return the last span that was proven equal as a whole, or None before the first."""
    row = execute(connection, "ledger/read_last_span").one_or_none()
    return None if row is None else ProvenSpan(row.span_start, row.outside_rows)


def read_longest_span(connection: Connection) -> timedelta | None:
    """Return how long the source's span was at most, of the proofs since one was accepted by hand; None before any."""
    longest: timedelta | None = execute(connection, "ledger/read_longest_span").scalar()
    return longest


def read_proven_months(engine: Engine) -> dict[date, datetime]:
    """Return when each month was last proven by census."""
    with engine.connect() as connection:
        rows = connection.execute(text("select month, proven_at from pipeline.proven_months"))
        return {row.month: row.proven_at for row in rows}


def record_proven_months(connection: Connection, run_id: UUID, months: Collection[date]) -> None:
    """Write that these months were proven by census just now."""
    if months:
        execute(connection, "ledger/record_proven_months", months=list(months), run_id=run_id)


def read_days_due(engine: Engine, run_id: UUID, span: tuple[datetime, datetime], most: int) -> list[date]:
    """Return the days whose turn it is to be compared by content, in order; none that this run has compared.

    span: midnights, Chicago wall clock, both included.
    """
    with engine.connect() as connection:
        days = execute(
            connection, "ledger/read_days_due", run_id=run_id, span_start=span[0], span_end=span[1], most=most
        )
        return sorted(days.scalars())


def record_compared_days(connection: Connection, run_id: UUID, days: Collection[date]) -> None:
    """Write that these days were just compared by content, and are as published."""
    if days:
        execute(connection, "ledger/record_compared_days", days=list(days), run_id=run_id)
