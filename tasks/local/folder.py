"""The folder of the local services of one project, and the lock under which they start and stop.

What lives here: where the folder is, and who may change it. What does not: what the services keep in it.

Public page: https://refspecs.linuxfoundation.org/FHS_3.0/fhs/ch05s08.html (/var/lib)
"""

import fcntl
import hashlib
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tasks.errors import ConfigError, LoadError
from tasks.local.account import make_own_folder, make_shared_folder, own_account, postgres_account

ROOT_HOME = Path("/var/lib/chicago-crime")
"""Where root keeps the services of all projects: PostgreSQL's user can reach it, no other user can make it
first, and no clean-up by age removes it, as in /var/tmp."""
SHORT_HOME = Path("/tmp")  # noqa: S108 - the folder in it is checked to be ours
"""Where the socket goes when the project's path is too long for one."""
SOCKET_NAME = ".s.PGSQL.5432"
MAX_SOCKET_PATH_BYTES = 100
"""The kernel's limit is 107 on Linux and 103 on macOS."""
# A comma separates hosts for every client, and the other characters need quoting in a shell or an address.
_PLAIN_PATH = re.compile(r"[A-Za-z0-9/._+-]+")
LOCK_SECONDS = 180.0
"""A first start takes a second; the recovery after a crash under load can take minutes."""
_LOCK_POLL_SECONDS = 0.05


def services_folder(project: Path) -> Path:
    """Return the folder with the data, logs and locks of the services: `.local/services` of the project.

    For root it is a folder under /var/lib named by a hash of the project's path, which PostgreSQL's user
    can reach.
    """
    project = project.resolve()
    if os.geteuid() == 0:
        return ROOT_HOME / _project_hash(project)
    return project / ".local" / "services"


def socket_folder(project: Path) -> Path:
    """Return the folder of the socket: in the services' folder, or a short one where that is too long."""
    folder = services_folder(project) / "sockets"
    is_short = len(os.fsencode(folder / SOCKET_NAME)) <= MAX_SOCKET_PATH_BYTES
    if is_short and _PLAIN_PATH.fullmatch(str(folder)):
        return folder
    return SHORT_HOME / f"chicago-crime-{os.geteuid()}-{_project_hash(project.resolve())}"


def make_services_folder(project: Path) -> Path:
    """Make the folder and its two parents of ours, or check that they are ours.

    Raises ConfigError when the project folder is missing or not writable, or a folder is another user's.
    """
    project = project.resolve()
    own = own_account()
    if not project.is_dir():
        raise ConfigError(f"There is no project folder {project}.")
    folder = services_folder(project)
    if own.uid == 0:
        _check_reachable(folder.parent.parent)
        make_own_folder(folder.parent, 0o711, own)
        make_own_folder(folder, 0o711, own)
        # The folder's name is a hash; this file tells a person who cleans up which project it is for.
        (folder / "project").write_text(f"{project}\n")
    else:
        make_shared_folder(folder.parent, own)
        make_own_folder(folder, 0o700, own)
    return folder


def make_socket_folder(project: Path) -> Path:
    """Make the folder of the socket, which only PostgreSQL's user (and root) can enter."""
    return make_own_folder(socket_folder(project), 0o700, postgres_account())


@contextmanager
def start_lock(folder: Path) -> Iterator[int]:
    """Hold the lock of this folder: one process at a time starts, adopts or stops the services.

    Yields the lock's descriptor, for a helper program that must not be overtaken when this process is
    killed. The kernel releases it when this process ends, however it ends. Raises LoadError when another
    process keeps it too long.
    """
    path = folder / "lock"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        deadline = time.monotonic() + LOCK_SECONDS
        while not _is_taken(descriptor):
            if time.monotonic() > deadline:
                raise LoadError(
                    "Another process has been starting or stopping the local services for "
                    f"{LOCK_SECONDS:.0f} s. Find it with `fuser {path}`, end it if it hangs, and run again."
                )
            time.sleep(_LOCK_POLL_SECONDS)
        yield descriptor
    finally:
        os.close(descriptor)


def _is_taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _project_hash(project: Path) -> str:
    return hashlib.sha256(os.fsencode(project)).hexdigest()[:12]


def _check_reachable(path: Path) -> None:
    for parent in (path, *path.parents):
        if not parent.stat().st_mode & 0o001:
            raise ConfigError(
                f"PostgreSQL does not run as root, and its user `{postgres_account().name}` cannot enter "
                f"{parent}. Run as an ordinary user, or set SERVER_NAME and PREFECT_API_URL to servers of "
                "your own."
            )
