"""Prefect's server of one project folder, with its database on the local PostgreSQL.

What lives here: starting, adopting and ending it, and its settings. What does not: any flow, and the
settings of the client in a run, which gets the address.

Public pages: https://docs.prefect.io/v3/how-to-guides/self-hosted/server-cli,
https://docs.prefect.io/v3/api-ref/settings-ref
"""

import http.client
import importlib.metadata
import json
import os
import signal
import socket
import sys
import time
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import quote

import psutil

from tasks.errors import LoadError
from tasks.local.account import own_account
from tasks.local.daemon import Daemon
from tasks.local.folder import services_folder, start_lock
from tasks.local.postgres import LocalPostgres, ensure_database

HOST = "127.0.0.1"
USUAL_PORT = 4200
"""The port of every Prefect tutorial; at a first start the next ones are tried when it is taken."""
TRIED_PORTS = 20
DATABASE = "prefect"
START_SECONDS = 240.0
"""The first start takes 5 to 15 s of processor time, most of it imports; a busy machine has made it a minute."""
STARTS = 3
"""How often a start is tried in all, when other programs keep taking the port first."""
TERM_SECONDS = 15.0
KILL_SECONDS = 5.0
_POLL_SECONDS = 0.05
_REQUEST_SECONDS = 5.0

# What the server needs of the environment. Nothing else: it lives for days, and the user's tokens,
# passwords and PREFECT_ settings (another server's address, another profile) are none of its business.
_KEPT_VARIABLES = (
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "TMPDIR",
    "LD_LIBRARY_PATH",
    "PYTHONPATH",
    "SSL_CERT_FILE",
)


# By default each state of each task run is read, committed and stored by itself. In batches the server
# needs a quarter less of its one core; the UI shows a task's state at most a second later, and no flow
# waits for it.
_BATCHES = {
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_READ_BATCH_SIZE": "50",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "50",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL": "1",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_READ_BATCH_SIZE": "50",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_BATCH_SIZE": "100",
}

# By default the server keeps every flow run for good, with its task runs, states, logs and artifacts; events it clears
# after seven days. What happened is in the ledger too, for longer (LEDGER_DAYS).
KEPT_DAYS = 30
CLEARING = {
    "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
    "PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD": str(KEPT_DAYS * 86_400),
}


@dataclass(frozen=True)
class LocalPrefect:
    """A Prefect server that answers: the address for PREFECT_API_URL, and the one for a browser."""

    api_url: str
    ui_url: str


@dataclass(frozen=True)
class Server:
    """What is written down about a server before it starts, so that the next run finds it."""

    port: int
    version: str

    @property
    def location(self) -> LocalPrefect:
        """Return its addresses."""
        base = f"http://{HOST}:{self.port}"
        return LocalPrefect(f"{base}/api", base)


@dataclass(frozen=True)
class PendingPrefect:
    """A server that was started or found, and may not answer yet."""

    project: Path
    postgres: LocalPostgres

    def wait(self) -> LocalPrefect:
        """Wait until the server answers; the first start takes about 5 s.

        Raises LoadError when it does not come up or is stopped meanwhile; the message names the log.
        """
        daemon = prefect_daemon(self.project)
        for attempt in range(1, STARTS + 1):
            server = _wait_until_ready(daemon)
            if server is not None:
                return server.location
            if attempt == STARTS or not _lost_its_port(daemon):
                break  # it failed for another reason, or was stopped
            start(self.project, self.postgres)
        raise LoadError(
            f"Prefect's server did not start, or was stopped. Its log {daemon.log_file} ends:\n"
            f"{daemon.log_tail()}\n"
            "Run again; if it fails the same way, drop its database (the run history, no crime data) with "
            f"`{self.postgres.psql_command('postgres')} -c 'drop database {DATABASE} with (force)'` and run "
            "again."
        )


def prefect_daemon(project: Path) -> Daemon:
    """Return the server as a process: whether it lives, its pid, its log."""
    marks = ("prefect", "server", "start")
    return Daemon("prefect", "Prefect's server", services_folder(project), own_account(), marks)


def located_prefect(project: Path) -> LocalPrefect | None:
    """Return where the server that was started last answers, if it runs."""
    server = _read_server(services_folder(project))
    return None if server is None else server.location


def start(project: Path, postgres: LocalPostgres) -> PendingPrefect:
    """Start the server unless it runs, and do not wait for it. Takes the start lock."""
    daemon = prefect_daemon(project)
    with start_lock(daemon.folder):
        if daemon.is_alive() and not _is_of_this_version(daemon):
            end(project)
        if not daemon.is_alive():
            _start(daemon, postgres)
        daemon.cut_log()
    return PendingPrefect(project, postgres)


def end(project: Path) -> int | None:
    """End the server. Returns its pid, None if it did not run. The caller holds the start lock."""
    return prefect_daemon(project).end((signal.SIGTERM, TERM_SECONDS), (signal.SIGKILL, KILL_SECONDS))


