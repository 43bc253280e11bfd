"""Load: make our rows of one window equal to the source's, in one transaction (tasks/warehouse/sync.py)."""

import asyncio
import logging
from uuid import UUID

from prefect import task
from prefect.cache_policies import NO_CACHE
from sqlalchemy import Engine

from tasks import connections
from tasks.contract.crimes import Transformed
from tasks.datasets import DatasetProfile
from tasks.extract import Extracted
from tasks.outcome import RETRIES, RETRY_JITTER, RETRY_WAITS, database_may_recover
from tasks.settings import Settings
from tasks.warehouse.faults import named_faults
from tasks.warehouse.ledger import WindowCounts
from tasks.warehouse.sync import Guards, SyncInput, sync_window
from tasks.windows import Window

log = logging.getLogger(__name__)


def load_window(
    engine: Engine,
    profile: DatasetProfile,
    run_id: UUID,
    window: Window,
    extracted: Extracted,
    transformed: Transformed,
    guards: Guards,
) -> WindowCounts:
    """Sync a window and log one line of it. Raises `LoadError`, `ContractError`, or `PassingFaultError`."""
    with named_faults(engine, f"window {window}"):
        counts = sync_window(
            engine,
            run_id,
            profile,
            to_sync(window, extracted, transformed),
            guards,
            extracted.began,
        )
    log.info("%s", window_line(window, counts, extracted.seconds))
    return counts


def to_sync(window: Window, extracted: Extracted, transformed: Transformed) -> SyncInput:
    """Return what a window's read brought, as syncing takes it."""
    return SyncInput(
        window, transformed, tuple(extracted.present["crime_id"]), extracted.scope, extracted.source_rows
    )


def window_line(window: Window, counts: WindowCounts, read_seconds: float) -> str:
    """Return what is said of a window in the log: one line, key=value."""
    return (
        f"window={window} source={counts.source_rows} inserted={counts.inserted} rekeyed={counts.rekeyed} "
        f"updated={counts.updated} unchanged={counts.unchanged} rejected={counts.rejected} retired={counts.retired} "
        f"read_s={read_seconds:.2f} seconds={counts.seconds:.2f}"
    )


def guards_of(settings: Settings, *, accept_retirements: bool) -> Guards:
    """Return the guards that the settings set; a person may lift the one on retirements for a run."""
    return Guards(None if accept_retirements else settings.max_retire_share, settings.max_reject_share)


@task(
    name="load",
    retries=RETRIES,
    retry_delay_seconds=RETRY_WAITS,
    retry_jitter_factor=RETRY_JITTER,
    retry_condition_fn=database_may_recover,
    cache_policy=NO_CACHE,
)
async def load(
    run_id: UUID,
    window: Window,
    extracted: Extracted,
    transformed: Transformed,
    accept_retirements: bool,  # noqa: FBT001
) -> WindowCounts:
    """Sync one window into the warehouse."""
    return await asyncio.to_thread(
        load_window,
        connections.warehouse(),
        connections.profile(),
        run_id,
        window,
        extracted,
        transformed,
        guards_of(connections.settings(), accept_retirements=accept_retirements),
    )
