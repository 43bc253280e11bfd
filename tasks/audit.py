"""The audit: prove that what we hold is what the source holds, mend the days that differ, and write it down.

Compares (tasks/compare.py) the whole span, or the range that was asked for, syncs the days that differ again, three
rounds at most; then `equal` is recorded, or the run is unequal. Reasons of retired rows are settled last.
"""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from prefect import task
from prefect.cache_policies import NO_CACHE
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from tasks import connections
from tasks.check_database import Plan, census_state, refuse_emptied_source
from tasks.claim import Claim
from tasks.compare import Compared, Comparer
from tasks.contract.crimes import to_crimes
from tasks.errors import PipelineError, UnequalError
from tasks.extract import read_window, start_window
from tasks.load import guards_of, load_window
from tasks.outcome import RETRIES, RETRY_JITTER, RETRY_WAITS, database_may_recover
from tasks.settings import Settings
from tasks.source.threads import RunThreads
from tasks.source.whole_read import SteadySource
from tasks.warehouse import census, ledger
from tasks.warehouse.aged import retire_recreated
from tasks.warehouse.census import Comparison
from tasks.warehouse.faults import named_faults
from tasks.warehouse.fingerprint import record_proven_months
from tasks.warehouse.settle import SettleCounts, settle
from tasks.warehouse.sync import Guards
from tasks.windows import UNDATED, Window, day_windows, midnight

log = logging.getLogger(__name__)

MOST_ROUNDS: Final = 3


@dataclass(frozen=True)
class AuditReport:
    """How the audit ended. source_rows, our_rows: rows of the span; rounds: comparisons made."""

    proof: str
    equal: bool
    source_rows: int
    our_rows: int
    rounds: int
    settled: SettleCounts


@dataclass(frozen=True)
class Auditor:
    """Everything an audit works with."""

    engine: Engine
    source: SteadySource
    settings: Settings
    claim: Claim
    guards: Guards

    def prove(self, plan: Plan, failed: Sequence[Window]) -> AuditReport:
        """Prove the span equal, or raise `UnequalError` naming the days that differ; can be done again at any point.

        failed: windows of this run that failed; their days are compared but not mended, since nothing of a failed
        window is to be stored.
        """
        with named_faults(self.engine, "the audit"):
            return self._unmoved() if plan.kind == "unmoved" else self._prove(failed)

    def _prove(self, failed: Sequence[Window]) -> AuditReport:
        compared, rounds = self._compare_and_mend(failed)
        comparison, profile = compared.comparison, self.source.portal.profile
        is_whole = self.claim.request.is_whole
        settled = SettleCounts(0, 0)
        if comparison.equal:
            self._record_proof(compared.proof)
            if is_whole and profile.retention is not None:
                retire_recreated(self.engine, self.claim.run_id, compared.span, rounds + 1)
            settled = settle(self.engine, self.claim.run_id, profile, is_whole=is_whole)
        report = AuditReport(
            compared.proof, comparison.equal, comparison.source_rows, comparison.our_rows, rounds, settled
        )
        if not comparison.equal:
            raise UnequalError(_what_differs(comparison, rounds))
        return report

    def _unmoved(self) -> AuditReport:
        state = census_state(self.source.last_seen())
        with self.engine.begin() as connection:
            ledger.assert_running(connection, self.claim.run_id)
            our_rows = census.is_proven_equal(connection, state)
            if our_rows is None:
                raise UnequalError("rows were changed between the plan and the audit; run again")
            census.record_unmoved(connection, self.claim.run_id, our_rows, state)
        self._record_proof("unmoved")
        settled = settle(self.engine, self.claim.run_id, self.source.portal.profile, is_whole=True)
        return AuditReport("unmoved", True, state.row_count, our_rows, 1, settled)  # noqa: FBT003

    def _compare_and_mend(self, failed: Sequence[Window]) -> tuple[Compared, int]:
        """Compare and sync again until nothing differs or `MOST_ROUNDS` are over; return the last comparison."""
        comparer = Comparer(
            self.engine, self.source, self.claim.request, census_months=self.settings.census_months
        )
        compared = self._compare(comparer, 1)
        for round_ in range(1, MOST_ROUNDS + 1):
            comparison = compared.comparison
            windows = _windows_to_mend(comparison, failed, self.claim.request.window_days)
            if comparison.equal or not (windows or comparison.stray_ids):
                return compared, round_
            log.info(
                "audit_round=%d missing=%d surplus=%d outdated=%d days=%d",
                round_,
                comparison.missing,
                comparison.surplus,
                comparison.outdated,
                len(comparison.differing_days),
            )
            census.drop_strays(self.engine, self.claim.run_id, comparison.stray_ids)
            self._mend([replace(window, round=round_) for window in windows])
            compared = self._compare(comparer, round_ + 1)
        return compared, MOST_ROUNDS + 1

    def _compare(self, comparer: Comparer, round_: int) -> Compared:
        compared = comparer.compare()
        if self.claim.request.is_whole:
            refuse_emptied_source(self.engine, compared.state)
        with self.engine.begin() as connection:
            ledger.assert_running(connection, self.claim.run_id)
            census.record_comparison(
                connection,
                self.claim.run_id,
                round_,
                compared.proof,
                compared.comparison,
                compared.span,
                census_state(compared.state),
            )
            record_proven_months(connection, self.claim.run_id, compared.proven_months)
        return compared

    def _mend(self, windows: Sequence[Window]) -> None:
        """Sync windows again, each having its chance; raise the first error after the last of them."""
        with RunThreads(self.claim.request.max_concurrency) as pool:
            errors = [error for error in pool.map(self._mend_one, windows) if error is not None]
        if errors:
            raise errors[0]

    def _mend_one(self, window: Window) -> PipelineError | None:
        try:
            self._sync_again(window)
        except PipelineError as error:
            # The first error is the one to be seen, also where the database has gone away for good.
            with suppress(DBAPIError), self.engine.begin() as connection:
                ledger.fail_window(connection, self.claim.run_id, window, str(error))
            return error
        return None

    def _sync_again(self, window: Window) -> None:
        run_id, profile = self.claim.run_id, self.source.portal.profile
        start_window(self.engine, run_id, window)
        extracted = read_window(self.source, self.engine, window)
        transformed = to_crimes(extracted.raw, profile)
        load_window(self.engine, profile, run_id, window, extracted, transformed, self.guards)

    def _record_proof(self, proof: str) -> None:
        with self.engine.begin() as connection:
            ledger.assert_running(connection, self.claim.run_id)
            connection.execute(
                text("update pipeline.runs set proof = :proof where run_id = :run_id"),
                {"proof": proof, "run_id": self.claim.run_id},
            )


