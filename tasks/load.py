"""The step `load`: make our rows of one window equal to the source's, in one transaction (tasks/sync/apply.py)."""

import asyncio
from uuid import UUID

from tasks.contract.crimes import Transformed
from tasks.retries import database_task
from tasks.run import connections
from tasks.run.process import give_memory_back
from tasks.sync.apply import load_window
from tasks.sync.guards import Guards
from tasks.sync.read import Extracted
from tasks.warehouse.ledger import WindowCounts
from tasks.windows import Window


@database_task("load")
async def load(
    run_id: UUID,
    accept_retirements: bool,  # noqa: FBT001
    window: Window,
    extracted: Extracted,
    transformed: Transformed,
) -> WindowCounts:
    """Sync one window into the warehouse."""
    counts = await asyncio.to_thread(
        load_window,
        connections.warehouse(),
        connections.profile(),
        run_id,
        window,
        extracted,
        transformed,
        Guards.of(connections.settings(), accept_retirements=accept_retirements),
    )
    await asyncio.to_thread(give_memory_back)
    return counts
