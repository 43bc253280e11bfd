"""The user that PostgreSQL runs as, and the folders that are ours.

What lives here: who runs what, and the check that a folder is really ours before anything is written to it.
What does not: what the folders hold.

PostgreSQL refuses to run as root. So root runs it as `nobody`, out of a folder that `nobody` can reach; an
ordinary user runs it under their own name, out of the project folder.

Public page: https://www.postgresql.org/docs/18/postgres-user.html
"""

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from tasks.errors import ConfigError

UNPRIVILEGED_USER = "nobody"


class RunAs(TypedDict, total=False):
    """The arguments of `subprocess.run` that change the user."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True)
class Account:
    """A user of this machine; `name` is what the passwd file calls it."""

    name: str
    uid: int
    gid: int

    def run_as(self) -> RunAs:
        """Return what `subprocess.run` needs to become this user: nothing, if that is who we are."""
        if self.uid == os.geteuid():
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}


def own_account() -> Account:
    """Return the user of this process.

    Raises ConfigError when the user id has no passwd entry: PostgreSQL looks its own user up and stops
    without one.
    """
    uid = os.geteuid()
    try:
        entry = pwd.getpwuid(uid)
    except KeyError:
        raise ConfigError(
            f"User id {uid} has no entry in the passwd file, and PostgreSQL does not run without one. "
            "Run as a named user, or set SERVER_NAME and PREFECT_API_URL to servers of your own."
        ) from None
    return Account(entry.pw_name, uid, entry.pw_gid)


def postgres_account() -> Account:
    """Return the user that PostgreSQL runs as: ourselves, or `nobody` when we are root.

    Raises ConfigError when there is no such user.
    """
    own = own_account()
    if own.uid != 0:
        return own
    try:
        entry = pwd.getpwnam(UNPRIVILEGED_USER)
    except KeyError:
        raise ConfigError(
            f"PostgreSQL does not run as root, and there is no user `{UNPRIVILEGED_USER}` to run it as. Run "
            "as an ordinary user, or set SERVER_NAME and PREFECT_API_URL to servers of your own."
        ) from None
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def make_own_folder(path: Path, mode: int, owner: Account) -> Path:
    """Make a folder of ours with this mode and owner, or mend the one of ours that stands there.

    Raises ConfigError when what stands there is a link, not a folder, or another user's: whoever can make
    it before us could read or replace what we put there.
    """
    _make(path)
    found = check_own_folder(path, owner)
    # A run that was killed between the making and these two left them undone.
    if found.st_uid != owner.uid:
        os.chown(path, owner.uid, owner.gid, follow_symlinks=False)
    if stat.S_IMODE(found.st_mode) != mode:
        path.chmod(mode)
    return path


def make_shared_folder(path: Path, owner: Account) -> Path:
    """Make a folder that other tools may use too, or check that the one that stands there is `owner`'s.

    Its mode is left as it is. Raises ConfigError like `make_own_folder`.
    """
    _make(path)
    check_own_folder(path, owner)
    return path


def check_own_folder(path: Path, owner: Account) -> os.stat_result:
    """Return what `lstat` says of a folder that is `owner`'s or our own.

    Raises ConfigError when it is a link, not a folder, or another user's.
    """
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode):
        kind = "a symbolic link" if stat.S_ISLNK(found.st_mode) else "not a folder"
        raise ConfigError(
            f"{path} is {kind}; the local services keep their data in a folder of their own. Move it away."
        )
    if found.st_uid not in {owner.uid, os.geteuid()}:
        raise ConfigError(
            f"{path} belongs to user id {found.st_uid}, not to {owner.name} ({owner.uid}); nothing was "
            "written to it. Move it away, or run as its owner."
        )
    return found


def _make(path: Path) -> None:
    try:
        path.mkdir(mode=0o700)
    except FileExistsError:
        return
    except OSError as error:
        raise ConfigError(
            f"Cannot make the folder {path} for the local services: {error.strerror}. Make its parent "
            "writable for this user, or set SERVER_NAME and PREFECT_API_URL to servers of your own."
        ) from error
