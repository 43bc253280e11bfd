"""The whole job against a plain loader: the same rows, portal and PostgreSQL, in one run. `make bench`.

Each round: the pipeline's backfill (main.py whole: imports, Prefect, audit, views), the plain loader's, then 3,000 rows
re-created at the source, then the pipeline's incremental run and the plain loader's. A time counts only when the table
holds the source's ids (the plain loader's second one cannot: it keeps ghosts, which are counted). Medians with spread.
"""

import argparse
import contextlib
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import psycopg

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

from demo.datasets import ONE_YEAR  # noqa: E402
from demo.store import Store  # noqa: E402
from tasks.warehouse import local_services  # noqa: E402

FOLDER = PROJECT / ".local" / "bench"
CHANGED_ROWS = 3_000


@dataclass(frozen=True)
class Measured:
    """One process: wall and CPU seconds, peak memory in MB."""

    wall: float
    cpu: float
    memory: float


class Peak:
    """Looks at a process's memory many times a second. The kernel's own peak counts what its parent had at the fork."""

    def __init__(self, pid: int) -> None:
        self.process = psutil.Process(pid)
        self.bytes = 0
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._look, daemon=True)
        self.thread.start()

    def _look(self) -> None:
        while not self.over.wait(0.02):
            with contextlib.suppress(psutil.Error):
                self.bytes = max(self.bytes, self.process.memory_info().rss)

    def stop(self) -> float:
        """Return the peak in MB."""
        self.over.set()
        self.thread.join()
        return self.bytes / 1e6


def run_measured(arguments, **environment) -> Measured:
    """Run a process to its end and measure it; a failure ends the benchmark with its words."""
    log = FOLDER / "last.log"
    with log.open("w") as output:
        began = time.perf_counter()
        process = subprocess.Popen(
            arguments, cwd=PROJECT, env={**os.environ, **environment}, stdout=output, stderr=subprocess.STDOUT
        )
        peak = Peak(process.pid)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
    if os.waitstatus_to_exitcode(status) != 0:
        sys.exit(f"{' '.join(arguments)} failed:\n{log.read_text()[-3000:]}")
    return Measured(wall, usage.ru_utime + usage.ru_stime, peak.stop())


