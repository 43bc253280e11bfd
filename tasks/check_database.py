"""The step `check_database`: what does this run have to do? Decided in tasks/run/plan.py."""

import asyncio
import logging
from datetime import UTC, datetime

from tasks.retries import database_task
from tasks.run import connections
from tasks.run.cockpit import RUN_TAG
from tasks.run.lifecycle import Run
from tasks.run.plan import Plan, make_plan, warn_if_stale, warn_of_stamps_ahead
from tasks.shown.artifacts import label_run
from tasks.shown.names import run_name

log = logging.getLogger(__name__)


@database_task("check_database")
async def check_database(run: Run) -> Plan:
    """Decide what this run has to do."""
    plan, state = await asyncio.to_thread(
        make_plan, connections.warehouse(), connections.source(), run, connections.settings()
    )
    await label_run(run_name(plan.kind, plan.windows), [RUN_TAG, plan.kind])
    now = datetime.now(UTC)
    warn_if_stale(state, now, connections.settings().freshness_days)
    warn_of_stamps_ahead(state, now, now + connections.clock_offset())
    log.info(
        "plan=%s windows=%d source_rows=%d why=%r", plan.kind, len(plan.windows), state.row_count, plan.reason
    )
    return plan
