"""What the benchmarks of the job share: measuring a process, serving a portal, temporary databases. No figures here."""

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg
from psycopg import sql

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

from tasks.local import services as local_services  # noqa: E402

FOLDER = PROJECT / ".local" / "bench"


@dataclass(frozen=True)
class Measured:
    """One process: wall and CPU seconds, peak memory in MB, and the ids that only its table holds."""

    wall: float
    cpu: float
    memory: float
    ghosts: int = 0


class Peak:
    """Looks at a process's memory many times a second. The kernel's own peak includes the parent's at the fork."""

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


def run_measured(arguments: Sequence[str | Path], **environment: str) -> Measured:
    """Run a process to its end and measure it; a failure ends the benchmark with the end of its log."""
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
        sys.exit(f"{' '.join(map(str, arguments))} failed:\n{log.read_text()[-3000:]}")
    return Measured(wall, usage.ru_utime + usage.ru_stime, peak.stop())


@contextlib.contextmanager
def served_portal(city: Path, latency: float = 0.0) -> Iterator[str]:
    """Serve the city of a folder and give the address."""
    served = subprocess.Popen(
        [sys.executable, "-m", "demo.portal", "--state", city, "--latency", str(latency)],
        cwd=PROJECT, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert served.stdout is not None
        served.stdout.readline()
        yield json.loads((city / "portal.json").read_text())["url"]
    finally:
        served.terminate()
        served.wait()


@contextlib.contextmanager
def databases_for_a_while(postgres: local_services.LocalPostgres, names: Sequence[str]) -> Iterator[None]:
    """Create these databases, empty; they are dropped at the end."""
    try:
        for name in names:
            local_services.ensure_database(postgres, name)
        yield
    finally:
        with psycopg.connect(postgres.conninfo("postgres"), autocommit=True) as connection:
            for name in names:
                connection.execute(
                    sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name))
                )


def pipeline_environment(
    postgres: local_services.LocalPostgres, prefect: local_services.LocalPrefect, database: str, url: str
) -> dict[str, str]:
    """Return what the pipeline reads from its environment: default settings, this portal and database."""
    return {
        "ENV_FILE": "",
        "PORTAL_URL": url,
        "SERVER_NAME": str(postgres.socket_dir),
        "DB_USERNAME": postgres.user,
        "DATABASE_NAME": database,
        "DB_SSLMODE": "disable",
        "PREFECT_API_URL": prefect.api_url,
    }
