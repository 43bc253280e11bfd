"""A day of the soak: the city lives on, the day's run meets a fault or none, and ends proven.

What lives here: what goes wrong on a day, and the runs. What does not: what is measured, and what is judged of it.
"""

import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

from demo.city import City
from demo.portal_faults import Fault as Broken
from demo.shapes import ONE_YEAR
from tasks.local import postgres as postgres_server
from tasks.local import prefect_server
from tasks.local import services as local_services
from tasks.local.folder import start_lock
from tests.chaos import oracle

CRIMES = ONE_YEAR.id
CITY = City(rows=6000, days=120)
FIRST_DAY = date(2024, 1, 14)
PROJECT = Path(__file__).resolve().parents[2]
RECONCILE_EVERY_DAYS = 7
MAX_RUNS_A_DAY = 4
GRACE_SECONDS = 60
# When a fault comes, in seconds after the run's start: its imports take two of them.
EARLIEST, LATEST = 2.0, 8.0

Fault = Literal[
    "none",
    "broken answers",
    "portal down",
    "SIGKILL",
    "SIGTERM",
    "PostgreSQL restarted",
    "Prefect restarted",
]
# Half of the days are ordinary ones.
FAULTS: tuple[Fault, ...] = (
    *("none",) * 8,
    *("broken answers",) * 2,
    "portal down",
    "SIGKILL",
    "SIGKILL",
    "SIGTERM",
    "PostgreSQL restarted",
    "Prefect restarted",
)
HEALING = ("status", "accepted_202", "html_200", "json_object_200", "cut_body", "reset", "no_content_type")


@dataclass(frozen=True)
class Ended:
    """A run that has ended. memory_mb: the most that its process held. cpu_seconds: of it, whatever else ran here."""

    code: int
    seconds: float
    cpu_seconds: float
    memory_mb: float
    said: str


@dataclass(frozen=True)
class Day:
    """What a day had: its fault, the runs that it took, and the last of them, which is the day's good one."""

    number: int
    fault: Fault
    runs: int
    last: Ended


class Soak:
    """The city, its warehouse, the services that both need, and the days that go by."""

    def __init__(self, world, project, seed):
        self.world, self.project = world, project
        self.rng = random.Random(seed)
        self.began = []

    def live(self, number):
        """Let a day go by: a fault or none, and runs until one is good; the warehouse is as the source."""
        if number:
            CITY.live_on(self.world.store)
        self.began.append(time.time())
        fault = self.rng.choice(FAULTS) if number else "none"
        mode = ["--mode", "reconcile"] if number % RECONCILE_EVERY_DAYS == RECONCILE_EVERY_DAYS - 1 else []
        ended = self.meet(fault, mode)
        runs = 1
        while ended.code != 0:
            assert runs < MAX_RUNS_A_DAY, f"day {number}, {fault}: {ended.code}: {ended.said}"
            ended, runs = self.run(mode), runs + 1
        source = {row[":id"]: row for row in self.world.store.rows(CRIMES)}
        oracle.assert_equals_source(oracle.look(self.world.query), source)
        oracle.assert_ledger_is_closed(self.world.query)
        return Day(number, fault, runs, ended)

    def meet(self, fault, arguments):
        """Run with a fault."""
        faults = self.world.portal.faults
        if fault == "broken answers":
            for _ in range(4):
                faults.add(Broken(self.rng.choice(HEALING), skip=self.rng.randrange(12), status=503))
        elif fault == "portal down":
            faults.add(Broken("status", status=503, times=None))
        try:
            return self.run(arguments, fault)
        finally:
            faults.clear()
            faults.met.clear()

    def run(self, arguments, fault="none"):
        """Run the command line as a process, with what happens to it on its way, and return how it ended."""
        began = time.monotonic()
        output = self.world.output
        with output.open("w") as said:
            process = subprocess.Popen(
                [sys.executable, "flows/main.py", *arguments],
                cwd=PROJECT,
                env={**os.environ, **self.world.environment},
                stdout=said,
                stderr=said,
            )
        if happens := self._happening(process, fault):
            time.sleep(self.rng.uniform(EARLIEST, LATEST))
            happens()
        _, status, spent = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        return Ended(
            process.returncode,
            time.monotonic() - began,
            spent.ru_utime + spent.ru_stime,
            spent.ru_maxrss / 1024,
            output.read_text(),
        )

    def _happening(self, process, fault):
        return {
            "SIGKILL": lambda: process.send_signal(signal.SIGKILL),
            "SIGTERM": lambda: process.send_signal(signal.SIGTERM),
            "PostgreSQL restarted": self._restart_postgres,
            "Prefect restarted": self._restart_prefect,
        }.get(fault)

    def _restart_postgres(self):
        with start_lock(local_services.services_folder(self.project)):
            postgres_server.end(self.project)
        local_services.ensure_postgres(self.project)

    def _restart_prefect(self):
        with start_lock(local_services.services_folder(self.project)):
            prefect_server.end(self.project)
        local_services.ensure_prefect_server(self.project, local_services.located_postgres(self.project))
