"""Extract: read the rows of one window from the portal, whole, as a frame of text.

The frame is made here, since rows cross a task border only as a frame: Prefect walks every list and dict it is given.
"""

import asyncio
import time
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import pandas as pd
from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.tasks import Task
from sqlalchemy import Engine

from tasks import connections
from tasks.contract.crimes import is_storable, to_raw_frame
from tasks.contract.drift import check_drift
from tasks.errors import SourceError
from tasks.outcome import RETRIES, RETRY_JITTER, RETRY_WAITS
from tasks.source import soql
from tasks.source.portal import RefusedError, SourceState
from tasks.source.whole_read import SteadySource, WholeRead, read_ids_still_held, read_rows
from tasks.warehouse import ledger
from tasks.warehouse.faults import PassingFaultError, named_faults
from tasks.warehouse.scope import Scope, misdated_before, read_proven_start, to_scope
from tasks.warehouse.sync import read_held_ids
from tasks.windows import Window

ALL_FIELDS: Final = ":*,*"
MOST_READS_AGAIN: Final = 2


@dataclass(frozen=True)
class Extracted:
    """One window as read.

    raw: one row a row of the source, text, our column names. present: ids asked about that the source still has, one
    column crime_id. scope: which of our rows the source would still hold. source_rows: rows of the whole source after
    the read. began: when the first request was sent, by the monotonic clock; seconds: the read took.
    """

    raw: pd.DataFrame
    present: pd.DataFrame
    scope: Scope
    source_rows: int
    began: float
    seconds: float


def read_window(source: SteadySource, engine: Engine, window: Window) -> Extracted:
    """Read a window whole. Raises `SourceError` naming window and request, `ContractError` at drift."""
    began = time.monotonic()
    try:
        (whole, present), state = source.read(f"window {window}", lambda: _read_once(source, engine, window))
    except SourceError as error:
        raise type(error)(f"window {window}: {error}") from error
    profile = source.portal.profile
    check_drift(profile, whole.fields, set().union(*whole.rows), len(whole.rows))
    return Extracted(
        raw=to_raw_frame(whole.rows, profile),
        present=pd.DataFrame({"crime_id": sorted(present)}),
        scope=read_scope(engine, source, state),
        source_rows=state.row_count,
        began=began,
        seconds=time.monotonic() - began,
    )


def start_window(engine: Engine, run_id: UUID, window: Window) -> None:
    """Write to the ledger that a window is being worked on."""
    with named_faults(engine, f"window {window}"), engine.begin() as connection:
        ledger.assert_running(connection, run_id)
        ledger.start_window(connection, run_id, window)


def read_scope(engine: Engine, source: SteadySource, state: SourceState) -> Scope:
    """Return which of our rows the source would still hold, as it is in a state."""
    profile, oldest = source.portal.profile, state.oldest_occurrence
    before = misdated_before(profile, state.newest_update)
    misdated, proven_start = 0, None
    if before is not None and oldest is not None and oldest < before:
        misdated = source.portal.fetch_count(soql.in_window(profile, Window("occurrence", None, before)))
        # Nothing else asks where the last proof began: an ordinary window has no need of it.
        with named_faults(engine, "reading the last proof"), engine.connect() as connection:
            proven_start = read_proven_start(connection)
    share = misdated / max(state.row_count, 1)
    return to_scope(profile, oldest, state.newest_update, proven_start, share)


def _read_once(source: SteadySource, engine: Engine, window: Window) -> tuple[WholeRead, set[str]]:
    portal = source.portal
    profile = portal.profile
    whole = read_rows(portal, soql.in_window(profile, window), ALL_FIELDS)
    if window.kind != "incremental":
        return whole, set()
    # A case number that no database can hold is of a row that is rejected, and of none that we hold.
    cases = sorted({case for row in whole.rows if is_storable(case := str(row.get(profile.case) or ""))})
    ids = [str(row[profile.key]) for row in whole.rows]
    scope = read_scope(engine, source, source.last_seen())
    with named_faults(engine, f"window {window}"):
        ours = read_held_ids(engine, cases, ids, scope)
    return whole, read_ids_still_held(portal, ours)


async def _may_help(_task: Task[..., Any], run: TaskRun, state: State[Any]) -> bool:
    """Say whether reading again may help: not where the portal refused, nor where its columns changed.

    The portal was tried for as long as its patience lasts, so it gets fewer tries than a database that fails over.
    """
    error = await state.aresult(raise_on_failure=False)
    if isinstance(error, SourceError):
        return run.run_count <= MOST_READS_AGAIN and not isinstance(error, RefusedError)
    return isinstance(error, PassingFaultError)


@task(
    name="extract",
    task_run_name="extract {window}",
    retries=RETRIES,
    retry_delay_seconds=RETRY_WAITS,
    retry_jitter_factor=RETRY_JITTER,
    retry_condition_fn=_may_help,
    cache_policy=NO_CACHE,
)
async def extract(run_id: UUID, window: Window) -> Extracted:
    """Write to the ledger that the window is worked on, and read it from the portal."""

    def start_and_read() -> Extracted:
        engine = connections.warehouse()
        start_window(engine, run_id, window)
        return read_window(connections.source(), engine, window)

    return await asyncio.to_thread(start_and_read)
