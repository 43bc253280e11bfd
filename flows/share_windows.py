"""The flow that shares the windows of a run with others like it. Wiring only."""

import asyncio
from uuid import UUID

from prefect import flow

from flows.sync_window import sync_window
from tasks.run.cockpit import run_window
from tasks.run.window_queue import Windows, open_windows


@flow(name="share-windows", flow_run_name="a share of the windows")
async def share_windows(
    run_id: str,
    max_concurrency: int,
    accept_retirements: bool,  # noqa: FBT001
    waits: bool = False,  # noqa: FBT001, FBT002
) -> None:
    """Work on the windows of a run until none is left. Started by that run, never by hand.

    Args:
        run_id: The run in the ledger.
        max_concurrency: How many windows this flow run works on at a time.
        accept_retirements: Whether the guard against mass retirement is lifted for the run.
        waits: Whether it waits until the windows that others took have ended, to take what they drop: the run does.

    """
    async with open_windows(UUID(run_id), max_concurrency, waits=waits) as windows:
        await asyncio.gather(*(_work(windows, run_id, accept_retirements) for _ in range(max_concurrency)))


async def _work(windows: Windows, run_id: str, accept_retirements: bool) -> None:  # noqa: FBT001
    async for window in windows:
        error = await run_window(sync_window, run_id, str(window), accept_retirements)
        await windows.close(window, error)
