"""`make stack`: the cloud's parts on this machine without Docker: PostgreSQL, Prefect's server, a worker, deployments.

What lives here: the worker as a process that stays, and the order of the start. What does not: the two local services
(tasks/local/services.py) and the deployments (to_prefect.py). `make stop` ends all three. With Docker,
compose.yaml does the same.
"""

import argparse
import os
import signal
import sys
from pathlib import Path
from typing import Final

from deploy import to_prefect
from tasks.errors import ConfigError, LoadError, PipelineError
from tasks.local import services as local_services
from tasks.local.account import own_account
from tasks.local.daemon import Daemon
from tasks.local.folder import start_lock

PROJECT_FOLDER: Final = to_prefect.PROJECT_FOLDER
# A run that the worker started ends with it; its open transactions are rolled back, and the next run goes on.
_TERM_SECONDS: Final = 45.0
_KILL_SECONDS: Final = 5.0
_MARKS: Final = ("prefect", "worker", "start")


def worker_daemon(project: Path) -> Daemon:
    """Return the worker of this project folder as a process: whether it lives, its pid, its log."""
    return Daemon(
        "worker", "Prefect's worker", local_services.services_folder(project), own_account(), _MARKS
    )


def start(project: Path) -> list[str]:
    """Start what does not run, deploy, and return what to look at, one line each. Raises `PipelineError`."""
    if os.environ.get("PREFECT_API_URL"):
        raise ConfigError(
            "PREFECT_API_URL is set, and the stack has a server of its own; unset it. "
            "To deploy to that server: make deploy"
        )
    postgres = local_services.ensure_postgres(project)
    server = local_services.ensure_prefect_server(project, postgres)
    os.environ["PREFECT_API_URL"] = server.api_url
    os.environ.pop("WORK_POOL", None)
    to_prefect.deploy()
    daemon = worker_daemon(project)
    with start_lock(daemon.folder):
        # A worker that was started for another server, or before .env changed, would go on with the old settings.
        _end(daemon)
        _start_worker(daemon, server.api_url)
    prefect = Path(sys.executable).with_name("prefect")
    return [
        f"ui         {server.ui_url}",
        f"worker     pool {to_prefect.USUAL_POOL}, log {daemon.log_file}",
        f"run        PREFECT_API_URL={server.api_url} {prefect} deployment run chicago-crime/daily",
        "end        make stop",
    ]


def stop(project: Path) -> list[str]:
    """End the worker, and then the two services; return what was ended, one line each."""
    daemon = worker_daemon(project)
    if not daemon.folder.exists():
        return []
    with start_lock(daemon.folder):
        pid = _end(daemon)
    ended = [f"{daemon.title} (pid {pid})"] if pid is not None else []
    return ended + local_services.stop(project)


def _start_worker(daemon: Daemon, api_url: str) -> None:
    home = daemon.folder / "worker"
    home.mkdir(mode=0o700, exist_ok=True)
    environment = {
        **os.environ,
        "PREFECT_API_URL": api_url,
        "PREFECT_HOME": str(home),
        "DO_NOT_TRACK": "1",
        "NO_COLOR": "1",
    }
    # -P: the working folder `/` must not be on the module path.
    command = [sys.executable, "-P", "-m", "prefect", "worker", "start", "--pool", to_prefect.USUAL_POOL]
    daemon.spawn([*command, "--type", "process"], environment)
    if not daemon.is_alive():
        raise LoadError(
            f"Prefect's worker did not start. Its log {daemon.log_file} ends:\n{daemon.log_tail()}"
        )


def _end(daemon: Daemon) -> int | None:
    return daemon.end((signal.SIGTERM, _TERM_SECONDS), (signal.SIGKILL, _KILL_SECONDS))


def main(arguments: list[str] | None = None) -> int:
    """Start or stop the stack; 0 done, 1 failed, 2 wrong use."""
    parser = argparse.ArgumentParser(prog="python -m deploy.local_stack")
    parser.add_argument("command", choices=["start", "stop"])
    parser.add_argument(
        "--project", type=Path, default=PROJECT_FOLDER, help="the project folder (default: this one)"
    )
    asked = parser.parse_args(arguments)
    try:
        if asked.command == "start":
            lines = start(asked.project)
        else:
            lines = [f"stopped {name}" for name in stop(asked.project)] or ["no local service was running"]
    except PipelineError as error:
        sys.stderr.write(f"make {'stack' if asked.command == 'start' else 'stop'}: {error}\n")
        return 2 if isinstance(error, ConfigError) else 1
    sys.stdout.write("\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
