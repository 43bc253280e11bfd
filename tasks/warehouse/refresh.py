"""Views brought up to date: deployed where their SQL changed, refreshed when the data did."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Engine

from tasks.warehouse import views
from tasks.warehouse.faults import named_faults


@dataclass(frozen=True)
class ViewsReport:
    """Names of the views that were deployed, and of those that were refreshed."""

    deployed: tuple[str, ...]
    refreshed: tuple[str, ...]


def bring_views_up_to_date(
    engine: Engine, run_id: UUID, analyst_role: str | None, freshness_days: float, stamp_margin_days: float
) -> ViewsReport:
    """Deploy and refresh views; a refresh never keeps a reader waiting.

    Raises `LoadError` naming what is in the way, or saying that the run has lost its place.
    """
    with named_faults(engine, "the views"):
        # First of all: the counts go by the margin.
        views.set_freshness_limit(engine, freshness_days, stamp_margin_days, run_id)
        deployed = views.deploy_views(engine, run_id)
        refreshed = views.refresh_stale_views(engine, run_id)
        if analyst_role is not None:
            views.grant_analyst(engine, analyst_role, run_id)
    return ViewsReport(tuple(deployed), tuple(refreshed))
