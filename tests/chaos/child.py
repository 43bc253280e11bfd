"""A run as a process of its own that can be killed, started in milliseconds: forked from one that has imported all.

What runs is the command line of flows/main.py. A run can be set to die at a point of its work (the n-th statement,
in the middle of a COPY, before or after a commit, at a request), or be killed from outside at any moment.
"""

import multiprocessing
import os
import signal
import sys
import threading
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import psycopg
import requests
from prefect.settings import PREFECT_CLIENT_MAX_RETRIES, temporary_settings
from sqlalchemy import Engine, event

from bench.without_prefect import without_prefect
from flows.main import chicago_crime
from tasks.commands.command_line import run_command
from tasks.source import portal
from tests.integration.conftest import prefect_settings

Point = Literal["statement", "copy", "before_commit", "after_commit", "request"]
POINTS: tuple[Point, ...] = ("statement", "copy", "before_commit", "after_commit", "request")
# What a run imports only when it comes to it: a fifth of its processor time, of hundreds of runs.
PRELOADED = (
    __name__,
    "anyio._backends._asyncio",
    "pandera.backends.pandas.builtin_checks",
    "prefect_sqlalchemy",
    "sqlalchemy.dialects.postgresql",
    "yoyo.scripts.main",
)


@dataclass(frozen=True)
class Death:
    """A SIGKILL at the `number`-th time, from 1, that the work comes to this point."""

    point: Point
    number: int


def start(arguments, environment, *, death=None, with_prefect=False, output=os.devnull, prepare=None):
    """Start a run and return its process, whose `exitcode` is main.py's.

    output: a file for what it prints. prepare: a function of a module, called in the process before the run.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(PRELOADED))
    process = context.Process(
        target=_main,
        args=(list(arguments), dict(environment), death, with_prefect, str(output), prepare),
        daemon=True,
    )
    process.start()
    return process


def run(arguments, environment, *, output=os.devnull, seconds=120, **how):
    """Start a run, wait for its end and return its exit code; minus nine if it was killed. how: as for `start`."""
    process = start(arguments, environment, output=output, **how)
    process.join(seconds)
    if process.exitcode is None:
        process.kill()
        process.join()
        raise AssertionError(f"main.py {' '.join(arguments)} hung for {seconds} s; its output is in {output}")
    return process.exitcode


def _main(arguments, environment, death, with_prefect, output, prepare):
    # The forkserver's children ignore Ctrl-C; main.py as a process does not, nor does it ignore SIGTERM.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.update(environment)
    # A fault that passes at all passes at once here.
    portal.FIRST_WAIT_SECONDS = portal.JITTER_SECONDS = 0.01
    with Path(output).open("w", buffering=1) as file, ExitStack() as stack:
        sys.stdout = sys.stderr = file
        if death is not None:
            _arm(death)
        if prepare is not None:
            prepare()
        if not with_prefect:
            stack.enter_context(without_prefect())
        stack.enter_context(prefect_settings(environment["PREFECT_API_URL"]))
        if tries := environment.get("PREFECT_CLIENT_MAX_RETRIES"):
            stack.enter_context(temporary_settings({PREFECT_CLIENT_MAX_RETRIES: int(tries)}))
        code = run_command(arguments, chicago_crime)
    # Ends as a process does, without what a forked one would do in its parent's name.
    os._exit(code)


def _arm(death):
    lock, met = threading.Lock(), []

    def meet():
        with lock:
            met.append(None)
            if len(met) == death.number:
                os.kill(os.getpid(), signal.SIGKILL)

    if death.point == "statement":
        event.listen(Engine, "before_cursor_execute", lambda *_: meet())
    elif death.point == "copy":
        _before(psycopg.Copy, "__exit__", meet)
    elif death.point == "before_commit":
        _before(psycopg.Connection, "commit", meet)
    elif death.point == "after_commit":
        commit = psycopg.Connection.commit

        def commit_and_meet(connection):
            commit(connection)
            meet()

        psycopg.Connection.commit = commit_and_meet
    else:
        _before(requests.Session, "send", meet)


def _before(owner, name, meet):
    original = getattr(owner, name)

    def method(self, *args, **values):
        meet()
        return original(self, *args, **values)

    setattr(owner, name, method)
