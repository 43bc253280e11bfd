"""The whole job against other loaders: the same rows, portal and PostgreSQL, in one run. `make bench-job`.

Loaders: the pipeline (main.py whole: imports, Prefect, proof, views), the same steps without Prefect, dlt, and a plain
loader that writes by COPY, by multi-row insert, and by pandas.to_sql. Cases, one after the other in each round: the
first backfill of a year; an incremental run after 3,000 rows were re-created; a run with nothing new; a backfill from a
portal that takes half a second an answer; a run after every row was re-created. The order of the loaders changes with
the round. A time counts only when the table holds every id of the source; ids that only it holds are counted as ghosts,
and the pipeline may have none. What came of it is told, and held against the last release, by record.py.
"""

import argparse
import contextlib
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path

import psycopg

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

from bench.measure import (  # noqa: E402
    FOLDER,
    Measured,
    databases_for_a_while,
    pipeline_environment,
    run_measured,
    served_portal,
)
from bench.record import TABLES, Record, moved, pages, table  # noqa: E402
from demo.shapes import ONE_YEAR  # noqa: E402
from demo.store import Store  # noqa: E402
from tasks.local import services as local_services  # noqa: E402

DLT = "dlt[postgres]==1.31.0"
CHANGED_ROWS = 3_000
SLOW_SECONDS = 0.5
PIPELINE = ("pipeline", "without Prefect")
# Two more take minutes a case.
USUAL = (*PIPELINE, "plain, COPY", "dlt")
MORE = ("plain, insert", "plain, to_sql")


@dataclass(frozen=True)
class Loader:
    """A loader: its command for a portal and a database, the table it fills, and its settings in a few words."""

    name: str
    settings: str
    ids: str
    command: Callable[[str, str], Sequence[str | Path]]


def dlt_python() -> Path:
    """Return the Python of an environment that holds dlt and nothing of ours, made once."""
    folder = FOLDER / "dlt"
    if not (folder / "done").exists():
        uv = PROJECT / ".venv" / "bin" / "uv"
        subprocess.run([uv, "venv", "--quiet", "--clear", "--python", sys.executable, folder], check=True)
        subprocess.run(
            [uv, "pip", "install", "--quiet", "--python", folder / "bin" / "python", DLT], check=True
        )
        (folder / "done").touch()
    return folder / "bin" / "python"


