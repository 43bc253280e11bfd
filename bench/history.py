"""The whole history of the city at several sizes: does time grow with the rows, and memory not? `make bench-history`.

For each size: so many rows at the City's density (876 a day up to a fixed last day), served by the stand-in portal;
then `flows/main.py` whole, as a process, with default settings: the first load, an increment of 3,000 rows edited in
many months, and a run with nothing new. A time counts only when our table holds every id of the source in its version,
and no other. The questions over the whole dataset are asked once before each run is timed, and their seconds are
printed apart: the stand-in computes the answers on this machine, the City on its own.
"""

import argparse
import contextlib
import os
import platform
import shutil
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path

import psycopg
from pydantic import SecretStr

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

from bench.history_city import build  # noqa: E402
from bench.measure import (  # noqa: E402
    FOLDER,
    Measured,
    databases_for_a_while,
    pipeline_environment,
    run_measured,
    served_portal,
)
from demo.city import FILE_NAME  # noqa: E402
from demo.shapes import HISTORY  # noqa: E402
from demo.store import Store  # noqa: E402
from tasks.datasets import DATASETS  # noqa: E402
from tasks.local import services as local_services  # noqa: E402
from tasks.source.portal import Portal, PortalOptions  # noqa: E402

SIZES = (250_000, 8_000_000)
EDITED_ROWS = 3_000
CASES = FIRST, EDITED, UNMOVED = "first load", "3,000 rows edited", "nothing new"
EXPECTED = {FIRST: "backfill", EDITED: "incremental", UNMOVED: "unmoved"}

_STEPS = """
select
    kind,
    extract(epoch from ended_at - started_at) as run,
    extract(epoch from planned_at - started_at) as plan,
    extract(epoch from coalesce(windows_done_at, planned_at) - planned_at) as windows,
    extract(epoch from audited.at - coalesce(windows_done_at, planned_at)) as audit,
    extract(epoch from coalesce(settled_at, audited.at) - audited.at) as reasons,
    extract(epoch from ended_at - coalesce(settled_at, audited.at)) as views_and_report
from pipeline.runs
cross join lateral (select max(checked_at) as at from pipeline.audits where audits.run_id = runs.run_id) as audited
order by started_at desc limit 1
"""
_SCANNED = """
select coalesce(sum(seq_tup_read), 0) from pg_stat_user_tables where schemaname = 'chicago' and relname = 'crimes'
"""


@dataclass(frozen=True)
class Case:
    """One run: its process, its steps in seconds, and how many rows of crimes were read by sequential scans."""

    process: Measured
    steps: dict[str, float]
    scanned: int


