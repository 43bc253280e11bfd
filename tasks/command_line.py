"""The command line of `flows/main.py`: what may be asked, what is printed, and the exit code.

0 done or skipped, 1 failed, unequal or (status) stale, 2 wrong use.
"""

import argparse
import asyncio
import gc
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any, Final, NoReturn, get_args
from uuid import UUID

import prefect.settings
from prefect import State
from prefect.client.orchestration import get_client
from prefect.exceptions import TerminationSignal
from sqlalchemy.exc import DBAPIError

from tasks import connections, export, status
from tasks.claim import Request, claim_run
from tasks.console import live_progress, set_log_format, set_up_logging
from tasks.errors import ConfigError, PipelineError, UsageError
from tasks.preview import preview_run
from tasks.replay import replay_quarantine
from tasks.report import as_dict, read_report, read_run_of_this_process, to_lines
from tasks.settings import MOST_CONCURRENCY, MOST_FAN_OUT, MOST_WINDOW_DAYS, PROJECT_FOLDER, read_settings
from tasks.start_anew import start_anew
from tasks.status import read_status
from tasks.warehouse import local_services
from tasks.warehouse.engine import first_line, shell_command
from tasks.warehouse.faults import next_action
from tasks.warehouse.ledger import Mode
from tasks.windows import midnight

DONE: Final = 0
FAILED: Final = 1
WRONG_USE: Final = 2


