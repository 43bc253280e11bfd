"""What a process has open: its settings, the warehouse, the portal. Opened once, when a step first needs them.

Flow parameters are dates and numbers, so that a window can run in another process; what it talks to comes from here.
"""

from datetime import UTC, datetime, timedelta
from functools import cache

from pydantic import SecretStr
from sqlalchemy import URL, Engine

from tasks.datasets import DATASETS, DatasetProfile
from tasks.masked import forget_secrets
from tasks.settings import WINDOWS_IN_FLIGHT, Settings, read_settings
from tasks.source.portal import Portal, PortalOptions
from tasks.source.whole_read import SteadySource
from tasks.warehouse.clock import read_clock_offset
from tasks.warehouse.engine import ENGINE_OPTIONS, open_warehouse


@cache
def settings() -> Settings:
    """Return the settings of this process, read once."""
    return read_settings()


def _by_connector(url: URL) -> Engine:
    """Return an engine that prefect-sqlalchemy's connector makes; only a run waits for the import of Prefect."""
    from prefect_sqlalchemy import ConnectionComponents, SqlAlchemyConnector  # noqa: PLC0415

    components = ConnectionComponents(
        driver=url.drivername,
        username=url.username,
        password=None if url.password is None else SecretStr(str(url.password)),
        host=url.host,
        port=url.port,
        database=str(url.database),
        query=dict(url.query),
    )
    engine: Engine = SqlAlchemyConnector(connection_info=components).get_engine(**ENGINE_OPTIONS)
    return engine


@cache
def warehouse() -> Engine:
    """Return the engine on the warehouse, whose database is created if it is missing."""
    return open_warehouse(settings(), connect=_by_connector)


@cache
def warehouse_as_it_is() -> Engine:
    """Return the engine on the warehouse for commands that only read: nothing is created."""
    return open_warehouse(settings(), may_create=False)


@cache
def source() -> SteadySource:
    """Return the portal, for reads that are each of one state of the source."""
    chosen = settings()
    options = PortalOptions(
        url=chosen.portal_url,
        app_token=chosen.app_token,
        page_rows=chosen.portal_page_rows,
        timeout_seconds=chosen.portal_timeout_seconds,
        patience_seconds=chosen.portal_patience_seconds,
        windows_in_flight=chosen.max_concurrency or WINDOWS_IN_FLIGHT,
    )
    return SteadySource(Portal(options, profile()), latest_stamp)


@cache
def clock_offset() -> timedelta:
    """Return how far the database's clock is ahead of this machine's, asked once."""
    # A command that only reads makes no database.
    is_made = warehouse.cache_info().currsize
    return read_clock_offset(warehouse() if is_made else warehouse_as_it_is())


def latest_stamp() -> datetime:
    """Return the instant after which a stamp of the source counts for nothing: the database's now, and a margin."""
    return datetime.now(UTC) + clock_offset() + timedelta(days=settings().stamp_margin_days)


def profile() -> DatasetProfile:
    """Return the profile of the dataset that the settings name."""
    return DATASETS[settings().crimes_dataset]


def close() -> None:
    """Close what is open and forget the settings, so that the next step opens again."""
    for engine in (warehouse, warehouse_as_it_is):
        if engine.cache_info().currsize:
            engine().dispose()
    for opened in (settings, warehouse, warehouse_as_it_is, source, clock_offset):
        opened.cache_clear()
    forget_secrets()
