"""What a person sees while a run works: one calm live display, or plain lines where there is no terminal."""

import logging
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Literal, TextIO

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
from sqlalchemy import Engine

from tasks.masked import masked
from tasks.shown.progress import Progressed

LOOK_EVERY_SECONDS: Final = 0.5


@contextmanager
def live_progress(engine: Engine, *, quiet: bool = False) -> Iterator[None]:
    """Show the progress of the run that the body starts, on the terminal; nothing where there is none, or if quiet."""
    console = Console(stderr=True)
    if quiet or not console.is_terminal:
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
            speed=int(seen.rows_read / elapsed),
        )


def set_up_logging(*, quiet: bool = False) -> None:
    """Send this project's log lines to standard error; quiet: warnings and errors alone."""
    console = logging.StreamHandler(sys.stderr)
    console.setFormatter(_formatter("text"))
    console.setLevel(logging.WARNING if quiet or sys.stderr.isatty() else logging.INFO)
    ours = logging.getLogger("tasks")
    ours.handlers = [console]
    ours.setLevel(logging.INFO)
    ours.propagate = False


def set_log_format(name: Literal["text", "json"]) -> None:
    """Write the lines of the log as text, or each as a JSON object, for a log collector."""
    for handler in logging.getLogger("tasks").handlers:
        if isinstance(handler, logging.StreamHandler):
            handler.setFormatter(_formatter(name))


def _formatter(name: Literal["text", "json"]) -> logging.Formatter:
    if name == "json":
        from prefect.logging.formatters import JsonFormatter  # noqa: PLC0415 - only this format waits for it

        return JsonFormatter("default", dmft="", style="%")
    return logging.Formatter("%(asctime)s %(levelname)s %(message)s", "%H:%M:%S")


def say(message: str, stream: TextIO | None = None) -> None:
    """Print one line or several, on standard output unless another stream is given."""
    (stream or sys.stdout).write(masked(message) + "\n")