class Bench:
    """One round after the other, on fresh databases and a fresh copy of the city."""

    def __init__(self, rows: int, names: Sequence[str]) -> None:
        self.rows = rows
        self.postgres = local_services.ensure_postgres(PROJECT)
        self.prefect = local_services.ensure_prefect_server(PROJECT, self.postgres)
        self.loaders = [loader for loader in self.all_loaders() if loader.name in (*USUAL, *names)]
        self.measured: dict[tuple[str, str], list[Measured]] = {}
        self.limits: list[float] = []

    def all_loaders(self) -> list[Loader]:
        """Return every loader, the pipeline first."""

        def plain(writer: str) -> Callable[[str, str], Sequence[str | Path]]:
            return lambda url, database: [
                *(sys.executable, "bench/plain_loader.py", "--url", url, "--writer", writer),
                *("--conninfo", self.postgres.conninfo(database)),
            ]

        def dlt(url: str, database: str) -> Sequence[str | Path]:
            return [
                *(dlt_python(), "bench/dlt_loader.py", "--url", url),
                *("--database", self.url_for_dlt(database)),
                *("--state", FOLDER / "dlt-state" / database),
            ]

        ours, plain_ids = "select crime_id from chicago.crimes", "select id from crimes"
        paged = "pages of 50,000 rows, one connection"
        return [
            Loader(
                "pipeline",
                "default settings: windows of 7 days, 4 at once; proof and views included",
                ours,
                lambda *_: [sys.executable, "flows/main.py"],
            ),
            Loader(
                "without Prefect",
                "the same, steps called as functions",
                ours,
                lambda *_: [sys.executable, "bench/main_without_prefect.py"],
            ),
            Loader(
                "plain, COPY",
                f"{paged}, values as they are by COPY into the table, later loads by upsert",
                plain_ids,
                plain("copy"),
            ),
            Loader(
                "plain, insert", f"{paged}, 1,000 rows an insert … on conflict", plain_ids, plain("insert")
            ),
            Loader(
                "plain, to_sql", f"{paged}, pandas.to_sql of 1,000 rows, upsert", plain_ids, plain("to_sql")
            ),
            Loader("dlt", f"{DLT}, {paged}, merge on the row's id", "select id from loaded.crimes", dlt),
        ]

    def url_for_dlt(self, database: str) -> str:
        """Return the URL of a database. dlt demands a host and a password; libpq takes the socket instead."""
        return f"postgresql://{self.postgres.user}:none@localhost/{database}?host={self.postgres.socket_dir}"

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

    @contextlib.contextmanager
    def databases(self, what: str) -> Iterator[dict[str, str]]:
        """Give a new database to each loader; they are dropped at the end."""
        names = {
            loader.name: f"bench_{what}_{number}_{os.getpid()}" for number, loader in enumerate(self.loaders)
        }
        with databases_for_a_while(self.postgres, list(names.values())):
            yield names

    def round(self, number: int) -> None:
        """Measure every case, the loaders in an order that changes, so that none always gets the quiet minute."""
        self.build_city()
        order = self.loaders[number % len(self.loaders) :] + self.loaders[: number % len(self.loaders)]
        self.measure_empty()
        with self.databases("quick") as databases, served_portal(FOLDER / "city") as url:
            for loader in order:
                self.measure("first backfill of a year", loader, databases[loader.name], url)
            self.limits.append(self.copy_limit(databases))
            self.recreate(CHANGED_ROWS)
            for loader in order:
                self.measure("incremental, 3,000 re-created", loader, databases[loader.name], url)
            for loader in order:
                self.measure("nothing new", loader, databases[loader.name], url)
            self.recreate(None)
            for loader in order:
                self.measure("every row re-created", loader, databases[loader.name], url)
        with self.databases("slow") as databases, served_portal(FOLDER / "city", SLOW_SECONDS) as url:
            for loader in order:
                self.measure("backfill, 0.5 s an answer", loader, databases[loader.name], url)

    def measure(self, case: str, loader: Loader, database: str, url: str) -> None:
        """Run one loader once, and check what its table holds."""
        environment = pipeline_environment(self.postgres, self.prefect, database, url)
        found = run_measured(loader.command(url, database), **environment)
        ghosts = self.check(loader, database)
        self.note(case, loader.name, Measured(found.wall, found.cpu, found.memory, ghosts))

    def measure_empty(self) -> None:
        """Run a flow that does nothing: the least that Prefect costs a process."""
        found = run_measured([sys.executable, "bench/empty_flow.py"], PREFECT_API_URL=self.prefect.api_url)
        self.note("an empty flow", "Prefect", found)

    def note(self, case: str, name: str, found: Measured) -> None:
        """Keep a figure, and print it at once."""
        self.measured.setdefault((case, name), []).append(found)
        print(
            f"  {case}, {name}: {found.wall:.1f} s wall, {found.cpu:.1f} s CPU, {found.memory:.0f} MB,"
            f" {found.ghosts} ghosts",
            flush=True,
        )

    def count_rows(self) -> int:
        """Return how many rows the city has."""
        with Store(FOLDER / f"city-{self.rows}" / "city.sqlite") as store:
            return len(store.rows(ONE_YEAR.id))

    def check(self, loader: Loader, database: str) -> int:
        """Return how many ids only the table holds; end the benchmark if it lacks one of the source's."""
        with psycopg.connect(self.postgres.conninfo(database)) as connection:
            ours = {row[0] for row in connection.execute(loader.ids)}
        with Store(FOLDER / "city" / "city.sqlite") as store:
            theirs = {row[":id"] for row in store.rows(ONE_YEAR.id)}
        if theirs - ours or (loader.name in PIPELINE and ours - theirs):
            sys.exit(
                f"{loader.name}: {len(theirs - ours)} ids missing, {len(ours - theirs)} too many:"
                " the time does not count"
            )
        return len(ours - theirs)

    def copy_limit(self, databases: dict[str, str]) -> float:
        """Return the seconds of a binary COPY of all rows into a table with the pipeline's key and indexes."""
        with psycopg.connect(self.postgres.conninfo(databases[self.loaders[0].name])) as connection:
            connection.execute("create table limit_of_copy (like chicago.crimes including indexes)")
            with connection.cursor().copy("copy chicago.crimes to stdout (format binary)") as copied:
                blocks = [bytes(block) for block in copied]
            began = time.perf_counter()
            with connection.cursor().copy("copy limit_of_copy from stdin (format binary)") as copied:
                for block in blocks:
                    copied.write(block)
            connection.commit()
            seconds = time.perf_counter() - began
            connection.execute("drop table limit_of_copy")
        print(f"  binary COPY of the rows into an empty table: {seconds:.1f} s", flush=True)
        return seconds

    def recreate(self, rows: int | None) -> None:
        """Have the source re-create so many rows with the opposite arrest; None: all, unchanged."""
        with Store(FOLDER / "city" / "city.sqlite") as store:
            ids = [row[":id"] for row in store.rows(ONE_YEAR.id)][:rows]
            at = datetime.now(UTC) + timedelta(days=1 if rows else 2)
            change = (
                (lambda row: {"arrest": "N" if row["arrest"] == "Y" else "Y"}) if rows else (lambda _: {})
            )
            store.recreate(ONE_YEAR.id, ids, change, at=at)

    def record(self) -> Record:
        """Return what was measured, the pipeline first in each case."""
        order = ["Prefect", *(loader.name for loader in self.loaders)]
        cases = {
            case: {name: self.measured[case, name] for name in order if (case, name) in self.measured}
            for case, _ in self.measured
        }
        return Record(
            f"{datetime.now(UTC):%Y-%m-%d}",
            f"{os.cpu_count()} {platform.machine()} cores at a load of {os.getloadavg()[0]:.1f} at the end",
            f"Python {platform.python_version()}, Prefect {version('prefect')}, PostgreSQL 18 as it is set by default,"
            f" {DLT}",
            self.count_rows(),
            cases,
            self.limits,
        )


def main() -> None:
    """Run the rounds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=250_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--loader", action="append", default=[], choices=MORE, help="this one too")
    parser.add_argument(
        "--keep",
        action="store_true",
        help="what the next benchmarks are held against, and what the pages show",
    )
    given = parser.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    bench = Bench(given.rows, given.loader)
    for number in range(given.rounds):
        print(f"round {number + 1} of {given.rounds}", flush=True)
        bench.round(number)
    found = bench.record()
    print(
        "",
        *(f"- **{loader.name}**: {loader.settings}" for loader in bench.loaders),
        "",
        *table(found),
        sep="\n",
    )
    print("", *moved(found, Record.read()), sep="\n")
    if given.keep:
        told = pages(found)
        found.write()
        for page, text in told.items():
            page.write_text(text, encoding="utf-8")
        print(f"\nKept. Read what {TABLES.name} says below the tables again: its words are not made of them.")


if __name__ == "__main__":
    main()