class _Parser(argparse.ArgumentParser):
    """argparse that says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(WRONG_USE, f"{self.prog}: {message} (see --help)\n")


def make_request(
    mode: Mode,
    start: date | None,
    end: date | None,
    window_days: int | None,
    max_concurrency: int | None,
    *,
    accept_retirements: bool,
    fan_out: int = 0,
) -> Request:
    """Return what was asked for, with the settings where nothing was said. Raises `UsageError` for nonsense."""
    if mode not in get_args(Mode):
        raise UsageError(f"mode {mode!r} is unknown; it is one of {', '.join(get_args(Mode))}")
    if start and end and not start < end:
        raise UsageError(f"start {start} is not before end {end}; the end is excluded")
    if mode == "incremental" and (start or end):
        raise UsageError("an incremental run follows the watermark and takes no start or end")
    settings = connections.settings()
    return Request(
        mode=mode,
        start=midnight(start) if start else None,
        end=midnight(end) if end else None,
        window_days=_within("window_days", window_days, settings.window_days, MOST_WINDOW_DAYS),
        max_concurrency=_within(
            "max_concurrency", max_concurrency, settings.max_concurrency, MOST_CONCURRENCY
        ),
        accept_retirements=accept_retirements,
        fan_out=_within("fan_out", fan_out, 0, MOST_FAN_OUT, least=0),
    )


def run_command(run: Callable[..., Any], arguments: Sequence[str]) -> int:
    """Do what the command line asks and return the exit code. run: the parent flow."""
    _collect_less_often()
    asked = _parser().parse_args(arguments)
    set_up_logging(quiet=asked.quiet)
    try:
        set_log_format(read_settings().log_format)
        request = make_request(
            asked.mode,
            asked.start,
            asked.end,
            asked.window_days,
            asked.max_concurrency,
            accept_retirements=asked.accept_retirements,
            fan_out=asked.fan_out,
        )
        return _COMMANDS[asked.command](asked, request, run)
    except (UsageError, ConfigError) as error:
        _say(f"main.py: {error}", sys.stderr)
        return WRONG_USE
    except PipelineError as error:
        _say(f"main.py: {error}", sys.stderr)
        return FAILED
    except DBAPIError as error:
        _say(f"main.py: the database said: {first_line(error).rstrip('.')}. {next_action(error)}", sys.stderr)
        return FAILED
    except (KeyboardInterrupt, TerminationSignal):
        _say("main.py: stopped; what is committed stays, and the next run goes on from there", sys.stderr)
        return FAILED
    finally:
        connections.close()


def _collect_less_often() -> None:
    """Let the collector leave alone what the imports made, and wait for more than a page of rows makes.

    It would go through half a million objects of modules again for each few thousand rows that are read.
    """
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    gc.enable()


def _run(asked: argparse.Namespace, _request: Request, run: Callable[..., Any]) -> int:
    settings = connections.settings()
    with _prefect_server() as ui_url:
        if settings.app_token is None:
            _say("No APP_TOKEN is set: the portal may throttle the calls. The run goes on.", sys.stderr)
        engine = connections.warehouse()
        before = read_run_of_this_process(engine)
        with live_progress(engine, quiet=asked.quiet):
            state: State[Any] = asyncio.run(
                run(
                    asked.mode,
                    asked.start,
                    asked.end,
                    asked.window_days,
                    asked.max_concurrency,
                    asked.accept_retirements,
                    asked.fan_out,
                    return_state=True,
                )
            )
    if state.name == "Skipped":
        _say(f"skipped: {state.message}")
        return DONE
    try:
        run_id = read_run_of_this_process(engine)
    except DBAPIError:
        if state.is_completed():
            raise
        # The database has gone away: why the run failed says more than that it cannot be asked about it.
        raise _error_of(state) from None
    if run_id is None or run_id == before:
        raise _error_of(state)
    return _conclude(run_id, state, asked, ui_url)


def _conclude(run_id: UUID, state: State[Any], asked: argparse.Namespace, ui_url: str) -> int:
    engine, settings = connections.warehouse(), connections.settings()
    found = read_report(engine, run_id)
    if found.status == "dead":
        # Marked so by the run that took its place; what this one has to say is not in the ledger.
        found = replace(found, message=str(_error_of(state)))
    if asked.json:
        _say(json.dumps(as_dict(found), default=str))
    elif not (asked.quiet and state.is_completed()):
        lines = to_lines(found)
        lines += [
            f"look       {shell_command(engine, settings)}",
            f"watch      {ui_url}/runs/flow-run/{state.state_details.flow_run_id}",
        ]
        _say("\n".join(lines))
    return DONE if state.is_completed() else FAILED


def _error_of(state: State[Any]) -> PipelineError:
    """Return why a run ended before it was written down."""
    error = state.result(raise_on_failure=False)
    return (
        error
        if isinstance(error, PipelineError)
        else PipelineError(f"the run did not begin: {state.message}")
    )


def _plan(_asked: argparse.Namespace, request: Request, _run: Callable[..., Any]) -> int:
    for line in preview_run(
        connections.warehouse_as_it_is(), connections.source(), request, connections.settings()
    ):
        _say(line)
    return DONE


def _status(_asked: argparse.Namespace, _request: Request, _run: Callable[..., Any]) -> int:
    found = read_status(
        connections.warehouse_as_it_is(),
        connections.source(),
        datetime.now(UTC),
        connections.settings().freshness_days,
    )
    _say("\n".join(status.to_lines(found)))
    return FAILED if found.problems else DONE


def _replay(_asked: argparse.Namespace, request: Request, _run: Callable[..., Any]) -> int:
    async def replay() -> int:
        async with claim_run(replace(request, mode="replay")) as claim:
            if claim is None:
                _say("skipped: another run is at work; replay when it is done")
                return DONE
            for line in replay_quarantine(connections.warehouse(), connections.profile(), claim):
                _say(line)
            return DONE

    return asyncio.run(replay())


def _export(asked: argparse.Namespace, _request: Request, _run: Callable[..., Any]) -> int:
    if asked.to is None:
        raise UsageError("export needs --to: a folder, or s3://bucket/folder")
    report = export.export(connections.warehouse(), asked.to, connections.profile().dataset)
    _say("\n".join(export.to_lines(report)))
    return DONE


def _start_anew(asked: argparse.Namespace, _request: Request, _run: Callable[..., Any]) -> int:
    _say(start_anew(connections.warehouse_as_it_is(), asked.confirm))
    return DONE


_COMMANDS: Final = {
    "run": _run,
    "plan": _plan,
    "status": _status,
    "replay": _replay,
    "export": _export,
    "start-anew": _start_anew,
}


@contextmanager
def _prefect_server() -> Iterator[str]:
    """Have a Prefect server: the one that the user set, else the local one; yield the address of its UI."""
    settings = connections.settings()
    chosen = prefect.settings.PREFECT_API_URL.value()
    if chosen:
        asyncio.run(_check_prefect(chosen))
        yield prefect.settings.PREFECT_UI_URL.value() or chosen.removesuffix("/api")
        return
    if settings.require_server:
        raise ConfigError("PREFECT_API_URL is not set, and REQUIRE_SERVER forbids a local server; set it")
    postgres = local_services.ensure_postgres(PROJECT_FOLDER)
    pending = local_services.start_prefect_server(PROJECT_FOLDER, postgres)
    connections.warehouse()
    local = pending.wait()
    # A child of this process (a worker, a script) finds the same server.
    os.environ["PREFECT_API_URL"] = local.api_url
    with prefect.settings.temporary_settings({prefect.settings.PREFECT_API_URL: local.api_url}):
        yield local.ui_url


async def _check_prefect(api_url: str) -> None:
    async with get_client() as client:
        problem = await client.api_healthcheck()
    if problem is not None:
        raise PipelineError(
            f"Prefect's server at PREFECT_API_URL {api_url} does not answer: {type(problem).__name__}. "
            "Start it, or unset PREFECT_API_URL to use a local one."
        )


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="main.py",
        description="Keep the warehouse equal to the City of Chicago's crime record.",
        epilog="Settings come from the environment or .env; see .env.example. "
        "Exit code: 0 done or skipped, 1 failed, unequal or stale, 2 wrong use.",
        # An abbreviated --accept-retirements would be a guard lifted by accident.
        allow_abbrev=False,
    )
    parser.add_argument(
        "command",
        nargs="?",
        choices=list(_COMMANDS),
        default="run",
        help="run (default): do what is missing. plan: say what a run would change, and change nothing. "
        "status: is all well. replay: judge the quarantine again. export: write files for notebooks and maps. "
        "start-anew: empty the warehouse, for another dataset",
    )
    parser.add_argument(
        "--mode",
        choices=get_args(Mode),
        default="auto",
        help="auto (default): backfill when empty, resume when unfinished, else incremental. "
        "backfill, reconcile: every window of the span. incremental: what has moved",
    )
    parser.add_argument(
        "--start", type=_date, metavar="DATE", help="first Chicago date of a range: 2026-01-31"
    )
    parser.add_argument("--end", type=_date, metavar="DATE", help="end of the range, excluded")
    parser.add_argument("--window-days", type=int, metavar="DAYS", help="length of a window (WINDOW_DAYS)")
    parser.add_argument(
        "--max-concurrency", type=int, metavar="N", help="windows in flight at a time (MAX_CONCURRENCY)"
    )
    parser.add_argument(
        "--accept-retirements",
        action="store_true",
        help="let a mass retirement pass, for this run; look with plan first",
    )
    parser.add_argument(
        "--fan-out",
        type=int,
        default=0,
        metavar="N",
        help="further flow runs on the work pool that share the windows (deployment share; see make deploy)",
    )
    parser.add_argument("--to", metavar="WHERE", help="where an export goes: a folder, or s3://bucket/folder")
    parser.add_argument(
        "--confirm", metavar="DATABASE", help="name of the database that start-anew is to empty"
    )
    parser.add_argument("--json", action="store_true", help="print the closing report as JSON")
    parser.add_argument("--quiet", action="store_true", help="say nothing but warnings and what went wrong")
    return parser


def _date(value: str) -> date:
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{value!r} is no date; write it like 2026-01-31") from None


def _within(name: str, asked: int | None, otherwise: int, most: int, least: int = 1) -> int:
    value = otherwise if asked is None else asked
    if not least <= value <= most:
        raise UsageError(f"{name} is {value}; it has to be {least} to {most}")
    return value


def _say(message: str, stream: Any = None) -> None:
    (stream or sys.stdout).write(message + "\n")
