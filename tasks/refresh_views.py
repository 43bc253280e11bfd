"""The step `refresh_views`, the last that analysts see: deploy and refresh views (tasks/warehouse/refresh.py)."""

import asyncio
import logging

from tasks.retries import database_task
from tasks.run import connections
from tasks.run.lifecycle import Run
from tasks.warehouse.refresh import ViewsReport, bring_views_up_to_date

log = logging.getLogger(__name__)


@database_task("refresh_views")
async def refresh_views(run: Run) -> ViewsReport:
    """Bring the views up to date."""
    settings = connections.settings()
    report = await asyncio.to_thread(
        bring_views_up_to_date,
        connections.warehouse(),
        run.run_id,
        settings.analyst_role,
        settings.freshness_days,
        settings.stamp_margin_days,
    )
    log.info("deployed=%d refreshed=%d", len(report.deployed), len(report.refreshed))
    return report
