"""What all tests share: their order, what is quick, where the City's real rows are, the end of the services."""

import gc
import os
from pathlib import Path

import pytest

from tasks.local import postgres, prefect_server
from tasks.local import services as local_services
from tests.memory import forget
from tests.required import skip_or_fail
from tests.spent import Spent

QUICK = "quick"
# What needs a PostgreSQL, a Prefect server or a browser.
ROOMS_WITH_SERVICES = ("chaos", "integration", "soak")
# A module is one process's work, since it shares what is dear to set up. Whichever is begun last, all wait for it.
LONGEST_FIRST = (
    "test_dashboard.py",
    "test_deployment.py",
    "test_model.py",
    "test_kills.py",
    "test_database_misbehaves.py",
    "test_runs.py",
    "test_demo.py",
    "test_source_misbehaves.py",
    "test_fingerprint_audit.py",
    "test_odd_values.py",
    "test_local_services.py",
    "test_sync_rules.py",
    "test_period_counts.py",
    "test_image_steps.py",
    "test_whole_history.py",
    "test_cloud_server.py",
    "test_prefect_lost.py",
    "test_prefect.py",
    "test_guards.py",
    "test_export.py",
    "test_fences.py",
    "test_commands.py",
    "test_clearing.py",
    "test_cloud.py",
    "test_stop.py",
    "test_restarts.py",
    "test_soak.py",
)


def pytest_configure(config):
    """Say at the end where the time went."""
    config.pluginmanager.register(Spent(), "spent")


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """Have no garbage looked for among what is imported, which stays: neither now nor in each search of the tests."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_ignore_collect(collection_path, config):
    """Import nothing of the rooms with services for `-m quick`: that would take longer than the tests."""
    return True if config.option.markexpr == QUICK and collection_path.name in ROOMS_WITH_SERVICES else None


def pytest_collection_modifyitems(items):
    """Have the longest modules first."""
    places = {name: place for place, name in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: places.get(item.path.name, len(places)))


def pytest_sessionfinish(session):
    """Stop the services that the session started and remove their data; under xdist, once all workers are done.

    Those of a folder that TEST_SERVICES names outlive the session: `make mutants` has many sessions on the same ones,
    and on one template of a database, TEST_TEMPLATE.
    """
    if os.environ.get("PYTEST_XDIST_WORKER") or os.environ.get("TEST_SERVICES"):
        return
    folder = session.config._tmp_path_factory.getbasetemp() / "services"
    if folder.exists():
        spent = session.config.pluginmanager.getplugin("spent")
        spent.look_at("PostgreSQL", postgres.postgres_daemon(folder).process())
        spent.look_at("Prefect's server", prefect_server.prefect_daemon(folder).process())
        local_services.stop(folder)
        forget(folder)


@pytest.fixture(scope="session")
def real_rows():
    """Give the folder of the two real pulls, or skip with the reason; fail where they are required."""
    folder = os.environ.get("REAL_ROWS_DIR")
    if not (folder and (Path(folder) / "crimes_2024-01-14.csv.gz").exists()):
        skip_or_fail(
            "REQUIRE_REAL_ROWS",
            f"REAL_ROWS_DIR is {folder!r}: the City's rows are not carried by the repository",
        )
    return Path(folder)
