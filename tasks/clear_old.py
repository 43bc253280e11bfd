"""The step `clear_old`: what is old and decides nothing leaves the ledger, and what is over is closed in Prefect."""

import asyncio
import logging

from tasks.retries import database_task
from tasks.run import connections
from tasks.run.lifecycle import Run
from tasks.shown.left_open import close_left_open
from tasks.warehouse.clearing import Cleared, clear_ledger

log = logging.getLogger(__name__)


@database_task("clear_old")
async def clear_old(run: Run) -> Cleared:
    """Clear the ledger of what is older than LEDGER_DAYS, and close in Prefect what the ledger knows to be over."""
    engine = connections.warehouse()
    closed = await close_left_open(engine)
    cleared = await asyncio.to_thread(clear_ledger, engine, run.run_id, connections.settings().ledger_days)
    log.info(
        "cleared windows=%d runs=%d audits=%d closed=%d",
        cleared.windows,
        cleared.runs,
        cleared.audits,
        closed,
    )
    return cleared
