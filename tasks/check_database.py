"""Check the database: decide from the ledger and the source's state what this run has to do, and write it down.

The ledger decides, never "does a table exist": a backfill that was killed is unfinished, whatever it left.
"""

import asyncio
import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal
from zoneinfo import ZoneInfo

from prefect import task
from prefect.cache_policies import NO_CACHE
from sqlalchemy import Connection, Engine, text

from tasks import connections
from tasks.claim import Claim, Request
from tasks.errors import LoadError, SourceError
from tasks.settings import Settings
from tasks.source import soql
from tasks.source.portal import SourceState
from tasks.source.whole_read import SteadySource
from tasks.warehouse import census, ledger
from tasks.warehouse.census import CensusState
from tasks.warehouse.ledger import UnfinishedRun
from tasks.windows import UNDATED, Window, midnight, occurrence_windows, span_windows

log = logging.getLogger(__name__)

CHICAGO: Final = ZoneInfo("America/Chicago")
RunKind = Literal["backfill", "resume", "incremental", "reconcile", "range", "unmoved"]


@dataclass(frozen=True)
class Plan:
    """What a run does: its kind, its windows, and why."""

    kind: RunKind
    windows: tuple[Window, ...]
    reason: str


def make_plan(
    engine: Engine, source: SteadySource, claim: Claim, settings: Settings
) -> tuple[Plan, SourceState]:
    """Decide what to do and write it to the ledger, before the first window is read.

    Raises `SourceError` when the portal is unreachable or says that it is empty while we hold rows.
    """
    state = source.state()
    with engine.begin() as connection:
        _refuse_emptied_source(connection, state)
        unfinished = ledger.read_unfinished(connection)
        plan = decide(connection, source, claim.request, settings, state, unfinished)
        resumes = unfinished if plan.kind == "resume" else None
        ledger.write_plan(
            connection,
            claim.run_id,
            plan.kind,
            plan.windows,
            resumes.candidate_watermark if resumes else state.newest_update,
            resumes.run_id if resumes else None,
        )
    return plan, state


def census_state(state: SourceState) -> CensusState:
    """Return a source's state as the ledger keeps it."""
    return CensusState(state.last_modified, state.row_count, state.newest_update, state.oldest_occurrence)


def decide(
    connection: Connection,
    source: SteadySource,
    request: Request,
    settings: Settings,
    state: SourceState,
    unfinished: UnfinishedRun | None,
) -> Plan:
    """Return what a run has to do, from the ledger and the source's state; writes nothing."""
    watermark = ledger.read_watermark(connection)
    if not request.is_whole:
        return Plan("range", _range_windows(request, state), "a range was asked for")
    if request.mode == "reconcile":
        return Plan("reconcile", _all_windows(connection, source, state, request.window_days), "asked for")
    if unfinished is not None and request.mode != "incremental":
        return Plan("resume", unfinished.windows, f"run {unfinished.run_id} was not finished")
    if request.mode == "incremental" and (watermark is None or unfinished is not None):
        raise LoadError(
            "an incremental run needs a finished backfill, and the warehouse has none. "
            "Run with --mode auto, which does what is missing."
        )
    if request.mode == "backfill" or watermark is None:
        why = "asked for" if request.mode == "backfill" else "the warehouse is empty"
        return Plan("backfill", _all_windows(connection, source, state, request.window_days), why)
    return _incremental(connection, source, settings, state, watermark, request.window_days)


def _incremental(
    connection: Connection,
    source: SteadySource,
    settings: Settings,
    state: SourceState,
    watermark: datetime,
    window_days: int,
) -> Plan:
    if census.is_proven_equal(connection, census_state(state)) is not None:
        return Plan("unmoved", (), "the source is as it was when it was last proven equal")
    window = Window("incremental", since=watermark - timedelta(minutes=settings.overlap_minutes))
    moved = source.portal.fetch_count(soql.in_window(source.portal.profile, window))
    if moved > settings.max_incremental_rows:
        windows = _all_windows(connection, source, state, window_days)
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
    connection: Connection, source: SteadySource, state: SourceState, window_days: int
) -> tuple[Window, ...]:
    windows: list[Window] = []
    if state.oldest_occurrence and state.newest_occurrence:
        windows = span_windows(state.oldest_occurrence, state.newest_occurrence, _horizon(state), window_days)
    if _has_undated(connection, source):
        windows.append(UNDATED)
    return tuple(windows)


def _horizon(state: SourceState) -> datetime:
    """Return the first midnight in Chicago after the source's newest stamp; nothing can have occurred after it."""
    newest = state.newest_update or datetime.now(UTC)
    return midnight(newest.astimezone(CHICAGO).date() + timedelta(days=1))


def _has_undated(connection: Connection, source: SteadySource) -> bool:
    held = connection.execute(
        text("select exists (select 1 from pipeline.rejected_rows where date_of_occurrence is null)")
    ).scalar_one()
    return bool(held) or source.portal.fetch_count(soql.in_window(source.portal.profile, UNDATED)) > 0


def _range_windows(request: Request, state: SourceState) -> tuple[Window, ...]:
    """Return the windows of the range asked for, as far as the source reaches."""
    if state.oldest_occurrence is None or state.newest_occurrence is None:
        return ()
    first = midnight(state.oldest_occurrence.date())
    # What lies beyond the horizon is an error of the source, and is left to the runs over the whole span.
    newest = min(state.newest_occurrence, _horizon(state))
    last = midnight(newest.date()) + timedelta(days=1)
    start = max(request.start or first, first)
    end = min(request.end or last, last)
    return tuple(occurrence_windows(start, end, request.window_days))


def _refuse_emptied_source(connection: Connection, state: SourceState) -> None:
    if state.row_count:
        return
    held = connection.execute(text("select exists (select 1 from chicago.crimes)")).scalar_one()
    if held:
        raise SourceError(
            "the source says that it holds no row at all, and we hold some. Nothing was changed. "
            "Look at the dataset's page; if it was moved, set CRIMES_DATASET or PORTAL_URL."
        )


def _warn_if_stale(state: SourceState, now: datetime, freshness_days: float) -> None:
    """Say that the City has not published for too long: a run goes on, `status` fails."""
    if state.newest_update is not None and now - state.newest_update > timedelta(days=freshness_days):
        log.warning(
            "the City has not published since %s, longer than FRESHNESS_DAYS %g",
            f"{state.newest_update:%Y-%m-%d %H:%M} UTC",
            freshness_days,
        )


@task(name="check_database", cache_policy=NO_CACHE)
async def check_database(claim: Claim) -> Plan:
    """Decide what this run has to do."""
    plan, state = await asyncio.to_thread(
        make_plan, connections.warehouse(), connections.source(), claim, connections.settings()
    )
    _warn_if_stale(state, datetime.now(UTC), connections.settings().freshness_days)
    log.info(
        "plan=%s windows=%d source_rows=%d why=%r", plan.kind, len(plan.windows), state.row_count, plan.reason
    )
    return plan
