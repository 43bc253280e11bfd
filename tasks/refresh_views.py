"""Refresh views: deploy those whose SQL changed, refresh what is materialized when the data changed. The last task."""

import asyncio
import logging
from dataclasses import dataclass

from prefect import task
from prefect.cache_policies import NO_CACHE
from sqlalchemy import Engine, text

from tasks import connections
from tasks.claim import Claim
from tasks.outcome import RETRIES, RETRY_JITTER, RETRY_WAITS, database_may_recover
from tasks.warehouse import views
from tasks.warehouse.faults import named_faults

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ViewsReport:
    """Names of the views that were deployed, and of those that were refreshed."""

    deployed: tuple[str, ...]
    refreshed: tuple[str, ...]


def bring_views_up_to_date(engine: Engine, analyst_role: str | None, freshness_days: float) -> ViewsReport:
    """Deploy and refresh views; a refresh never keeps a reader waiting.

    Raises `LoadError` naming what is in the way.
    """
    with named_faults(engine, "the views"):
        deployed = views.deploy_views(engine)
        refreshed = views.refresh_views(engine) if _is_stale(engine) else []
        views.set_freshness_limit(engine, freshness_days)
        if analyst_role is not None:
            views.grant_analyst(engine, analyst_role)
    return ViewsReport(tuple(deployed), tuple(refreshed))


def _is_stale(engine: Engine) -> bool:
    """Say whether rows, reasons or lists changed after the oldest refresh."""
    with engine.connect() as connection:
        stale = connection.execute(
            text(
                "with oldest as (select min(refreshed_at) as at from pipeline.deployed_views where is_materialized)"
                " select exists (select 1 from pipeline.windows as windows cross join oldest"
                " where windows.status = 'done' and windows.ended_at >= oldest.at and windows.inserted"
                " + windows.rekeyed + windows.updated + windows.touched + windows.retired > 0)"
                " or exists (select 1 from pipeline.reference_loads as loads cross join oldest"
                " where loads.loaded_at >= oldest.at and loads.changed_rows > 0)"
                # A refresh is a run's last step, so that reasons of a run that began before it are in the views.
                " or exists (select 1 from pipeline.runs as runs cross join oldest"
                " where runs.started_at >= oldest.at and runs.revised + runs.withdrawn > 0)"
            )
        ).scalar_one()
    return bool(stale)


@task(
    name="refresh_views",
    retries=RETRIES,
    retry_delay_seconds=RETRY_WAITS,
    retry_jitter_factor=RETRY_JITTER,
    retry_condition_fn=database_may_recover,
    cache_policy=NO_CACHE,
)
async def refresh_views(_claim: Claim) -> ViewsReport:
    """Bring the views up to date."""
    settings = connections.settings()
    report = await asyncio.to_thread(
        bring_views_up_to_date, connections.warehouse(), settings.analyst_role, settings.freshness_days
    )
    log.info("deployed=%d refreshed=%d", len(report.deployed), len(report.refreshed))
    return report
