"""The portal as a process of its own: the command, its signals, and a store that others change."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from demo.city import FILE_NAME, city_of
from demo.shapes import ONE_YEAR
from demo.store import Store

ROOT = Path(__file__).resolve().parents[2]
NEW_CITY = ("--rows", "400", "--days", "40", "--as-of", "2026-03-20", "--seed", "5")


def start(folder: Path, *options: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "demo.portal", "--state", str(folder), *NEW_CITY, *options]
    return subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ}
    )


@contextmanager
def portal_process(folder: Path, *options: str) -> Iterator[str]:
    process = start(folder, *options)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.search(r"ready at (http://127\.0\.0\.1:\d+) \(pid (\d+)\)", line)
        assert found, line
        assert int(found[2]) == process.pid
        yield found[1]
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=10)
    assert process.returncode == 0


def count(url: str) -> int:
    answer = requests.get(f"{url}/resource/{ONE_YEAR.id}.json?$select=count(*)", timeout=10)
    return int(answer.json()[0]["count"])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("city")


def test_a_process_serves_its_city_and_sees_it_live_on(folder):
    with portal_process(folder) as url:
        address = json.loads((folder / "portal.json").read_text())
        assert address["url"] == url
        before = requests.get(f"{url}/resource/{ONE_YEAR.id}.json?$limit=1", timeout=10).headers
        with Store(folder / FILE_NAME) as store:
            city = city_of(store)
            assert (city.rows, city.days, city.seed) == (400, 40, 5)
            city.live_on(store, 1)
            assert count(url) == store.count(ONE_YEAR.id)
        after = requests.get(f"{url}/resource/{ONE_YEAR.id}.json?$limit=1", timeout=10).headers
        assert after["Last-Modified"] != before["Last-Modified"]
        assert after["Last-Modified"].startswith("Sat, 21 Mar 2026 10:0")
    assert not (folder / "portal.json").exists()


def test_the_city_is_kept_from_one_process_to_the_next_and_a_taken_port_is_said_in_one_line(folder):
    with Store(folder / FILE_NAME) as store:
        expected = store.count(ONE_YEAR.id)
    with portal_process(folder, "--rows", "9999") as url:
        assert count(url) == expected
        second = start(folder, "--port", url.rsplit(":", 1)[1])
        _, errors = second.communicate(timeout=20)
    assert second.returncode == 1
    assert errors.startswith("demo.portal:")
    assert "in use" in errors
    assert len(errors.splitlines()) == 1
