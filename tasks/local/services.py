"""The two local services: an embedded PostgreSQL, and Prefect's server with its database on it.

What lives here: all that other rooms may use of them (the parts are in `tasks/local/`), and
the commands `python -m tasks.local.services stop|status|drop-demo`. What does not: whether a run needs
them, which the settings decide (SERVER_NAME replaces the warehouse, PREFECT_API_URL the server), and what
is in the databases.

The first run starts them, later runs adopt them, `stop` ends both. Starting and stopping are serialised by
a lock, so that runs can begin together; a run that is killed at any moment leaves a state that the next one
mends. docs/decisions/0002-local-services.md says why they are two, and why they are where they are.

Public pages: https://www.postgresql.org/docs/18/server-start.html,
https://docs.prefect.io/v3/how-to-guides/self-hosted/server-cli
"""

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tasks.errors import ConfigError, LoadError, PipelineError
from tasks.local import postgres as postgres_server
from tasks.local import prefect_server
from tasks.local.folder import make_services_folder, services_folder, start_lock
from tasks.local.postgres import (
    LocalPostgres,
    drop_database,
    ensure_database,
    located_postgres,
)
from tasks.local.prefect_server import LocalPrefect, PendingPrefect

__all__ = [
    "DEMO_DATABASE",
    "LocalPostgres",
    "LocalPrefect",
    "PendingPrefect",
    "ServiceStatus",
    "drop_demo",
    "ensure_database",
    "ensure_postgres",
    "ensure_prefect_server",
    "located_postgres",
    "services_folder",
    "start_prefect_server",
    "status",
    "stop",
]

PROJECT = Path(__file__).resolve().parents[2]
# The database of `make demo`; demo/ shares no code with us.
DEMO_DATABASE = "chicago_crime_demo"


@dataclass(frozen=True)
class ServiceStatus:
    """One service: its name, its pid (None when it does not run), where it answers, and its log."""

    name: str
    pid: int | None
    address: str
    log_file: Path

    def __str__(self) -> str:
        if self.pid is None:
            return f"{self.name}: not running"
        return f"{self.name}: running (pid {self.pid})  {self.address}  log {self.log_file}"


def ensure_postgres(project: Path) -> LocalPostgres:
    """Return the PostgreSQL of this project folder: the one that runs, or a new one; it answers.

    The very first start takes about a second, a later one 0.2 s, an adoption some milliseconds. Raises
    ConfigError when this machine or user cannot run it, LoadError when it does not come up; both name the
    log and what to do.
    """
    with _clear_errors(project):
        folder = make_services_folder(project)
        with start_lock(folder) as lock:
            return postgres_server.start_or_adopt(project, lock)


def start_prefect_server(project: Path, postgres: LocalPostgres) -> PendingPrefect:
    """Start Prefect's server unless it runs, without waiting for it: `.wait()` does.

    The first start takes about 5 s, in which a run can do other work. Raises like `ensure_postgres`.
    """
    with _clear_errors(project):
        make_services_folder(project)
        return prefect_server.start(project, postgres)


def ensure_prefect_server(project: Path, postgres: LocalPostgres) -> LocalPrefect:
    """Return Prefect's server of this project folder: the one that runs, or a new one; it answers.

    Raises like `ensure_postgres`.
    """
    pending = start_prefect_server(project, postgres)
    with _clear_errors(project):
        return pending.wait()


def stop(project: Path) -> list[str]:
    """End both services, Prefect's server first. Returns what was ended, one line each.

    Raises LoadError when one of them does not end.
    """
    folder = services_folder(project)
    if not folder.exists():
        return []
    with _clear_errors(project), start_lock(folder):
        ended = {
            "Prefect's server": prefect_server.end(project),
            "PostgreSQL": postgres_server.end(project),
        }
    return [f"{name} (pid {pid})" for name, pid in ended.items() if pid is not None]


def status(project: Path) -> list[ServiceStatus]:
    """Return both services, PostgreSQL first. Starts, makes and changes nothing."""
    postgres = postgres_server.postgres_daemon(project)
    prefect = prefect_server.prefect_daemon(project)
    located = prefect_server.located_prefect(project)
    psql = postgres_server.located_postgres(project).psql_command("postgres")
    with _clear_errors(project):
        pids = [process.pid if (process := daemon.process()) else None for daemon in (postgres, prefect)]
    return [
        ServiceStatus("PostgreSQL", pids[0], psql, postgres.log_file),
        ServiceStatus("Prefect's server", pids[1], located.ui_url if located else "", prefect.log_file),
    ]


def drop_demo(project: Path) -> bool:
    """Drop the demo's database, and no other; return whether it was there. Raises LoadError while a run is in it."""
    if not (services_folder(project) / "data").exists():
        return False
    return drop_database(ensure_postgres(project), DEMO_DATABASE)


@contextmanager
def _clear_errors(project: Path) -> Iterator[None]:
    """Turn an error of the file system into one that says what to do."""
    try:
        yield
    except OSError as error:
        raise LoadError(
            f"The local services cannot use their folder {services_folder(project)}: {error}. Free space on "
            "the disk or mend the permissions, and run again."
        ) from error


def main(arguments: list[str] | None = None) -> int:
    """Run a command for this project folder, or for `--project`; 0 done, 1 failed, 2 wrong use."""
    parser = argparse.ArgumentParser(prog="python -m tasks.local.services")
    parser.add_argument("command", choices=["stop", "status", "drop-demo"])
    parser.add_argument(
        "--project", type=Path, default=PROJECT, help="the project folder (default: this one)"
    )
    given = parser.parse_args(arguments)
    try:
        if given.command == "stop":
            lines = [f"stopped {name}" for name in stop(given.project)] or ["no local service was running"]
        elif given.command == "drop-demo":
            lines = [f"dropped database {DEMO_DATABASE}"] if drop_demo(given.project) else []
        else:
            lines = [str(found) for found in status(given.project)]
            lines.append(f"data and logs: {services_folder(given.project)}")
    except PipelineError as error:
        sys.stderr.write(f"{error}\n")
        return 2 if isinstance(error, ConfigError) else 1
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return 0


if __name__ == "__main__":
    sys.exit(main())
