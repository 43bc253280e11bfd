"""The subflow of one window: extract, transform, load. Wiring only."""

from functools import partial
from uuid import UUID

from prefect import flow

from tasks.extract import extract
from tasks.load import load
from tasks.run.turns import turn
from tasks.shown.names import name_of_window_flow
from tasks.sync.window import sync_window as sync
from tasks.transform import transform
from tasks.warehouse.ledger import WindowCounts
from tasks.windows import parse_window


@flow(name="sync-window", flow_run_name=name_of_window_flow, validate_parameters=False)
async def sync_window(run_id: str, window: str, accept_retirements: bool) -> WindowCounts:  # noqa: FBT001
    """Make our rows of one window equal to the source's.

    run_id: the run in the ledger. window: as it prints, `2026-01-05..2026-01-12`, `undated` or `since <instant>`.
    """
    run = UUID(run_id)
    return await sync(
        parse_window(window), partial(extract, run), transform, partial(load, run, accept_retirements), turn()
    )
