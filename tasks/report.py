"""The step `report`, the last one: the verdict on the run closes it, then its report goes to Prefect (tasks/shown/)."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from prefect import task
from prefect.cache_policies import NO_CACHE

from tasks.errors import PipelineError
from tasks.run import connections
from tasks.run.lifecycle import Run, close_run
from tasks.run.plan import Plan
from tasks.run.verdict import Verdict
from tasks.run.window_results import WindowsReport
from tasks.shown.artifacts import label_run, leave_artifacts, read_details, tell_of_drift
from tasks.shown.names import outcome, run_name
from tasks.shown.report import RunReport, read_report
from tasks.warehouse.source_columns import tell_once


@dataclass(frozen=True)
class Reported:
    """The report of a run, and the error for which it is not a success."""

    report: RunReport
    error: PipelineError | None

    def or_raise(self) -> RunReport:
        """Return the report, or raise the error: nothing is swallowed."""
        if self.error is not None:
            raise self.error
        return self.report


@task(name="report", cache_policy=NO_CACHE)
async def report(
    run: Run, plan: Plan, windows: WindowsReport, later: Sequence[PipelineError | None]
) -> Reported:
    """Close the run, leave its report as artifacts in Prefect, and return it with the run's error, if any.

    later: how the steps beside and after the windows ended, in order.
    """
    verdict = Verdict.of(windows, later)
    engine = connections.warehouse()
    await asyncio.to_thread(tell_once, engine, run.run_id, tell_of_drift)
    await close_run(run, verdict.error)
    found = await asyncio.to_thread(read_report, engine, run.run_id)
    message = str(verdict.error) if verdict.error else None
    found = replace(found, status=verdict.status, message=message)
    details = await asyncio.to_thread(read_details, engine, run.run_id)
    name = f"{run_name(plan.kind, plan.windows)} · {outcome(found)}"
    await leave_artifacts(name, found, details, connections.settings().dashboard_url)
    proof = [found.proof] if found.proof else []
    await label_run(name, [verdict.status, *proof])
    return Reported(found, verdict.error)
