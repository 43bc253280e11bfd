"""The subflow of one window: extract, transform, load. Wiring only."""

from uuid import UUID

from prefect import flow

from tasks.extract import extract
from tasks.load import load
from tasks.transform import transform
from tasks.warehouse.ledger import WindowCounts
from tasks.windows import parse_window


@flow(name="sync-window", flow_run_name="{window}", validate_parameters=False)
async def sync_window(run_id: str, window: str, accept_retirements: bool) -> WindowCounts:  # noqa: FBT001
    """Make our rows of one window equal to the source's.

    run_id: the run in the ledger. window: as it prints, `2026-01-05..2026-01-12`, `undated` or `since <instant>`.
    """
    run, chosen = UUID(run_id), parse_window(window)
    extracted = await extract(run, chosen)
    transformed = await transform(extracted)
    return await load(run, chosen, extracted, transformed, accept_retirements)
