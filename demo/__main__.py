"""`make demo`: the main job against the stand-in city, from portal to warehouse, without network or account.

What lives here: the city of `.local/demo`, the portal over it, and `python flows/main.py` as a process
of its own with an environment of its own. What does not: any part of the job. The user's settings and Prefect profile
are kept out, so that a demo can never load a stand-in city into a real warehouse; the portal lives in this process and
ends with it.
"""

import argparse
import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Final, TextIO

from demo.city import CHICAGO, FILE_NAME, City, add_city_arguments, build_city, city_of
from demo.portal import PortalServer
from demo.shapes import ONE_YEAR
from demo.store import Store

PROJECT_FOLDER: Final = Path(__file__).resolve().parent.parent
STATE_FOLDER: Final = PROJECT_FOLDER / ".local" / "demo"
DATABASE_NAME: Final = "chicago_crime_demo"
_LOOPBACK: Final = "127.0.0.1,localhost"
_SIGNAL_EXIT_BASE: Final = 128  # a shell's exit code of a process that a signal ended


def settings_names(example: str) -> list[str]:
    """Return the names of all settings, from the text of .env.example."""
    return re.findall(r"^#?\s*([A-Z][A-Z_]*)=", example, flags=re.MULTILINE)


def make_environment(
    own: Mapping[str, str], dropped: Sequence[str], portal_url: str, database: str, prefect_home: Path
) -> dict[str, str]:
    """Return the environment of the demo's run: none of the user's settings, and this portal and database."""
    kept = {
        name: value for name, value in own.items() if name not in dropped and not name.startswith("PREFECT_")
    }
    return kept | {
        "ENV_FILE": "",
        # The city lives a day at each run, and soon is ahead of every clock.
        "STAMP_MARGIN_DAYS": "3650",
        "APP_TOKEN": "stand-in",  # the stand-in portal takes any, and the job does not warn of throttling
        "PORTAL_URL": portal_url,
        "DATABASE_NAME": database,
        "PREFECT_HOME": str(prefect_home),
        "NO_PROXY": _LOOPBACK,
        "no_proxy": _LOOPBACK,
    }


def open_city(folder: Path, city: City, day: date) -> tuple[Store, bool]:
    """Return the folder's city, and whether it is new. An existing one lives on for a day."""
    is_new = not (folder / FILE_NAME).exists()
    if is_new:
        _say(f"building a stand-in city of about {city.rows:,} crimes in {folder} (once)")
    store = Store(build_city(folder, city, day))
    if not is_new:
        last = city_of(store).live_on(store)
        _say(f"the stand-in city has lived on for a day, to the load of {last}")
    return store, is_new


def begin_anew(environment: Mapping[str, str]) -> int:
    """Drop the database of an earlier demo, if there is one, and no other database; 0 done."""
    done = subprocess.run(
        [sys.executable, "-m", "tasks.local.services", "drop-demo"],
        env=environment,
        cwd=PROJECT_FOLDER,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        _say(f"a new city needs a new database. {done.stderr}", sys.stderr)
    elif done.stdout:
        _say(f"{done.stdout.strip()}: it held a stand-in city before this one")
    return done.returncode


def run_main(environment: Mapping[str, str], arguments: Sequence[str], folder: Path) -> int:
    """Run the main job on this terminal and return its exit code; signals reach it, and it takes its time to end."""
    # From another folder: Prefect reads settings from .env, prefect.toml and pyproject.toml where it is started.
    job = subprocess.Popen(  # noqa: S603 - our own program, and no shell reads the arguments
        [sys.executable, str(PROJECT_FOLDER / "flows" / "main.py"), *arguments], env=environment, cwd=folder
    )
    # The terminal sends its interrupt to both; the job closes its run, and this process only waits for it.
    signal.signal(signal.SIGINT, lambda *_: None)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda received, _: job.send_signal(received))
    code = job.wait()
    return code if code >= 0 else _SIGNAL_EXIT_BASE - code


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the main job against the stand-in city. What this command does not know goes to main.py."""
    parser = argparse.ArgumentParser(prog="python -m demo", description=main.__doc__, allow_abbrev=False)
    add_city_arguments(parser)
    parser.add_argument("--database", default=DATABASE_NAME, help="name of the database it fills")
    given = sys.argv[1:] if arguments is None else arguments
    options, for_main = parser.parse_known_args(["--state", str(STATE_FOLDER), *given])
    folder: Path = options.state.resolve()
    names = settings_names((PROJECT_FOLDER / ".env.example").read_text("utf-8"))
    is_default = options.database == DATABASE_NAME and folder == STATE_FOLDER.resolve()
    if is_default and not (folder / FILE_NAME).exists():
        # Before the city is built: if this fails, the next try starts with a new city again.
        code = begin_anew(make_environment(os.environ, names, "", DATABASE_NAME, folder / "prefect"))
        if code:
            return code
    try:
        city = City(options.seed, options.rows, options.days)
        store, is_new = open_city(folder, city, options.as_of or datetime.now(CHICAGO).date())
    except (OSError, ValueError) as error:
        _say(f"the stand-in city cannot be opened: {error}", sys.stderr)
        return 1
    with store, PortalServer(store, seed=store.seed) as portal:
        _say(f"portal {portal.url} holds {store.count(ONE_YEAR.id):,} crimes; it ends with this command")
        _say(f"warehouse: database {options.database} of the embedded PostgreSQL; your .env is not read")
        _say("running python flows/main.py " + " ".join(for_main))
        environment = make_environment(os.environ, names, portal.url, options.database, folder / "prefect")
        code = run_main(environment, for_main, folder)
    if code == 0 and is_new:
        _say("done; run it again: the city will have lived on for a day")
    return code


def _say(message: str, stream: TextIO = sys.stdout) -> None:
    print(f"demo: {message}".rstrip(), file=stream, flush=True)


if __name__ == "__main__":
    sys.exit(main())
