"""Extract: read the rows of one window from the portal, whole, as a frame of text.

The frame is made here, since rows cross a task border only as a frame: Prefect walks every list and dict it is given.
"""

import asyncio
import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import pandas as pd
from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.tasks import Task, exponential_backoff
from sqlalchemy import Engine

from tasks import connections
from tasks.contract.crimes import to_raw_frame
from tasks.contract.drift import check_drift
from tasks.errors import SourceError
from tasks.source import soql
from tasks.source.portal import RefusedError, SourceState
from tasks.source.whole_read import SteadySource, WholeRead, read_rows
from tasks.warehouse import ledger
from tasks.warehouse.faults import PassingFaultError, named_faults
from tasks.warehouse.sync import read_held_ids
from tasks.windows import Window

ALL_FIELDS: Final = ":*,*"
# Where the source is empty, no row of ours is in scope of a retirement.
_NO_SPAN: Final = datetime.max


@dataclass(frozen=True)
class Extracted:
    """One window as read.

    raw: one row a row of the source, text, our column names. present: ids asked about that the source still has, one
    column crime_id. span_start: the source's oldest occurrence after the read, Chicago wall clock. began: when the
    first request was sent, by the monotonic clock; seconds: the read took.
    """

    raw: pd.DataFrame
    present: pd.DataFrame
    span_start: datetime
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
        span_start=span_start(state),
        began=began,
        seconds=time.monotonic() - began,
    )


def start_window(engine: Engine, run_id: UUID, window: Window) -> None:
    """Write to the ledger that a window is being worked on."""
    with named_faults(engine, f"window {window}"), engine.begin() as connection:
        ledger.assert_running(connection, run_id)
        ledger.start_window(connection, run_id, window)


def span_start(state: SourceState) -> datetime:
    """Return the source's oldest occurrence; what we hold before it has aged out."""
    return state.oldest_occurrence or _NO_SPAN


def _read_once(source: SteadySource, engine: Engine, window: Window) -> tuple[WholeRead, set[str]]:
    portal = source.portal
    profile = portal.profile
    whole = read_rows(portal, soql.in_window(profile, window), ALL_FIELDS)
    if window.kind != "incremental":
        return whole, set()
    cases = sorted({str(row[profile.case]) for row in whole.rows if row.get(profile.case)})
    ids = [str(row[profile.key]) for row in whole.rows]
    ours = read_held_ids(engine, cases, ids, span_start(source.last_seen()))
    return whole, portal.fetch_ids_still_held(ours)


async def _may_help(_task: Task[..., Any], _run: TaskRun, state: State[Any]) -> bool:
    """Say whether reading again may help: not where the portal refused, nor where its columns changed."""
    error = await state.aresult(raise_on_failure=False)
    return isinstance(error, (SourceError, PassingFaultError)) and not isinstance(error, RefusedError)


@task(
    name="extract",
    task_run_name="extract {window}",
    retries=2,
    retry_delay_seconds=exponential_backoff(backoff_factor=2),
    retry_jitter_factor=0.5,
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
