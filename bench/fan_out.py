"""What further flow runs on the work pool save: one process, two and four, each held to a part of a core.

A task on ECS has a CPU of its own, and the database has another. Here, each process of the job (`flows/main.py`, and
the workers that run its shares) is held to a quarter of a core by a control group; PostgreSQL, Prefect's server and the
stand-in portal are not. The same first load of a part of the whole history is timed with each number of processes, and
checked against the source. By Amdahl's law, the part of the work that is done one at a time follows from the times.
`make bench-fan-out`.
"""

import argparse
import contextlib
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

from bench.history import Bench, Services  # noqa: E402
from bench.history_city import build  # noqa: E402
from bench.measure import FOLDER, databases_for_a_while, pipeline_environment, served_portal  # noqa: E402
from demo.shapes import HISTORY  # noqa: E402
from tasks.local import services as local_services  # noqa: E402

ROWS = 1_000_000
WINDOWS = 8
PERIOD_US = 100_000
PROCESSES = (1, 2, 4)
TOLD = (2, 4, 8)


@contextlib.contextmanager
def control_group(name: str, cores: float) -> Iterator[Path]:
    """Make a control group whose processes together have so much of a core, of either version of the kernel's."""
    first = Path("/sys/fs/cgroup/cpu")
    group = (first if first.is_dir() else first.parent) / f"chicago-bench-{os.getpid()}-{name}"
    try:
        group.mkdir()
        quota = int(cores * PERIOD_US)
        if first.is_dir():
            (group / "cpu.cfs_period_us").write_text(str(PERIOD_US))
            (group / "cpu.cfs_quota_us").write_text(str(quota))
        else:
            (group / "cpu.max").write_text(f"{quota} {PERIOD_US}")
    except OSError as error:
        sys.exit(f"no control group can be made here ({error}): run it as root, outside of a container")
    try:
        yield group
    finally:
        with contextlib.suppress(OSError):
            group.rmdir()


def start(arguments: Sequence[str], group: Path, log: Path, **environment: str) -> subprocess.Popen[bytes]:
    """Start a process in a control group, as the leader of a group of its own."""
    # The shell joins the group, and becomes the process.
    joining = f'echo $$ > {group}/cgroup.procs && exec "$@"'
    with log.open("wb") as output:
        return subprocess.Popen(
            ["sh", "-c", joining, "sh", *arguments], cwd=PROJECT, env={**os.environ, **environment},
            stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip


def end(process: subprocess.Popen[bytes]) -> None:
    """End a worker and what it has started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, 9)
    process.wait()


def measure(services: Services, rows: int, processes: int, cores: float) -> float:
    """Return the seconds of a first load by so many processes; a table that is not equal ends the benchmark."""
    bench = Bench(rows, services, keep=True)
    shutil.rmtree(bench.city, ignore_errors=True)
    shutil.copytree(bench.pristine, bench.city)
    python, logs = sys.executable, FOLDER / "fan-out"
    logs.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, bench.city, ignore_errors=True)
        stack.enter_context(databases_for_a_while(services.postgres, [bench.database]))
        url = stack.enter_context(served_portal(bench.city))
        environment = pipeline_environment(services.postgres, services.prefect, bench.database, url)
        environment |= {"CRIMES_DATASET": HISTORY.id, "PREFECT_WORKER_QUERY_SECONDS": "1"}
        for number in range(1, processes):
            group = stack.enter_context(control_group(f"worker-{number}", cores))
            worker = start(
                [python, "-m", "prefect", "worker", "start", "--pool", "chicago-crime", "--limit", "1"],
                group, logs / f"worker-{number}.log", **environment,
            )  # fmt: skip
            stack.callback(end, worker)
        bench.ask_for_all(url)
        # A worker at a quarter of a core takes its time to be there.
        time.sleep(60 if processes > 1 else 0)
        group = stack.enter_context(control_group("main", cores))
        log = logs / f"main-{processes}.log"
        began = time.perf_counter()
        asked = ("--mode", "backfill", "--max-concurrency", str(WINDOWS), "--fan-out", str(processes - 1))
        run = start([python, "flows/main.py", *asked], group, log, **environment)
        if run.wait() != 0:
            sys.exit(f"the run of {processes} processes failed:\n{log.read_text()[-3000:]}")
        seconds = time.perf_counter() - began
        bench.check()
    return seconds


def serial_share(alone: float, together: float, processes: int) -> float:
    """Return the part of the work that is done one at a time, from the times of one process and of several."""
    return (processes * together / alone - 1) / (processes - 1)


def report(seconds: dict[int, float], rows: int, cores: float) -> Iterator[str]:
    """Give the lines of the table, as Markdown."""
    alone = seconds[1]
    yield (
        f"{datetime.now(UTC):%Y-%m-%d}, {rows:,} rows, each process held to {cores} of a core, {WINDOWS} windows at a"
        f" time in all; {os.cpu_count()} {platform.machine()} cores, load {os.getloadavg()[0]:.1f} at the end."
    )
    yield from ("", "| Processes | Seconds | Times as fast | One at a time |", "|---|---|---|---|")
    for processes, took in seconds.items():
        share = f"{serial_share(alone, took, processes):.0%}" if processes > 1 else ""
        yield f"| {processes} | {took:,.0f} | {alone / took:.2f} | {share} |"
    most = max(seconds)
    share = max(serial_share(alone, seconds[most], most), 0)
    gains = ", ".join(f"{tasks}: {1 / (share + (1 - share) / tasks):.1f}" for tasks in TOLD)
    yield f"\nBy the share of {most} processes ({share:.0%}), times as fast with tasks: {gains}."


def main() -> None:
    """Measure each number of processes and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--cores", type=float, default=0.25, help="of a core, for each process")
    parser.add_argument("--processes", type=int, nargs="*", default=PROCESSES)
    given = parser.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    postgres = local_services.ensure_postgres(PROJECT)
    services = Services(postgres, local_services.ensure_prefect_server(PROJECT, postgres))
    deployed = subprocess.run(
        [sys.executable, "-m", "deploy.to_prefect"], cwd=PROJECT, capture_output=True, text=True, check=False,
        env={**os.environ, "PREFECT_API_URL": services.prefect.api_url, "ENV_FILE": ""},
    )  # fmt: skip
    if deployed.returncode != 0:
        sys.exit(f"the deployments could not be made:\n{deployed.stdout}{deployed.stderr}")
    build(Bench(given.rows, services, keep=True).pristine, given.rows)
    seconds = {}
    for processes in given.processes:
        seconds[processes] = measure(services, given.rows, processes, given.cores)
        print(f"{processes} processes: {seconds[processes]:,.0f} s", flush=True)
    print("\n" + "\n".join(report(seconds, given.rows, given.cores)))


if __name__ == "__main__":
    main()
