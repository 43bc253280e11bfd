"""The parent flow, and the command line. Wiring only: what a step does is in tasks/, one module each.

`python flows/main.py` does what is missing: backfill, resume, or increment; `--help` tells the rest.
"""

import asyncio
import gc
import sys
from datetime import date
from pathlib import Path
from typing import Annotated

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

if __name__ == "__main__":
    # Nothing that an import makes is garbage: the collector waits until all is there (tasks/command_line.py).
    gc.disable()
    import tasks.prefect_console  # noqa: F401

from prefect import State, flow
from prefect.states import Completed
from pydantic import Field

from flows.share_windows import share_windows
from flows.sync_window import sync_window
from tasks.artifacts import shown_progress
from tasks.audit import audit
from tasks.check_database import Plan, check_database
from tasks.claim import Claim, claim_run
from tasks.close_windows import close_windows
from tasks.command_line import make_request, run_command
from tasks.conclude import conclude
from tasks.errors import PipelineError
from tasks.load_reference import load_reference
from tasks.outcome import error_of
from tasks.refresh_views import refresh_views
from tasks.report import RunReport
from tasks.settings import MOST_CONCURRENCY, MOST_FAN_OUT, MOST_WINDOW_DAYS
from tasks.share import collect_windows, further_runs
from tasks.warehouse.ledger import Mode


@flow(name="chicago-crime", flow_run_name="{mode}")
async def chicago_crime(
    mode: Mode = "auto",
    start: date | None = None,
    end: date | None = None,
    window_days: Annotated[int, Field(ge=1, le=MOST_WINDOW_DAYS)] | None = None,
    max_concurrency: Annotated[int, Field(ge=1, le=MOST_CONCURRENCY)] | None = None,
    accept_retirements: bool = False,  # noqa: FBT001, FBT002
    fan_out: Annotated[int, Field(ge=0, le=MOST_FAN_OUT)] = 0,
) -> RunReport | State[None]:
    """Make the warehouse equal to the City's record, prove it, and refresh the views.

    Args:
        mode: auto does what is missing: the first load, the rest of an unfinished run, or what has moved. incremental
            reads what has moved only; backfill and reconcile read every week again.
        start: First day of a range, a date in Chicago. Empty: from the oldest day that the City publishes.
        end: Day after the last one of a range; it is not read itself. Empty: to the newest day.
        window_days: How many days are read and stored at a time. Empty: as the settings say (WINDOW_DAYS).
        max_concurrency: How many windows are worked on at a time. Empty: as the settings say (MAX_CONCURRENCY).
        accept_retirements: For this run, let pass what the guard against mass retirement would stop. Look first with
            `python flows/main.py plan`.
        fan_out: How many further flow runs on the work pool share the windows of this one, for a long backfill. 0: this
            run does all of them itself.

    """
    request = make_request(
        mode,
        start,
        end,
        window_days,
        max_concurrency,
        accept_retirements=accept_retirements,
        fan_out=fan_out,
    )
    async with claim_run(request) as claim:
        if claim is None:
            return Completed(name="Skipped", message="another run is at work; it does what this one would")
        plan = await check_database(claim)
        async with shown_progress():
            # Only the views read the lists, so that no window waits for them.
            errors, listed = await asyncio.gather(
                (share if request.fan_out else sync_windows)(claim, plan),
                load_reference(claim, return_state=True),  # type: ignore[call-overload]
            )
        windows = await close_windows(claim, plan.windows, errors)
        # Prefect types the state of an async task as if it need not be awaited.
        audited = await audit(claim, plan, windows.failed_windows, return_state=True)  # type: ignore[misc]
        refreshed = await refresh_views(claim, return_state=True)  # type: ignore[misc]
        states = {"load_reference": listed, "audit": audited, "refresh_views": refreshed}
        later = [await error_of(step, state) for step, state in states.items()]
        verdict = await conclude(claim, plan, windows, later)
        return verdict.or_raise()


async def sync_windows(claim: Claim, plan: Plan) -> list[PipelineError | None]:
    """Run the subflow of each window, a bounded number at a time; an error is kept, so that all have their chance."""
    gate = asyncio.Semaphore(claim.request.max_concurrency)

    async def sync(window: str) -> PipelineError | None:
        async with gate:
            state = await sync_window(
                str(claim.run_id), window, claim.request.accept_retirements, return_state=True
            )
            return await error_of(f"window {window}", state)

    return await asyncio.gather(*(sync(str(window)) for window in plan.windows))


async def share(claim: Claim, plan: Plan) -> list[PipelineError | None]:
    """Run the windows together with further flow runs on the work pool; whoever is free takes the next one."""
    request = claim.request
    async with further_runs(claim):
        await share_windows(
            str(claim.run_id),
            request.max_concurrency,
            request.accept_retirements,
            True,  # noqa: FBT003
            return_state=True,
        )
    return await collect_windows(claim, plan.windows)


if __name__ == "__main__":
    sys.exit(run_command(chicago_crime, sys.argv[1:]))
