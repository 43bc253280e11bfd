"""The parent flow, and the command line. Wiring only: what a step does is in tasks/, one module each.

`python flows/main.py` does what is missing: backfill, resume, or increment; `--help` tells the rest.
"""

import asyncio
import runpy
import sys
from datetime import date
from pathlib import Path
from typing import Annotated

if __name__ == "__main__":
    # Run as a script, this file finds only its own folder; entrypoint.py makes the project importable.
    runpy.run_path(str(Path(__file__).resolve().parents[1] / "tasks/commands/entrypoint.py"))["start"]()

from prefect import State, flow, tags
from prefect.states import Completed
from pydantic import Field

from flows.share_windows import share_windows
from flows.sync_window import sync_window
from tasks.audit import audit
from tasks.check_database import check_database
from tasks.clear_old import clear_old
from tasks.close_windows import close_windows
from tasks.commands.command_line import run_command
from tasks.errors import PipelineError
from tasks.load_reference import load_reference
from tasks.refresh_views import refresh_views
from tasks.report import report
from tasks.request import Mode, make_request
from tasks.run import connections
from tasks.run.cockpit import RUN_TAG, SHARE_TAG, flow_run_id, is_lost, run_window, unless_lost
from tasks.run.fan_out import further_runs
from tasks.run.lifecycle import Run, open_run
from tasks.run.plan import Plan
from tasks.run.states import error_of
from tasks.run.stop import end_process
from tasks.run.turns import turns
from tasks.settings import MAX_FAN_OUT, MAX_WINDOW_DAYS, MAX_WINDOWS_IN_FLIGHT
from tasks.shown.artifacts import label_run, shown_progress
from tasks.shown.report import RunReport


@flow(name="chicago-crime", flow_run_name="{mode}")
async def chicago_crime(
    mode: Mode = "auto",
    start: date | None = None,
    end: date | None = None,
    window_days: Annotated[int, Field(ge=1, le=MAX_WINDOW_DAYS)] | None = None,
    max_concurrency: Annotated[int, Field(ge=1, le=MAX_WINDOWS_IN_FLIGHT)] | None = None,
    accept_retirements: bool = False,  # noqa: FBT001, FBT002
    fan_out: Annotated[int, Field(ge=0, le=MAX_FAN_OUT)] = 0,
    accept_span: bool = False,  # noqa: FBT001, FBT002
) -> RunReport | State[None]:
    """Make the warehouse equal to the City's record, prove it, and refresh the views.

    Args:
        mode: auto does what is missing: the first load, the rest of an unfinished run, or what has moved. incremental
            reads what has moved only; backfill and reconcile read every window again.
        start: First day of a range, a date in Chicago. Empty: from the oldest day that the City publishes.
        end: Day after the last one of a range; it is not read itself. Empty: to the newest day.
        window_days: How many days are read and stored at a time. Empty: as the settings say (WINDOW_DAYS), else a week,
            or of the whole history about 12,000 rows.
        max_concurrency: How many windows are worked on at a time, by all flow runs of a fan-out together; from a portal
            that is far as many again are read ahead, where there is no fan-out. Empty: as the settings say
            (MAX_CONCURRENCY).
        accept_retirements: For this run, let pass what the guard against mass retirement would stop. Look first with
            `python flows/main.py plan`.
        fan_out: How many further flow runs on the work pool share the windows of this one, for a long backfill. 0: this
            run does all of them itself.
        accept_span: For this run, take it for right that the City publishes fewer days than before: what has left the
            source stays here, outside of the proof. Look first with `python flows/main.py status`.

    """
    request = make_request(
        connections.settings(),
        mode,
        start,
        end,
        window_days,
        max_concurrency,
        accept_retirements=accept_retirements,
        accept_span=accept_span,
        fan_out=fan_out,
    )
    async with open_run(request, flow_run_id()) as run:
        if run is None:
            await label_run("skipped · another run was at work", [RUN_TAG, "skipped"])
            return Completed(name="Skipped", message="another run is at work; it does what this one would")
        plan = await check_database(run)
        async with shown_progress():
            # Only the views read the lists, so that no window waits for them.
            errors, listed = await asyncio.gather(
                (fan_out_windows if request.fan_out else sync_windows)(run, plan),
                load_reference(run, return_state=True),  # type: ignore[call-overload]
            )
        windows = await close_windows(run, plan.windows, errors)
        # By Prefect's types the state of an async task need not be awaited.
        audited = await audit(run, plan, windows.failed_windows, return_state=True)  # type: ignore[misc]
        refreshed = await refresh_views(run, return_state=True)  # type: ignore[misc]
        cleared = await clear_old(run, return_state=True)  # type: ignore[misc]
        states = {
            "load_reference": listed,
            "audit": audited,
            "refresh_views": refreshed,
            "clear_old": cleared,
        }
        later = [await error_of(step, state) for step, state in states.items()]
        reported = await report(run, plan, windows, later)
        return reported.or_raise()


async def sync_windows(run: Run, plan: Plan) -> list[PipelineError | None]:
    """Run the subflow of each window, a bounded number at a time; an error is kept, so that every window is tried."""
    request = run.request
    # The plan has asked the portal, so that it is known how long that takes.
    ahead = request.read_ahead if connections.source().portal.is_far else 0
    opened = asyncio.Semaphore(request.max_concurrency + ahead)

    async def sync(window: str) -> PipelineError | None:
        async with opened:
            return await run_window(sync_window, str(run.run_id), window, request.accept_retirements)

    with turns(request.max_concurrency):
        return await asyncio.gather(*(sync(str(window)) for window in plan.windows))


async def fan_out_windows(run: Run, _plan: Plan) -> None:
    """Share the windows with further flow runs on the work pool; the ledger says how each one ended."""
    request = run.request
    async with further_runs(run):
        with tags(SHARE_TAG):
            await unless_lost(
                share_windows(
                    str(run.run_id),
                    request.windows_of_each,
                    request.accept_retirements,
                    True,  # noqa: FBT003
                    return_state=True,
                )
            )


if __name__ == "__main__":
    end_process(run_command(sys.argv[1:], chicago_crime), hurries=is_lost())