class Bench:
    """One size: its city, its portal, its database."""

    def __init__(self, rows: int, services: "Services", *, keep: bool) -> None:
        self.rows = rows
        self.services = services
        self.keep = keep
        self.pristine = FOLDER / f"history-{rows}"
        self.city = FOLDER / f"history-{rows}-now"
        self.database = f"bench_history_{rows}_{os.getpid()}"

    def measure(self) -> dict[str, Case]:
        """Measure the three runs; the database is dropped at the end, and the city too unless it is to be kept."""
        try:
            self._step("building the city", lambda: build(self.pristine, self.rows))
            shutil.rmtree(self.city, ignore_errors=True)
            if self.keep:
                shutil.copytree(self.pristine, self.city)
            else:
                self.pristine.rename(self.city)
            postgres = self.services.postgres
            with databases_for_a_while(postgres, [self.database]), served_portal(self.city) as url:
                found = {FIRST: self._run(FIRST, url)}
                self._step("editing", self._edit)
                return found | {case: self._run(case, url) for case in (EDITED, UNMOVED)}
        finally:
            shutil.rmtree(self.city, ignore_errors=True)

    def _step(self, what: str, do) -> None:
        began = time.perf_counter()
        do()
        print(f"  {what}: {time.perf_counter() - began:.1f} s", flush=True)

    def _run(self, case: str, url: str) -> Case:
        self._step("the stand-in's totals and months", lambda: self.ask_for_all(url))
        before = self._value(_SCANNED) if case != FIRST else 0
        environment = pipeline_environment(self.services.postgres, self.services.prefect, self.database, url)
        print(
            f"  {case} begins at {datetime.now(UTC):%H:%M:%S} UTC, log in {FOLDER / 'last.log'}", flush=True
        )
        process = run_measured([sys.executable, "flows/main.py"], **environment, CRIMES_DATASET=HISTORY.id)
        with self._connection() as connection:
            row = connection.execute(_STEPS).fetchone()
            assert row is not None
            kind, *seconds = row
            names = [column.name for column in connection.execute(_STEPS).description or ()][1:]
        if kind != EXPECTED[case]:
            sys.exit(f"{case}: the run was {kind}, where {EXPECTED[case]} is measured")
        steps = {name: float(value or 0) for name, value in zip(names, seconds, strict=True)}
        steps = {"start and end": process.wall - steps.pop("run"), **steps}
        # PostgreSQL reports its statistics with a delay.
        time.sleep(1)
        found = Case(process, steps, self._value(_SCANNED) - before)
        said = ", ".join(f"{name} {value:.1f}" for name, value in steps.items())
        print(
            f"  {case}: {process.wall:.1f} s wall, {process.cpu:.1f} s CPU, {process.memory:.0f} MB ({said}),"
            f" {found.scanned:,} rows read by going through all",
            flush=True,
        )
        self._step("checking our table against the source", self.check)
        return found

    def ask_for_all(self, url: str) -> None:
        """Ask the stand-in once what it computes slowly the first time."""
        options = PortalOptions(url, SecretStr("stand-in"), 50_000, 3600.0, 3600.0)
        with Portal(options, DATASETS[HISTORY.id]) as portal:
            portal.fetch_state()
            portal.fetch_fingerprints("month")

    def _edit(self) -> None:
        with Store(self.city / FILE_NAME) as store, store.change(HISTORY.id, at=datetime.now(UTC)) as change:
            step = max(self.rows // EDITED_ROWS, 1)
            ids = [
                row_id
                for (row_id,) in change.execute(
                    f'select ":id" from "{change.table_names[0]}" where "id" % ? = 0 limit ?',
                    [step, EDITED_ROWS],
                )
            ]
            for row_id in ids:
                change.edit(row_id, {"location_description": "SIDEWALK", "arrest": True})

    def check(self) -> None:
        """Hold our table to the source: a time of another one does not count."""
        with self._connection() as connection, connection.cursor(name="ours") as cursor:
            cursor.itersize = 50_000
            cursor.execute(
                "select crime_id, version from chicago.crimes"
                " union all select crime_id, version from pipeline.rejected_rows"
            )
            ours = _summed(cursor)
        with Store(self.city / FILE_NAME) as store, store.snapshot() as snapshot:
            table, _ = snapshot.tables(HISTORY)
            theirs = _summed(snapshot.connection.execute(f'select id, ":version" from "{table}"'))
        if ours != theirs:
            sys.exit(
                f"we hold {ours}, the source {theirs} (rows, sum of ids, of hashes): the time does not count"
            )

    def _connection(self) -> psycopg.Connection:
        return psycopg.connect(self.services.postgres.conninfo(self.database))

    def _value(self, query: str) -> int:
        with self._connection() as connection:
            row = connection.execute(query).fetchone()
        assert row is not None
        return int(row[0])


@dataclass(frozen=True)
class Services:
    """The PostgreSQL and the Prefect server that all sizes share."""

    postgres: local_services.LocalPostgres
    prefect: local_services.LocalPrefect


def _summed(rows) -> tuple[int, int, int]:
    """Return number, sum of ids, and sum of the hashes of id and version, whatever the order."""
    count = ids = hashes = 0
    for row_id, version in rows:
        count += 1
        ids += int(row_id)
        hashes += int.from_bytes(blake2b(f"{row_id} {version}".encode(), digest_size=8).digest())
    return count, ids, hashes


def report(found: dict[int, dict[str, Case]]) -> Iterator[str]:
    """Give the lines of the tables, as Markdown."""
    yield (
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} {platform.machine()} cores, load {os.getloadavg()[0]:.1f} at"
        f" the end, Python {platform.python_version()}, PostgreSQL 18 with its default settings."
    )
    sizes = list(found)
    for case in CASES:
        cases = [found[rows][case] for rows in sizes]
        head = [f"{rows:,}" for rows in sizes] + (["last / first"] if len(sizes) > 1 else [])
        yield from ("", f"| {case} | " + " | ".join(head) + " |", "|---" * (len(head) + 1) + "|")
        lines: dict[str, list[float]] = {
            "wall s": [one.process.wall for one in cases],
            "CPU s of the process": [one.process.cpu for one in cases],
            "peak MB of the process": [one.process.memory for one in cases],
        }
        if case == FIRST:
            lines["rows a second"] = [rows / one.process.wall for rows, one in zip(sizes, cases, strict=True)]
        lines |= {
            f"{name.replace('_', ' ')}, s": [one.steps[name] for one in cases] for name in cases[0].steps
        }
        lines["rows of crimes read by going through all"] = [float(one.scanned) for one in cases]
        for name, values in lines.items():
            shown = [f"{value:,.0f}" if value >= 100 else f"{value:.1f}" for value in values]
            if len(values) > 1:
                shown.append(f"{values[-1] / values[0]:.2f}" if values[0] else "")
            yield f"| {name} | " + " | ".join(shown) + " |"


def main() -> None:
    """Measure each size and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, action="append", help="a size; several may be given")
    parser.add_argument(
        "--keep", action="store_true", help="keep the built cities in .local/bench for the next time"
    )
    given = parser.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    postgres = local_services.ensure_postgres(PROJECT)
    services = Services(postgres, local_services.ensure_prefect_server(PROJECT, postgres))
    found: dict[int, dict[str, Case]] = {}
    with contextlib.suppress(KeyboardInterrupt):
        for rows in given.rows or SIZES:
            print(f"{rows:,} rows, {rows * 1.7e-6:,.1f} GB of source", flush=True)
            found[rows] = Bench(rows, services, keep=given.keep).measure()
            print("\n" + "\n".join(report(found)) + "\n", flush=True)


if __name__ == "__main__":
    main()
