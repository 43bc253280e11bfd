"""The step `audit`: prove that we hold what the source holds; otherwise the run is unequal (tasks/proof/)."""

import asyncio
import logging

from tasks.proof.prove import Auditor, AuditReport
from tasks.retries import database_task
from tasks.run import connections
from tasks.run.lifecycle import Run
from tasks.run.plan import Plan
from tasks.run.process import give_memory_back
from tasks.windows import Window

log = logging.getLogger(__name__)


@database_task("audit")
async def audit(run: Run, plan: Plan, failed: tuple[Window, ...]) -> AuditReport:
    """Prove that we hold what the source holds. failed: windows of this run that failed."""
    auditor = Auditor(
        connections.warehouse(), connections.source(), connections.settings(), run.run_id, run.request
    )
    if plan.kind == "unmoved":
        report = await asyncio.to_thread(auditor.prove_unmoved)
    else:
        report = await asyncio.to_thread(auditor.prove, failed)
    await asyncio.to_thread(give_memory_back)
    log.info(
        "proof=%s equal=%s source=%d ours=%d rounds=%d outside=%d (aged out)",
        report.proof,
        report.equal,
        report.source_rows,
        report.our_rows,
        report.rounds,
        report.outside_rows,
    )
    return report