def _start(daemon: Daemon, postgres: LocalPostgres) -> None:
    ensure_database(postgres, DATABASE)
    home = daemon.folder / "prefect"
    home.mkdir(mode=0o700, exist_ok=True)
    # `prefect server start -b`, if someone tried it here, refuses beside the file of a dead one.
    (home / "server.pid").unlink(missing_ok=True)
    before = _read_server(daemon.folder)
    port = free_port(before.port if before else None)
    _write_server(daemon.folder, Server(port, _prefect_version()))
    # -P: the working folder `/` must not be on the module path.
    command = [sys.executable, "-P", "-m", "prefect", "server", "start", "--host", HOST, "--port", str(port)]
    daemon.spawn(command, _environment(home, port, postgres))


def _environment(home: Path, port: int, postgres: LocalPostgres) -> dict[str, str]:
    kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    address = f"http://{HOST}:{port}"
    database = f"postgresql+asyncpg://{postgres.user}@/{DATABASE}?host={quote(str(postgres.socket_dir))}"
    return kept | {
        "PREFECT_HOME": str(home),
        "PREFECT_SERVER_DATABASE_CONNECTION_URL": database,
        "PREFECT_SERVER_UI_ENABLED": "true",
        "PREFECT_UI_API_URL": f"{address}/api",
        # By default any page in the user's browser may call a server on the user's machine.
        "PREFECT_SERVER_CORS_ALLOWED_ORIGINS": f"{address},http://localhost:{port}",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
        **_BATCHES,
        **CLEARING,
        "NO_COLOR": "1",
        "PYTHONUNBUFFERED": "1",
    }


def free_port(before: int | None) -> int:
    """Return a port that nothing listens on: that of the time before; without one, 4200 or one soon after; or any.

    Where that of before is taken, the next of the usual ones is what all who start in this second would choose:
    they would take it from each other, again and again. Any port is taken by one of them alone.
    """
    usual = range(USUAL_PORT, USUAL_PORT + TRIED_PORTS)
    for port in usual if before is None else [before]:
        if _is_free(port):
            return port
    with closing(socket.create_server((HOST, 0))) as probe:
        return int(probe.getsockname()[1])


def _is_free(port: int) -> bool:
    with closing(socket.socket(socket.AF_INET, socket.SOCK_STREAM)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server does
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def _wait_until_ready(daemon: Daemon) -> Server | None:
    """Return the server once it answers on its own port; None when it ends first.

    Raises LoadError when it takes too long.
    """
    deadline = time.monotonic() + START_SECONDS
    while daemon.is_alive():
        server = _read_server(daemon.folder)
        if server is not None and is_ready(server.port) and _listens(daemon, server.port):
            return server
        if time.monotonic() > deadline:
            raise LoadError(
                f"Prefect's server runs but has not answered for {START_SECONDS:.0f} s. Its log "
                f"{daemon.log_file} ends:\n"
                f"{daemon.log_tail()}\n"
                "Run `make stop`, then run again."
            )
        time.sleep(_POLL_SECONDS)
    return None


def is_ready(port: int) -> bool:
    """Tell whether a Prefect server answers on this port and reaches its database."""
    return all(_status(port, path) == http.client.OK for path in ("/api/health", "/api/ready"))


def _status(port: int, path: str) -> int | None:
    # http.client, because urllib and requests would send a loopback address to the user's proxy.
    with closing(http.client.HTTPConnection(HOST, port, timeout=_REQUEST_SECONDS)) as connection:
        try:
            connection.request("GET", path)
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return None


def _listens(daemon: Daemon, port: int) -> bool:
    """Tell whether it is this server that listens there, not another Prefect that took the port first."""
    process = daemon.process()
    if process is None:
        return False
    try:
        connections = process.net_connections(kind="tcp")
    except psutil.Error:
        return False
    return any(found.status == psutil.CONN_LISTEN and found.laddr.port == port for found in connections)


def _lost_its_port(daemon: Daemon) -> bool:
    server = _read_server(daemon.folder)
    # The program that took the port may be gone by now, so the log counts too.
    return server is not None and (not _is_free(server.port) or "already in use" in daemon.log_text())


def _is_of_this_version(daemon: Daemon) -> bool:
    server = _read_server(daemon.folder)
    return server is not None and server.version == _prefect_version()


def _prefect_version() -> str:
    return importlib.metadata.version("prefect")


def _read_server(folder: Path) -> Server | None:
    try:
        found = json.loads((folder / "prefect.json").read_text())
        return Server(port=int(found["port"]), version=str(found["version"]))
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


def _write_server(folder: Path, server: Server) -> None:
    unfinished = folder / "prefect.json.unfinished"
    unfinished.write_text(json.dumps(asdict(server)))
    unfinished.replace(folder / "prefect.json")
