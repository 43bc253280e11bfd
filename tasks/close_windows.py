"""The step `close_windows`: write how the windows ended; once all are done, the watermark takes effect."""

import asyncio
import logging
from collections.abc import Sequence

from tasks.errors import PipelineError
from tasks.retries import database_task
from tasks.run import connections
from tasks.run.lifecycle import Run
from tasks.run.window_results import WindowsReport, write_results
from tasks.windows import Window

log = logging.getLogger(__name__)


@database_task("close_windows")
async def close_windows(
    run: Run, windows: tuple[Window, ...], errors: Sequence[PipelineError | None] | None
) -> WindowsReport:
    """Write how the windows ended. errors: one for each, None if it is done; no list: the ledger knows."""
    report = await asyncio.to_thread(
        write_results,
        connections.warehouse(),
        run.run_id,
        connections.profile().dataset,
        windows,
        errors,
    )
    for failure in report.failures:
        log.error("failed: %s", failure.error)
    return report
