"""Conclude: the last step, which says whether the run is a success, and leaves its report in the Prefect UI."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from prefect import task
from prefect.cache_policies import NO_CACHE

from tasks import connections
from tasks.artifacts import label_run, leave_artifacts, read_details, run_name
from tasks.check_database import Plan
from tasks.claim import Claim
from tasks.close_windows import WindowsReport
from tasks.errors import PipelineError, UnequalError
from tasks.report import RunReport, read_report


@dataclass(frozen=True)
class Verdict:
    """The report of a run, and the error that makes it no success."""

    report: RunReport
    error: PipelineError | None

    def or_raise(self) -> RunReport:
        """Return the report, or raise the error: nothing is swallowed."""
        if self.error is not None:
            raise self.error
        return self.report


def verdict_of(windows: WindowsReport, later: Sequence[PipelineError | None]) -> PipelineError | None:
    """Return why the run is not a success, or None: a failed window first, then the other steps, in order."""
    if windows.failures:
        first = windows.failures[0].error
        more = len(windows.failures) - 1
        return type(first)(f"{first} ({more} more failed)") if more else first
    return next((error for error in later if error is not None), None)


@task(name="report", cache_policy=NO_CACHE)
async def conclude(
    claim: Claim,
    plan: Plan,
    windows: WindowsReport,
    later: Sequence[PipelineError | None],
) -> Verdict:
    """Leave the report of the run as artifacts in Prefect, and return whether the run is a success.

    later: how the steps beside and after the windows ended, in order.
    """
    error = verdict_of(windows, later)
    status = "done" if error is None else "unequal" if isinstance(error, UnequalError) else "failed"
    engine = connections.warehouse()
    found = await asyncio.to_thread(read_report, engine, claim.run_id)
    found = replace(found, status=status, message=str(error) if error else None)
    details = await asyncio.to_thread(read_details, engine, claim.run_id)
    await leave_artifacts(found, details, connections.settings().dashboard_url)
    await label_run(run_name(plan.kind, plan.windows), [status, *([found.proof] if found.proof else [])])
    return Verdict(found, error)