def _windows_to_mend(comparison: Comparison, failed: Sequence[Window], window_days: int) -> list[Window]:
    if any(window.kind == "incremental" for window in failed):
        # The days of a failed incremental window are not known, so nothing is stored in this run any more.
        return []
    days = [day for day in comparison.differing_days if not any(_covers(window, day) for window in failed)]
    windows = day_windows(days, window_days)
    if comparison.undated_differs and UNDATED not in failed:
        windows.append(UNDATED)
    return windows


def _covers(window: Window, day: date) -> bool:
    if window.kind != "occurrence":
        return False
    return (window.start is None or window.start.date() <= day) and (
        window.end is None or midnight(day) < window.end
    )


def _what_differs(comparison: Comparison, rounds: int) -> str:
    days = [f"{day:%Y-%m-%d}" for day in comparison.differing_days]
    shown = ", ".join(days[:7]) + (f" and {len(days) - 7} more" if len(days) > 7 else "")
    return (
        f"after {rounds} comparison(s) {comparison.missing} rows of the source are missing here, "
        f"{comparison.surplus} are here "
        f"and not there, {comparison.outdated} are held in another version (days: {shown or 'undated rows'}). "
        "Run again; if it stays, run with --mode reconcile and read docs/runbook.md."
    )


@task(
    name="audit",
    retries=RETRIES,
    retry_delay_seconds=RETRY_WAITS,
    retry_jitter_factor=RETRY_JITTER,
    retry_condition_fn=database_may_recover,
    cache_policy=NO_CACHE,
)
async def audit(claim: Claim, plan: Plan, failed: tuple[Window, ...]) -> AuditReport:
    """Prove that we hold what the source holds."""
    settings = connections.settings()
    auditor = Auditor(
        connections.warehouse(),
        connections.source(),
        settings,
        claim,
        guards_of(settings, accept_retirements=claim.request.accept_retirements),
    )
    report = await asyncio.to_thread(auditor.prove, plan, failed)
    log.info(
        "proof=%s equal=%s source=%d ours=%d rounds=%d", report.proof, report.equal, report.source_rows,
        report.our_rows, report.rounds,
    )  # fmt: skip
    return report
