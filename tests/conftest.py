"""What all tests share: where the real pulls of the source are, and the end of the session's services."""

import os
import shutil
from pathlib import Path

import pytest

from tasks.local import services as local_services


def pytest_sessionfinish(session):
    """Stop the services that the session started and remove their data; under xdist, once all workers are done.

    Those of a folder that TEST_SERVICES names outlive the session: `make mutants` has many sessions on the same ones,
    and on one template of a database, TEST_TEMPLATE.
    """
    if os.environ.get("PYTEST_XDIST_WORKER") or os.environ.get("TEST_SERVICES"):
        return
    folder = session.config._tmp_path_factory.getbasetemp() / "services"
    if folder.exists():
        local_services.stop(folder)
        shutil.rmtree(local_services.services_folder(folder), ignore_errors=True)


@pytest.fixture(scope="session")
def real_rows():
    """Give the folder of the two real pulls, or skip with the reason; fail where they are required."""
    folder = os.environ.get("REAL_ROWS_DIR")
    if folder and (Path(folder) / "crimes_2024-01-14.csv.gz").exists():
        return Path(folder)
    reason = f"REAL_ROWS_DIR is {folder!r}: the City's rows are not carried by the repository"
    if os.environ.get("REQUIRE_REAL_ROWS"):
        pytest.fail(reason)
    pytest.skip(reason)
