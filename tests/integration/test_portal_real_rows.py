"""The two real pulls, served as the portal served them. The folder is named by REAL_ROWS_DIR."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests

from demo.portal import PortalServer
from demo.shapes import ONE_YEAR, rows_of_pull
from demo.store import Store

FOLDER = Path(os.environ.get("REAL_ROWS_DIR", ""))
FIRST = FOLDER / "crimes_2024-01-14.csv.gz"
SECOND = FOLDER / "crimes_2024-01-15.csv.gz"

pytestmark = pytest.mark.skipif(not FIRST.is_file(), reason="REAL_ROWS_DIR names no folder of real pulls")


def test_the_pulls_come_back_as_they_were_and_the_second_replaces_the_first():
    first, second = list(rows_of_pull(FIRST)), list(rows_of_pull(SECOND))
    with Store.temporary() as store:
        store.create(ONE_YEAR, first, at=datetime(2024, 1, 14, 11, 2, 21, tzinfo=UTC))
        with PortalServer(store) as portal:
            address = f"{portal.url}/resource/{ONE_YEAR.id}.json?$select=:*,*&$order=:id&$limit=50000"
            before = requests.get(address, timeout=30).json()
            store.replace_all(ONE_YEAR.id, second, at=datetime(2024, 1, 15, 11, 2, 27, tzinfo=UTC))
            after = requests.get(address, timeout=30).json()
    assert (len(before), len(after)) == (9937, 9939)
    assert before == sorted(first, key=lambda row: row[":id"])
    assert after == sorted(second, key=lambda row: row[":id"])
    old, new = ({row[":id"] for row in rows} for rows in (before, after))
    assert (len(old - new), len(new - old)) == (9, 11)
