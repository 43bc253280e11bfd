"""The plan: decide from the ledger and the source's state what this run has to do, and write it down.

The ledger decides, never "does a table exist": a backfill that was killed is unfinished, whatever it left.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Literal

from sqlalchemy import Engine

from tasks.datasets import SourceState
from tasks.errors import LoadError
from tasks.request import Request
from tasks.run.lifecycle import Run
from tasks.settings import Settings
from tasks.source import soql
from tasks.source.whole_read import SteadySource
from tasks.sync.guards import refuse_emptied_source
from tasks.sync.scope import began, horizon
from tasks.warehouse import ledger
from tasks.warehouse.audits import read_rows_proven_equal
from tasks.warehouse.clock import suspected_clock
from tasks.warehouse.faults import named_faults
from tasks.warehouse.ledger import UnfinishedRun
from tasks.warehouse.sql_files import execute
from tasks.windows import (
    UNDATED,
    Divide,
    Window,
    midnight,
    occurrence_windows,
    span_windows,
    windows_by_rows,
)

log = logging.getLogger(__name__)

RunKind = Literal["backfill", "resume", "incremental", "reconcile", "range", "unmoved"]


@dataclass(frozen=True)
class Plan:
    """What a run does: its kind, its windows, and why."""

    kind: RunKind
    windows: tuple[Window, ...]
    reason: str


def make_plan(engine: Engine, source: SteadySource, run: Run, settings: Settings) -> tuple[Plan, SourceState]:
    """Decide what to do and write it to the ledger, before the first window is read.

    Raises `SourceError` when the portal is unreachable or says that it is empty while we hold rows.
    """
    state = source.state()
    refuse_emptied_source(engine, state)
    known = read_known(engine, state)
    plan = decide(known, source, run.request, settings, state)
    with named_faults(engine, "writing the plan"), ledger.run_transaction(engine, run.run_id) as connection:
        unfinished = known.unfinished
        resumes = unfinished if plan.kind == "resume" else None
        ledger.write_plan(
            connection,
            run.run_id,
            plan.kind,
            plan.windows,
            _candidate(resumes, state),
            resumes.run_id if resumes else None,
        )
    return plan, state


def _candidate(resumed: UnfinishedRun | None, state: SourceState) -> datetime | None:
    """Return what becomes the watermark when all windows are done: never more than the source's newest stamp now."""
    stamps = [state.newest_update, resumed.candidate_watermark if resumed else state.newest_update]
    return min((stamp for stamp in stamps if stamp is not None), default=None)


@dataclass(frozen=True)
class Known:
    """What the warehouse says before a plan: its loads, and whether it was proven equal in the source's state."""

    watermark: datetime | None
    unfinished: UnfinishedRun | None
    is_proven: bool
    holds_undated: bool


def read_known(engine: Engine, state: SourceState) -> Known:
    """Read what a plan has to know, at one moment; no transaction is open while the portal is asked."""
    with named_faults(engine, "reading the ledger"), engine.connect() as connection:
        return Known(
            ledger.read_watermark(connection),
            ledger.read_unfinished(connection),
            read_rows_proven_equal(connection, state) is not None,
            bool(execute(connection, "checks/holds_undated").scalar_one()),
        )


def decide(
    known: Known, source: SteadySource, request: Request, settings: Settings, state: SourceState
) -> Plan:
    """Return what a run has to do, from the ledger and the source's state; writes nothing."""
    watermark, unfinished = known.watermark, known.unfinished
    if not request.is_whole:
        return Plan("range", _range_windows(source, request, state), "a range was asked for")
    if request.mode == "reconcile":
        return Plan("reconcile", _all_windows(known, source, state, request), "asked for")
    if unfinished is not None and request.mode != "incremental":
        return Plan("resume", unfinished.windows, f"run {unfinished.run_id} was not finished")
    if request.mode == "incremental" and (watermark is None or unfinished is not None):
        lacks = (
            f"run {unfinished.run_id} was not finished"
            if unfinished
            else "the warehouse has no finished backfill"
        )
        raise LoadError(
            f"an incremental run goes on from a finished load, and {lacks}. "
            "Run with --mode auto, which does what is missing."
        )
    if request.mode == "backfill" or watermark is None:
        why = "asked for" if request.mode == "backfill" else "the warehouse is empty"
        return Plan("backfill", _all_windows(known, source, state, request), why)
    return _incremental(known, source, request, settings, state, watermark)


