"""The run itself, as the command line starts it: a Prefect server, the flow, the progress, and the closing report."""

import argparse
import asyncio
import json
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

import httpx
import prefect.settings
from prefect import State
from prefect.client.orchestration import get_client
from prefect.exceptions import TerminationSignal
from sqlalchemy.exc import DBAPIError

from tasks.errors import ConfigError, PipelineError
from tasks.local import services
from tasks.run import connections
from tasks.run.cockpit import lost_error, server_url, unless_lost
from tasks.settings import PROJECT_FOLDER
from tasks.shown.artifacts import add_prefect_handler
from tasks.shown.console import live_progress, say
from tasks.shown.report import RunReport, as_dict, read_report, read_run_of_this_process, to_lines
from tasks.warehouse.engine import shell_command

# The list of runs in Prefect's UI, without the subflows of windows and shares.
RUNS_ALONE: Final = "runs?hide-subflows=true"
_LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")


def run(asked: argparse.Namespace, flow: Callable[..., Any]) -> int:
    """Find or start a Prefect server, run the flow on it, print its report and return the exit code."""
    add_prefect_handler()
    _reach_loopback_directly()
    # A line of the log that Prefect's server did not take is no reason for three more.
    logging.raiseExceptions = False
    try:
        with _stopped_with_a_word():
            return _run(asked, flow)
    except (TerminationSignal, asyncio.CancelledError):
        raise KeyboardInterrupt from None


@contextmanager
def _stopped_with_a_word() -> Iterator[None]:
    """Have SIGTERM interrupt as Ctrl-C does, where nothing else handles it; off the main thread no signal comes.

    Prefect hands a signal on to the handler before its own; the default one ends the process without a word.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _run(asked: argparse.Namespace, flow: Callable[..., Any]) -> int:
    settings = connections.settings()
    with _prefect_server() as ui_url:
        if settings.app_token is None:
            say("No APP_TOKEN is set: the portal may throttle the calls. The run goes on.", sys.stderr)
        engine = connections.warehouse()
        before = read_run_of_this_process(engine)
        with live_progress(engine, quiet=asked.quiet):
            state: State[Any] | None = asyncio.run(unless_lost(_start(flow, asked)))
    if state is None:
        return _closing_without_prefect(before, asked)
    if state.name == "Skipped":
        say(f"skipped: {state.message}")
        return 0
    try:
        run_id = read_run_of_this_process(engine)
    except DBAPIError:
        if state.is_completed():
            raise
        # The database has gone away. That the ledger cannot be read says less than why the run failed.
        raise _error_of(state) from None
    if run_id is None or run_id == before:
        raise _error_of(state)
    return _closing(run_id, state, asked, ui_url)


async def _start(flow: Callable[..., Any], asked: argparse.Namespace) -> State[Any]:
    state: State[Any] = await flow(
        asked.mode,
        asked.start,
        asked.end,
        asked.window_days,
        asked.max_concurrency,
        asked.accept_retirements,
        asked.fan_out,
        asked.accept_span,
        return_state=True,
    )
    return state


def _closing_without_prefect(before: UUID | None, asked: argparse.Namespace) -> int:
    """Report a run whose state Prefect's server did not take: the ledger has how it ended."""
    engine = connections.warehouse()
    run_id = read_run_of_this_process(engine)
    if run_id is None or run_id == before:
        raise lost_error("the run did not begin, and nothing was loaded")
    found = read_report(engine, run_id)
    _say_report(found, asked, [f"look       {shell_command(engine, connections.settings())}"])
    if found.status != "done":
        raise lost_error(f"the run is {found.status}, with {found.windows_done} windows loaded")
    say(
        f"main.py: Prefect's server at {server_url()} did not answer to the end; the run went on without it and is "
        f"done, with {found.windows_done} windows loaded. Its page there stays as it was. Start it before the next "
        "run, which starts a local one by itself.",
        sys.stderr,
    )
    return 0


def _closing(run_id: UUID, state: State[Any], asked: argparse.Namespace, ui_url: str) -> int:
    engine, settings = connections.warehouse(), connections.settings()
    found = read_report(engine, run_id)
    if found.status in {"dead", "running"} or (found.status == "done" and not state.is_completed()):
        # The run that took its place marked it dead, or it could not be closed, or it failed when all was done and
        # only its report was still to be left: its own error is not in the ledger.
        status = {"running": "not closed", "done": "done, but not reported"}.get(found.status, found.status)
        found = replace(found, status=status, message=str(_error_of(state)))
    where = [
        f"look       {shell_command(engine, settings)}",
        f"watch      {ui_url}/runs/flow-run/{state.state_details.flow_run_id}",
        f"runs       {ui_url}/{RUNS_ALONE}",
    ]
    _say_report(found, asked, where)
    return 0 if state.is_completed() else 1


def _say_report(found: RunReport, asked: argparse.Namespace, where: list[str]) -> None:
    if asked.json:
        say(json.dumps(as_dict(found), default=str))
    elif not (asked.quiet and found.status == "done"):
        say("\n".join([*to_lines(found), *where]))


def _error_of(state: State[Any]) -> PipelineError:
    """Return why a run ended before it was written down."""
    error = state.result(raise_on_failure=False)
    return (
        error
        if isinstance(error, PipelineError)
        else PipelineError(f"the run did not begin: {state.message}")
    )


@contextmanager
def _prefect_server() -> Iterator[str]:
    """Find or start a Prefect server: the one that the user set, else the local one. Yield the address of its UI."""
    settings = connections.settings()
    chosen = prefect.settings.PREFECT_API_URL.value()
    if chosen:
        asyncio.run(_check_prefect(chosen))
        yield prefect.settings.PREFECT_UI_URL.value() or chosen.removesuffix("/api")
        return
    if settings.require_server:
        raise ConfigError("PREFECT_API_URL is not set, and REQUIRE_SERVER forbids a local server; set it")
    postgres = services.ensure_postgres(PROJECT_FOLDER)
    pending = services.start_prefect_server(PROJECT_FOLDER, postgres)
    connections.warehouse()
    local = pending.wait()
    # A child of this process (a worker, a script) finds the same server.
    os.environ["PREFECT_API_URL"] = local.api_url
    with prefect.settings.temporary_settings({prefect.settings.PREFECT_API_URL: local.api_url}):
        yield local.ui_url


def _reach_loopback_directly() -> None:
    """Keep a proxy of the user's out of what goes to this machine: the local Prefect server answers here."""
    for name in ("NO_PROXY", "no_proxy"):
        spared = [host for host in os.environ.get(name, "").split(",") if host.strip()]
        os.environ[name] = ",".join([*spared, *(host for host in _LOOPBACK if host not in spared)])


async def _check_prefect(api_url: str) -> None:
    async with get_client() as client:
        problem = await client.api_healthcheck()
    if isinstance(problem, httpx.HTTPStatusError):
        status = problem.response.status_code
        raise ConfigError(
            f"PREFECT_API_URL {api_url} answers with HTTP {status}, and not as Prefect's API: its address ends in "
            f"/api, and a login goes into PREFECT_API_KEY or PREFECT_API_AUTH_STRING"
        )
    if problem is not None:
        raise PipelineError(
            f"Prefect's server at PREFECT_API_URL {api_url} does not answer: {type(problem).__name__}. "
            "Start it, or unset PREFECT_API_URL to use a local one."
        )
