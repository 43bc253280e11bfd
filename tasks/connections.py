"""What a process has open: its settings, the warehouse, the portal. Opened once, when a step first needs them.

Flow parameters are dates and numbers, so that a window can run in another process; what it talks to comes from here.
"""

from functools import cache
from typing import Final

from sqlalchemy import Engine

from tasks.datasets import DATASETS, DatasetProfile
from tasks.settings import Settings, read_settings
from tasks.source.portal import Portal, PortalOptions
from tasks.source.whole_read import SteadySource
from tasks.warehouse.engine import open_warehouse

# A window's count beside its page, or its next page beside its count.
REQUESTS_OF_ONE_WINDOW: Final = 2


@cache
def settings() -> Settings:
    """Return the settings of this process, read once."""
    return read_settings()


@cache
def warehouse() -> Engine:
    """Return the engine on the warehouse, whose database is made if it is missing."""
    return open_warehouse(settings())


@cache
def warehouse_as_it_is() -> Engine:
    """Return the engine on the warehouse for who only looks: nothing is made."""
    return open_warehouse(settings(), may_create=False)


@cache
def source() -> SteadySource:
    """Return the portal, for reads that hold of one state."""
    chosen = settings()
    options = PortalOptions(
        url=chosen.portal_url,
        app_token=chosen.app_token,
        page_rows=chosen.portal_page_rows,
        timeout_seconds=chosen.portal_timeout_seconds,
        patience_seconds=chosen.portal_patience_seconds,
        requests_in_flight=REQUESTS_OF_ONE_WINDOW * chosen.max_concurrency,
    )
    return SteadySource(Portal(options, profile()))


def profile() -> DatasetProfile:
    """Return what is declared of the dataset that the settings name."""
    return DATASETS[settings().crimes_dataset]


def close() -> None:
    """Close what is open and forget the settings, so that the next step opens anew."""
    for engine in (warehouse, warehouse_as_it_is):
        if engine.cache_info().currsize:
            engine().dispose()
    for opened in (settings, warehouse, warehouse_as_it_is, source):
        opened.cache_clear()
