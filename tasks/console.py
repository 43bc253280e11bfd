"""What a person sees while a run works: one calm live display, or plain lines where it is no terminal.

Reads the progress from the ledger, so that it shows what is committed and not what was promised.
"""

import logging
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, Self

from prefect.logging.handlers import APILogHandler
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

LOOK_EVERY_SECONDS: Final = 0.5


@dataclass(frozen=True)
class Progressed:
    """How far the running run is: windows in all, done, in flight; rows read."""

    windows: int
    done: int
    running: int
    rows: int

    @classmethod
    def read(cls, engine: Engine) -> Self | None:
        """Return the progress of the running run; None when there is none, or no ledger yet."""
        try:
            with engine.connect() as connection:
                row = connection.execute(text(_PROGRESS)).one_or_none()
        except DBAPIError:
            return None
        return None if row is None else cls(**row._asdict())


_PROGRESS = """
select
    cast(count(windows.window_id) as integer) as windows,
    cast(count(*) filter (where windows.status in ('done', 'failed')) as integer) as done,
    cast(count(*) filter (where windows.status = 'running') as integer) as running,
    cast(coalesce(sum(windows.source_rows), 0) as integer) as rows
from pipeline.runs as runs
left join pipeline.windows as windows on runs.run_id = windows.run_id
where runs.status = 'running'
group by runs.run_id
"""


@contextmanager
def live_progress(engine: Engine) -> Iterator[None]:
    """Show the progress of the run that the body starts, on the terminal; nothing where there is none."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield
        return
    progress = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("windows, {task.fields[running]} in flight, {task.fields[speed]:,} rows/s"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    )
    stop = threading.Event()
    with progress:
        watcher = threading.Thread(target=_watch, args=(engine, progress, stop), daemon=True)
        watcher.start()
        try:
            yield
        finally:
            stop.set()
            watcher.join(timeout=5)


def _watch(engine: Engine, progress: Progress, stop: threading.Event) -> None:
    bar = progress.add_task("starting", total=None, running=0, speed=0)
    while not stop.wait(LOOK_EVERY_SECONDS):
        seen = Progressed.read(engine)
        if seen is None:
            continue
        elapsed = progress.tasks[0].elapsed or LOOK_EVERY_SECONDS
        finished = seen.windows and seen.done == seen.windows
        progress.update(
            bar,
            description="auditing" if finished else "syncing",
            total=seen.windows or None,
            completed=seen.done,
            running=seen.running,
            speed=int(seen.rows / elapsed),
        )


def set_up_logging() -> None:
    """Send this project's log lines to standard error and to Prefect's server."""
    console = logging.StreamHandler(sys.stderr)
    console.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s", "%H:%M:%S"))
    console.setLevel(logging.WARNING if sys.stderr.isatty() else logging.INFO)
    ours = logging.getLogger("tasks")
    ours.handlers = [console, APILogHandler()]
    ours.setLevel(logging.INFO)
    ours.propagate = False
