"""`make soak`: sixty days of the stand-in city on one database, one run a day, with faults; and does anything grow?

`python -m tests.soak [--days 60] [--seed N] [--keep DAYS] [--lines FILE]`. Services and city are its own, in a
temporary folder. The ledger and Prefect keep `--keep` days of the simulation. Each day is a line of JSON in `--lines`
(.local/soak.jsonl). Exit 1 where a measure grows other than by the data.
"""

import argparse
import contextlib
import json
import secrets
import shutil
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

import psycopg

from tasks.local import prefect_server
from tasks.local import services as local_services
from tests.chaos.worlds import open_world
from tests.integration.conftest import make_template
from tests.soak.days import CITY, FIRST_DAY, Soak
from tests.soak.judge import judge, series_of
from tests.soak.sizes import IDLE_RUNS, PREFECT_KEPT_SECONDS, date_back, measure

EVERY_DAYS = 5


def main(arguments=None):
    """Run, and return the exit code: 0 when nothing grows but by the data."""
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__.splitlines()[0])
    parser.add_argument("--days", type=int, default=60)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--keep", type=int, default=14)
    parser.add_argument("--lines", type=Path, default=Path(".local/soak.jsonl"))
    asked = parser.parse_args(arguments)
    seed = secrets.randbelow(1_000_000) if asked.seed is None else asked.seed
    print(f"seed {seed}, {asked.days} days, of which {asked.keep} are kept", flush=True)
    asked.lines.parent.mkdir(parents=True, exist_ok=True)
    with asked.lines.open("w") as lines:
        days = []
        for day, sizes in _soak(asked.days, seed, asked.keep):
            days.append((day, sizes))
            lines.write(json.dumps(asdict(day) | asdict(sizes)) + "\n")
            lines.flush()
    print("\n".join(table(days)))
    verdicts = judge(series_of(days))
    # Tables that stay empty need no line.
    print("\n".join(str(verdict) for verdict in verdicts if verdict.mean or verdict.is_growing))
    return int(any(verdict.is_growing for verdict in verdicts))


def _soak(count, seed, keep):
    """Live through the days and give (day, sizes) of each."""
    clear_soon()
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        project = Path(folder)
        postgres = local_services.ensure_postgres(project)
        vacuum_soon(postgres)
        try:
            api = local_services.ensure_prefect_server(project, postgres).api_url
            city = lambda store: CITY.build(store, FIRST_DAY)  # noqa: E731
            world = open_world(postgres, make_template(postgres), api, city=city)
            try:
                yield from live(world, project, count, seed, keep)
            finally:
                # The session that would drop its database may have ended with a server; all goes with the folder.
                with contextlib.suppress(psycopg.OperationalError):
                    world.close()
        finally:
            local_services.stop(project)
            shutil.rmtree(local_services.services_folder(project), ignore_errors=True)


def live(world, project, count, seed, keep):
    """Give (day, sizes) of each day, as it is over. keep: how many days the ledger and Prefect keep."""
    soak = Soak(world, project, seed)
    world.environment |= {"APP_TOKEN": "a-token"}
    for number in range(count):
        if number > keep:
            kept_since = soak.began[number - keep]
            world.environment["LEDGER_DAYS"] = str((time.time() - kept_since) / 86_400)
            date_back(soak, kept_since)
        day = soak.live(number)
        sizes = measure(soak)
        print(
            f"day {number:3} {day.fault:<20} {day.runs} runs, {day.last.seconds:4.1f} s",
            file=sys.stderr,
            flush=True,
        )
        yield day, sizes


def clear_soon():
    """Have the servers of this process clear within seconds what they clear within an hour or a day."""
    prefect_server.CLEARING |= {
        "PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD": str(PREFECT_KEPT_SECONDS),
        "PREFECT_SERVER_EVENTS_RETENTION_PERIOD": f"PT{PREFECT_KEPT_SECONDS}S",
        "PREFECT_SERVER_SERVICES_DB_VACUUM_LOOP_SECONDS": "5",
        "PREFECT_SERVER_SERVICES_DB_VACUUM_ORPHAN_CLEANUP_LOOP_SECONDS": "10",
    }


def vacuum_soon(postgres):
    """Have autovacuum look each second instead of each minute: a day takes seconds here."""
    with psycopg.connect(postgres.conninfo("postgres"), autocommit=True) as connection:
        connection.execute("alter system set autovacuum_naptime = '1s'")
        connection.execute("select pg_reload_conf()")


def table(days):
    """Return the lines of a table: every fifth day and the last."""
    shown = [pair for pair in days if pair[0].number % EVERY_DAYS == 0 or pair is days[-1]]
    head = (
        "| Day | Rows | Data MB | Ledger kB | Catalogue MB | Dead | Windows | Runs* | Prefect MB | Flow runs |"
        " Task runs | Events | Logs kB | Memory MB | CPU s | Seconds | Fault |"
    )
    return [head, "|" + "---|" * (head.count("|") - 1), *(_line(day, sizes) for day, sizes in shown)]


def _line(day, sizes):
    cells = [
        day.number,
        f"{sizes.data:,}",
        f"{sizes.data_bytes / 1e6:.1f}",
        f"{sum(sizes.ledger_tables.values()) / 1e3:.0f}",
        f"{sizes.catalogue_bytes / 1e6:.1f}",
        f"{sizes.dead:,}",
        sizes.rows["pipeline.windows"],
        sizes.rows[IDLE_RUNS],
        f"{sizes.prefect_bytes / 1e6:.1f}",
        sizes.rows["prefect.flow_run"],
        f"{sizes.rows['prefect.task_run']:,}",
        f"{sizes.rows['prefect.events']:,}",
        f"{sizes.log_bytes / 1e3:.0f}",
        f"{day.last.memory_mb:.0f}",
        f"{day.last.cpu_seconds:.1f}",
        f"{day.last.seconds:.1f}",
        day.fault,
    ]
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


if __name__ == "__main__":
    sys.exit(main())
