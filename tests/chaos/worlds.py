"""Worlds for runs by the hundred: each a source, its portal and a warehouse of its own, made in a moment."""

import tempfile
from contextlib import ExitStack
from pathlib import Path

from demo.portal import PortalServer
from demo.shapes import ONE_YEAR
from demo.store import Store
from tests.chaos import foreign
from tests.integration.conftest import FIRST_LOAD, World, database_like, settings_of


class ChaosWorld(World):
    """A world that its opener has to close. output: the file with what the last run printed."""

    output: Path
    stack: ExitStack

    def said(self):
        """Return what the last run printed."""
        return self.output.read_text()

    def close(self):
        """Release everything."""
        self.stack.close()


def open_world(postgres, template, prefect_api, *, city=None):
    """Open a world with a warehouse that is set up and holds nothing, and an empty source, or that of a city.

    city: fills a store.
    """
    with ExitStack() as stack:
        store = stack.enter_context(Store.temporary())
        if city is not None:
            city(store)
        store.create(ONE_YEAR, at=FIRST_LOAD)
        portal = stack.enter_context(PortalServer(store))
        name = stack.enter_context(database_like(postgres, template))
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        environment = settings_of(postgres, name, portal, prefect_api)
        world = ChaosWorld(
            store, portal, foreign.own_conninfo(postgres.conninfo(name)), environment, prefect_api
        )
        world.output = Path(folder) / "said"
        world.stack = stack.pop_all()
        return world
    raise AssertionError("not reached")
