"""Views brought up to date: deployed where their SQL changed, refreshed when the data did."""

from dataclasses import dataclass

from sqlalchemy import Engine

from tasks.warehouse import views
from tasks.warehouse.faults import named_faults
from tasks.warehouse.sql_files import execute


@dataclass(frozen=True)
class ViewsReport:
    """Names of the views that were deployed, and of those that were refreshed."""

    deployed: tuple[str, ...]
    refreshed: tuple[str, ...]


def bring_views_up_to_date(
    engine: Engine, analyst_role: str | None, freshness_days: float, stamp_margin_days: float
) -> ViewsReport:
    """Deploy and refresh views; a refresh never keeps a reader waiting.

    Raises `LoadError` naming what is in the way.
    """
    with named_faults(engine, "the views"):
        # First of all: the counts go by the margin.
        views.set_freshness_limit(engine, freshness_days, stamp_margin_days)
        deployed = views.deploy_views(engine)
        refreshed = views.refresh_views(engine) if _is_stale(engine) else []
        if analyst_role is not None:
            views.grant_analyst(engine, analyst_role)
    return ViewsReport(tuple(deployed), tuple(refreshed))


def _is_stale(engine: Engine) -> bool:
    """Say whether rows, reasons or lists changed after the oldest refresh."""
    with engine.connect() as connection:
        return bool(execute(connection, "checks/views_are_stale").scalar_one())
