"""What all tests share: where the real pulls of the source are."""

import os
from pathlib import Path

import pytest


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
