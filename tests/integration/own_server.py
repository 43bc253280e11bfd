"""A PostgreSQL of a test's own, for what would disturb the tests beside it: its templates, its limits, a restart."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import psycopg

from tasks.local.account import postgres_account
from tasks.local.binaries import make_programs

_SUBPROCESS_QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
HOW_TO_STOP = {"smart": signal.SIGTERM, "fast": signal.SIGINT, "immediate": signal.SIGQUIT}


class OwnServer:
    """A server on a unix socket, with the superuser postgres, whom it trusts."""

    def __init__(self, folder, *initdb):
        self.folder = folder
        self.settings = {"SERVER_NAME": str(folder), "DB_USERNAME": "postgres", "DATABASE_NAME": "made_by_us"}
        self._programs = make_programs(folder)
        self._as_its_user = {
            **postgres_account().run_as(),
            "cwd": "/",
            "env": {"PATH": os.environ["PATH"], "LC_ALL": "C"},
            **_SUBPROCESS_QUIET,
        }
        self._process = None
        subprocess.run(
            [
                self._programs / "initdb",
                "-D",
                folder / "data",
                "-U",
                "postgres",
                "-A",
                "trust",
                "--no-sync",
                *initdb,
            ],
            check=True,
            **self._as_its_user,
        )

    def start(self, **settings):
        """Start it with these settings, and wait until somebody listens."""
        told = {"listen_addresses": "", "unix_socket_directories": self.folder, "fsync": "off"} | settings
        options = [word for name, value in told.items() for word in ("-c", f"{name}={value}")]
        command = [self._programs / "postgres", "-D", self.folder / "data", *options]
        self._process = subprocess.Popen(command, **self._as_its_user)
        answers(lambda: self.query("select 1", "template1"))

    def stop(self, how="immediate"):
        """End it as `pg_ctl stop -m` does, and wait for that."""
        self._process.send_signal(HOW_TO_STOP[how])
        self._process.wait()

    def conninfo(self, database="made_by_us"):
        """Return where it listens."""
        return f"host={self.folder} user=postgres dbname={database}"

    def query(self, statement, database="made_by_us"):
        """Return the rows of a query, in a session that commits each statement."""
        with psycopg.connect(self.conninfo(database), autocommit=True) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []


@contextmanager
def own_server(*initdb, **settings):
    """Give a running server, made with these arguments of initdb; it is gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="own"))
    folder.chmod(0o777)
    try:
        server = OwnServer(folder, *initdb)
        server.start(**settings)
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder)


def answers(connect):
    """Wait until somebody listens."""
    deadline = time.monotonic() + 20
    while True:
        try:
            return connect()
        except (OSError, psycopg.OperationalError):
            assert time.monotonic() < deadline, "nobody listens"
            time.sleep(0.02)
