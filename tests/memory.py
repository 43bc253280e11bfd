"""Where the tests' databases lie: in memory, where the machine has a folder there with room for them.

Each test has a database of its own, which is 600 files, made and dropped again. On a disk that is most of what
PostgreSQL does in a session of tests: 0.35 s of the CPU for each, and more as they follow each other; in memory it is
0.03 s. The log of the server, and all that it has beside those databases, stay where they are.

Public page: https://www.postgresql.org/docs/18/manage-ag-tablespaces.html
"""

import hashlib
import os
import shutil
import sys
from contextlib import contextmanager
from pathlib import Path

import psutil
from psycopg import sql

from tasks.local import services as local_services
from tasks.local.account import make_own_folder, postgres_account

MEMORY = Path("/dev/shm")
TABLESPACE = "memory"
# What all databases of a session come to is less than one; the tests themselves want the rest.
LEAST_FREE_BYTES = 4 << 30
# Any number that nothing else locks in a server of tests.
LOCK = 20_240_114


def has_room():
    """Return whether the machine has so much memory to give."""
    return (
        MEMORY.is_dir()
        and shutil.disk_usage(MEMORY).free >= LEAST_FREE_BYTES
        and psutil.virtual_memory().available >= LEAST_FREE_BYTES
    )


def lie_in_memory(connection, project):
    """Give the server of these services a tablespace in memory, once, if there is room."""
    with alone(connection):
        if not is_used(connection) and has_room():
            # Of a server that ended without a word, and is gone.
            shutil.rmtree(_folder(project), ignore_errors=True)
            folder = make_own_folder(_folder(project), 0o700, postgres_account())
            statement = sql.SQL("create tablespace {} location {}")
            connection.execute(statement.format(sql.Identifier(TABLESPACE), sql.Literal(str(folder))))


def is_used(connection):
    """Return whether the server has a tablespace in memory."""
    return bool(connection.execute("select 1 from pg_tablespace where spcname = %s", [TABLESPACE]).fetchone())


@contextmanager
def alone(connection):
    """Let one process of a session do something, and the others wait for it. The connection commits by itself."""
    connection.execute("select pg_advisory_lock(%s)", [LOCK])
    try:
        yield
    finally:
        connection.execute("select pg_advisory_unlock(%s)", [LOCK])


def forget(project):
    """Remove what services that have ended held, on the disk and in memory."""
    shutil.rmtree(local_services.services_folder(project), ignore_errors=True)
    shutil.rmtree(_folder(project), ignore_errors=True)


def _folder(project):
    digest = hashlib.sha256(os.fsencode(project.resolve())).hexdigest()
    return MEMORY / f"chicago-crime-tests-{digest[:12]}"


if __name__ == "__main__":
    forget(Path(sys.argv[1]))
