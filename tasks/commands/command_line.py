"""The command line of `flows/main.py`: what may be asked, which command it is, and the exit code.

0 done or skipped, 1 failed, unequal or (status) stale, 2 wrong use. What a command does is in its module; the run
itself is in run.py, which alone needs Prefect.
"""

import argparse
import asyncio
import gc
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any, Final, NoReturn, get_args

from sqlalchemy.exc import DBAPIError

from tasks.commands import export, status
from tasks.commands.backtest import backtest_lines
from tasks.commands.check_source import check_source
from tasks.commands.plan import planned_changes
from tasks.commands.replay import replay_quarantine
from tasks.commands.start_anew import start_anew
from tasks.commands.status import read_status
from tasks.errors import ConfigError, PipelineError, UsageError
from tasks.request import Mode, Request, make_request
from tasks.run import connections
from tasks.run.lifecycle import open_run
from tasks.settings import read_settings
from tasks.shown.console import say, set_log_format, set_up_logging
from tasks.warehouse.engine import first_line
from tasks.warehouse.faults import next_action

DONE: Final = 0
FAILED: Final = 1
WRONG_USE: Final = 2


class _Parser(argparse.ArgumentParser):
    """argparse, with its errors in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(WRONG_USE, f"{self.prog}: {message} (see --help)\n")


def run_command(arguments: Sequence[str], flow: Callable[..., Any]) -> int:
    """Do what the command line asks and return the exit code. flow: the parent flow."""
    # Only a run waits for the import of Prefect.
    from tasks.commands.run import run  # noqa: PLC0415

    return _dispatch(_parser().parse_args(arguments), lambda asked, _request: run(asked, flow))


def run_flowless_command(arguments: Sequence[str]) -> int | None:
    """Do what the command line asks and return the exit code; None where it asks for a run, which needs the flow."""
    asked = _parser().parse_args(arguments)
    return None if asked.command == RUN else _dispatch(asked, None)


def _dispatch(asked: argparse.Namespace, run: Callable[[argparse.Namespace, Request], int] | None) -> int:
    collect_less_often()
    set_up_logging(quiet=asked.quiet)
    try:
        set_log_format(read_settings().log_format)
        request = make_request(
            connections.settings(),
            asked.mode,
            asked.start,
            asked.end,
            asked.window_days,
            asked.max_concurrency,
            accept_retirements=asked.accept_retirements,
            accept_span=asked.accept_span,
            fan_out=asked.fan_out,
        )
        command = _COMMANDS.get(asked.command, run)
        assert command is not None, "a run is handed its flow"
        return command(asked, request)
    except (UsageError, ConfigError) as error:
        say(f"main.py: {error}", sys.stderr)
        return WRONG_USE
    except PipelineError as error:
        say(f"main.py: {error}", sys.stderr)
        return FAILED
    except DBAPIError as error:
        say(f"main.py: the database said: {first_line(error).rstrip('.')}. {next_action(error)}", sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        say("main.py: stopped; what is committed stays, and the next run goes on from there", sys.stderr)
        return FAILED
    finally:
        connections.close()


def collect_less_often() -> None:
    """Have the garbage collector skip what the imports made, and run less often than once a page of rows.

    Otherwise it goes through the modules' half a million objects again for every few thousand rows that are read.
    """
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    gc.enable()


def _plan(_asked: argparse.Namespace, request: Request) -> int:
    for line in planned_changes(
        connections.warehouse_as_it_is(), connections.source(), request, connections.settings()
    ):
        say(line)
    return DONE


def _check_source(_asked: argparse.Namespace, _request: Request) -> int:
    has_problem = False
    for finding in check_source(connections.source().portal, connections.settings()):
        has_problem |= finding.is_problem
        say(str(finding))
    return FAILED if has_problem else DONE


def _status(asked: argparse.Namespace, _request: Request) -> int:
    engine = connections.warehouse_as_it_is()
    found = read_status(
        engine,
        connections.source(),
        datetime.now(UTC),
        connections.settings().freshness_days,
    )
    # Without a line there are no tables yet that could be counted.
    if asked.recount and found.lines:
        found = status.with_recount(found, engine)
    say("\n".join(status.to_lines(found)))
    return FAILED if found.problems else DONE


def _replay(_asked: argparse.Namespace, request: Request) -> int:
    async def replay() -> int:
        async with open_run(replace(request, mode="replay")) as run:
            if run is None:
                say("skipped: another run is at work; replay when it is done")
                return DONE
            lines = await asyncio.to_thread(
                replay_quarantine, connections.warehouse(), connections.profile(), run
            )
            say("\n".join(lines))
            return DONE

    return asyncio.run(replay())


def _export(asked: argparse.Namespace, _request: Request) -> int:
    if asked.to is None:
        raise UsageError("export needs --to: a folder, or s3://bucket/folder")
    report = export.export(connections.warehouse(), asked.to, connections.profile().dataset)
    say("\n".join(export.to_lines(report)))
    return DONE


def _backtest(_asked: argparse.Namespace, _request: Request) -> int:
    say("\n".join(backtest_lines(connections.warehouse_as_it_is())))
    return DONE


def _start_anew(asked: argparse.Namespace, _request: Request) -> int:
    say(start_anew(connections.warehouse_as_it_is(), asked.confirm))
    return DONE


RUN: Final = "run"
_COMMANDS: Final[dict[str, Callable[[argparse.Namespace, Request], int]]] = {
    "plan": _plan,
    "status": _status,
    "check-source": _check_source,
    "replay": _replay,
    "export": _export,
    "backtest": _backtest,
    "start-anew": _start_anew,
}


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
        choices=[RUN, *_COMMANDS],
        default=RUN,
        help="run (default): do what is missing. plan: say what a run would change, and change nothing. "
        "status: say if all is well. check-source: does the portal answer all that a run asks; needs no database. "
        "replay: judge the quarantine again. export: write files for notebooks and maps. "
        "backtest: how what was said of the newest days has fared; reads only. "
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
    parser.add_argument("--window-days", type=int, metavar="DAYS", help="days of a window (WINDOW_DAYS)")
    parser.add_argument(
        "--max-concurrency", type=int, metavar="N", help="windows worked on at a time (MAX_CONCURRENCY)"
    )
    parser.add_argument(
        "--accept-retirements",
        action="store_true",
        help="let a mass retirement pass, for this run; look with plan first",
    )
    parser.add_argument(
        "--accept-span",
        action="store_true",
        help="for this run, take a source that begins later than explained for one that keeps fewer days; "
        "look with status first",
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
    parser.add_argument(
        "--recount",
        action="store_true",
        help="with status: count all crimes anew, and say where the counts differ; changes nothing",
    )
    parser.add_argument("--json", action="store_true", help="print the closing report as JSON")
    parser.add_argument("--quiet", action="store_true", help="print warnings and errors only")
    return parser


def _date(value: str) -> date:
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{value!r} is not a date; write it like 2026-01-31") from None
