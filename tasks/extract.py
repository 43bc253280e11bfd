"""The step `extract`: the rows of one window from the portal, whole (tasks/sync/read.py).

The rows become a frame here already, because rows cross a task border only as a frame: Prefect walks every list and
dict it is given.
"""

import asyncio
from uuid import UUID

from tasks.retries import database_task, reading_may_help
from tasks.run import connections
from tasks.shown.names import name_of_extract
from tasks.sync.read import Extracted, extract_window
from tasks.windows import Window


@database_task("extract", may_help=reading_may_help, task_run_name=name_of_extract)
async def extract(run_id: UUID, window: Window) -> Extracted:
    """Write to the ledger that the window is being worked on, and read it from the portal."""
    return await asyncio.to_thread(
        extract_window, connections.warehouse(), connections.source(), run_id, window
    )
