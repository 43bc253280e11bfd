"""The step `load_reference`: stations, wards, codes, beats and the calendar (tasks/sync/reference_lists.py)."""

import asyncio
import logging
from datetime import UTC, datetime

from tasks.retries import database_task
from tasks.run import connections
from tasks.run.lifecycle import Run
from tasks.sync.reference_lists import ReferenceReport, refresh_reference

log = logging.getLogger(__name__)


@database_task("load_reference")
async def load_reference(run: Run) -> ReferenceReport:
    """Refresh the lists where they are missing or a week old."""
    state = connections.source().last_seen()
    span = None
    if state.oldest_occurrence and state.newest_occurrence:
        span = (state.oldest_occurrence.date(), state.newest_occurrence.date())
    report = await asyncio.to_thread(
        refresh_reference,
        connections.warehouse(),
        run.run_id,
        connections.source().portal,
        datetime.now(UTC),
        span,
    )
    for warning in report.warnings:
        log.warning("%s", warning)
    return report