class Bench:
    """One round after the other, on fresh databases and a fresh copy of the city."""

    def __init__(self, rows: int) -> None:
        self.rows = rows
        self.postgres = local_services.ensure_postgres(PROJECT)
        self.prefect = local_services.ensure_prefect_server(PROJECT, self.postgres)
        self.measured: dict[str, list[Measured]] = {}
        self.ghosts = 0

    def build_city(self) -> None:
        """Build the city once; it stays for the next benchmark."""
        pristine = FOLDER / f"city-{self.rows}"
        if not (pristine / "city.sqlite").exists():
            subprocess.run(
                [
                    *(sys.executable, "-m", "demo.city", "--state", pristine),
                    *("--rows", str(self.rows), "--as-of", "2026-11-25"),
                ],
                cwd=PROJECT, check=True,
            )  # fmt: skip
        shutil.rmtree(FOLDER / "city", ignore_errors=True)
        shutil.copytree(pristine, FOLDER / "city")

    def round(self, number: int) -> None:
        """Measure all four, in an order that changes so that none has always the quiet minute."""
        self.build_city()
        databases = {name: f"bench_{name}_{os.getpid()}_{number}" for name in ("pipeline", "plain")}
        portal = subprocess.Popen(
            [sys.executable, "-m", "demo.portal", "--state", FOLDER / "city"],
            cwd=PROJECT,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert portal.stdout is not None
            portal.stdout.readline()
            url = json.loads((FOLDER / "city" / "portal.json").read_text())["url"]
            steps = [("pipeline", url), ("plain", url)]
            for name, address in steps if number % 2 else reversed(steps):
                self.measure(f"backfill, {name}", name, databases[name], address)
                self.check(name, databases[name], exact=True)
            self.change()
            for name, address in steps if number % 2 else reversed(steps):
                self.measure(f"incremental, {name}", name, databases[name], address)
                self.check(name, databases[name], exact=name == "pipeline")
            self.measure("nothing new, pipeline", "pipeline", databases["pipeline"], url)
        finally:
            portal.terminate()
            portal.wait()
            with psycopg.connect(self.postgres.conninfo("postgres"), autocommit=True) as connection:
                for database in databases.values():
                    connection.execute(f'drop database if exists "{database}" with (force)')

    def measure(self, what: str, name: str, database: str, url: str) -> None:
        """Run one loader once."""
        local_services.ensure_database(self.postgres, database)
        if name == "pipeline":
            found = run_measured(
                [sys.executable, "flows/main.py"],
                ENV_FILE="",
                PORTAL_URL=url,
                SERVER_NAME=str(self.postgres.socket_dir),
                DB_USERNAME=self.postgres.user,
                DATABASE_NAME=database,
                PREFECT_API_URL=self.prefect.api_url,
            )
        else:
            conninfo = self.postgres.conninfo(database)
            found = run_measured(
                [sys.executable, "bench/plain_loader.py", "--url", url, "--conninfo", conninfo]
            )
        self.measured.setdefault(what, []).append(found)
        print(f"  {what}: {found.wall:.1f} s wall, {found.cpu:.1f} s CPU, {found.memory:.0f} MB", flush=True)

    def check(self, name: str, database: str, *, exact: bool) -> None:
        """End the benchmark unless the table holds the source's ids."""
        query = "select crime_id from chicago.crimes" if name == "pipeline" else "select id from crimes"
        with psycopg.connect(self.postgres.conninfo(database)) as connection:
            ours = {row[0] for row in connection.execute(query)}
        with Store(FOLDER / "city" / "city.sqlite") as store:
            theirs = {row[":id"] for row in store.rows(ONE_YEAR.id)}
        if theirs - ours or (exact and ours - theirs):
            sys.exit(
                f"{name}: {len(theirs - ours)} ids missing, {len(ours - theirs)} too many: the time does not count"
            )
        self.ghosts = max(self.ghosts, len(ours - theirs))

    def change(self) -> None:
        """Let the source re-create 3,000 rows with an arrest the other way round."""
        with Store(FOLDER / "city" / "city.sqlite") as store:
            ids = [row[":id"] for row in store.rows(ONE_YEAR.id)][:CHANGED_ROWS]
            at = datetime.now(UTC) + timedelta(days=1)
            store.recreate(
                ONE_YEAR.id, ids, lambda row: {"arrest": "N" if row["arrest"] == "Y" else "Y"}, at=at
            )

    def report(self) -> None:
        """Print medians, spread and ratios."""
        print(f"\n{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
        print(f"{'':28}{'wall s':>16}{'CPU s':>10}{'peak MB':>10}")
        for what, runs in self.measured.items():
            walls = [run.wall for run in runs]
            spread = f"{statistics.median(walls):.1f} ({min(walls):.1f}-{max(walls):.1f})"
            cpu = statistics.median(run.cpu for run in runs)
            memory = statistics.median(run.memory for run in runs)
            print(f"{what:28}{spread:>16}{cpu:>10.1f}{memory:>10.0f}")
        for kind in ("backfill", "incremental"):
            ours, plain = (
                statistics.median(run.wall for run in self.measured[f"{kind}, {name}"])
                for name in ("pipeline", "plain")
            )
            print(f"{kind}: pipeline / plain loader = {ours / plain:.2f}")
        print(f"ghosts that the plain loader keeps after {CHANGED_ROWS} re-created rows: {self.ghosts}")


def main() -> None:
    """Run the rounds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=250_000)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    bench = Bench(given.rows)
    for number in range(1, given.rounds + 1):
        print(f"round {number} of {given.rounds}", flush=True)
        bench.round(number)
    bench.report()


if __name__ == "__main__":
    main()