def _incremental(
    known: Known,
    source: SteadySource,
    request: Request,
    settings: Settings,
    state: SourceState,
    watermark: datetime,
) -> Plan:
    if known.is_proven:
        return Plan("unmoved", (), "the source is as it was when it was last proven equal")
    latest = source.latest_stamp()
    if latest is not None and watermark > latest:
        # Set by a stamp of the future, before such a stamp counted for nothing.
        windows = _all_windows(known, source, state, request)
        return Plan(
            "reconcile", windows, f"the watermark {watermark:%Y-%m-%d} lies beyond the database's now"
        )
    # Where the newest rows have gone again, the watermark is beyond the source's newest stamp.
    since = min(watermark, state.newest_update or watermark)
    window = Window("incremental", since=since - timedelta(minutes=settings.overlap_minutes))
    moved = source.portal.fetch_count(soql.in_window(source.portal.profile, window))
    if moved > settings.max_incremental_rows:
        windows = _all_windows(known, source, state, request)
        log.warning(
            "moved=%d limit=%d: rows are replaced; all windows are synced",
            moved,
            settings.max_incremental_rows,
        )
        return Plan(
            "reconcile", windows, f"{moved} rows have moved: the source was replaced, or touched as a whole"
        )
    return Plan("incremental", (window,), f"{moved} rows have stamps since {window.since:%Y-%m-%d %H:%M} UTC")


def _all_windows(
    known: Known, source: SteadySource, state: SourceState, request: Request
) -> tuple[Window, ...]:
    windows: list[Window] = []
    if state.oldest_occurrence and state.newest_occurrence:
        last = horizon(state)
        windows = span_windows(
            state.oldest_occurrence,
            state.newest_occurrence,
            began(source.portal.profile, last),
            last,
            _divide(source, request),
        )
    if known.holds_undated or source.portal.fetch_count(soql.in_window(source.portal.profile, UNDATED)):
        windows.append(UNDATED)
    return tuple(windows)


def _range_windows(source: SteadySource, request: Request, state: SourceState) -> tuple[Window, ...]:
    """Return the windows of the range asked for, as far as the source reaches."""
    if state.oldest_occurrence is None or state.newest_occurrence is None:
        return ()
    first = midnight(state.oldest_occurrence.date())
    # What lies beyond the horizon is an error of the source, and is left to the runs over the whole span.
    newest = min(state.newest_occurrence, horizon(state))
    last = midnight(newest.date()) + timedelta(days=1)
    start = max(request.start or first, first)
    end = min(request.end or last, last)
    if start >= end:
        return ()
    where = soql.in_window(source.portal.profile, Window("occurrence", start, end))
    return tuple(_divide(source, request, where)(start, end))


def _divide(source: SteadySource, request: Request, where: str | None = None) -> Divide:
    """Return how a span is divided into windows: by days, or by the rows that the source has in each month of it.

    where: filter of the span; None: the whole. The source may move meanwhile: no window has to have just so many rows.
    """
    if not request.by_rows:
        return partial(occurrence_windows, window_days=request.window_days)
    months = source.portal.fetch_fingerprints("month", where)
    rows_by_month = {month: found.rows for month, found in months.items() if month is not None}
    return partial(windows_by_rows, rows_by_month=rows_by_month)


def warn_if_stale(state: SourceState, now: datetime, freshness_days: float) -> None:
    """Say that the City has not published for too long: a run goes on, `status` fails."""
    if state.newest_update is not None and now - state.newest_update > timedelta(days=freshness_days):
        log.warning(
            "the City has not published since %s, longer than FRESHNESS_DAYS %g",
            f"{state.newest_update:%Y-%m-%d %H:%M} UTC",
            freshness_days,
        )


def warn_of_stamps_ahead(state: SourceState, now: datetime, database_now: datetime) -> None:
    """Say that the source has stamps which lie in the future and count for nothing, and when the clock is suspected."""
    if state.stamps_ahead:
        log.warning(
            "stamps_ahead=%d: beyond the database's now, stored as published, and left out of watermark, freshness "
            "and completeness",
            state.stamps_ahead,
        )
    suspicion = suspected_clock(state.stamps_ahead, database_now, now)
    if suspicion is not None:
        log.warning("%s", suspicion)
