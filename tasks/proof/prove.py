"""Prove that what we hold is what the source holds, mend the days that differ, and write it down.

The audit compares (compare.py) the whole span, or the range that was asked for, syncs the days that differ again, three
rounds at most; then it records `equal`, or the run is unequal. The reasons of retired rows are settled last.
"""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from typing import Final
from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from tasks.contract.crimes import Transformed
from tasks.datasets import DatasetProfile, SourceState
from tasks.errors import LoadError, PipelineError, UnequalError
from tasks.proof import census
from tasks.proof.census import Comparison
from tasks.proof.compare import Compared, Comparer
from tasks.proof.outside import refuse_unexplained
from tasks.proof.recreated import retire_recreated
from tasks.proof.settle import SettleCounts, settle
from tasks.request import Request
from tasks.settings import Settings
from tasks.source.threads import RunThreads
from tasks.source.whole_read import SteadySource
from tasks.sync.apply import load_window
from tasks.sync.guards import Guards, refuse_emptied_source
from tasks.sync.judge import judge
from tasks.sync.read import Extracted, extract_window
from tasks.sync.scope import began, horizon
from tasks.sync.window import plain, sync_window
from tasks.warehouse import ledger
from tasks.warehouse.audits import (
    Audit,
    read_proven_span,
    read_rows_proven_equal,
    record_audit,
    record_compared_days,
    record_proven_months,
)
from tasks.warehouse.faults import named_faults
from tasks.warehouse.ledger import WindowCounts
from tasks.windows import UNDATED, Window, day_windows, midnight

log = logging.getLogger(__name__)

MAX_ROUNDS: Final = 3


@dataclass(frozen=True)
class AuditReport:
    """How the audit ended. source_rows, our_rows: rows of the span; rounds: comparisons made.

    outside_rows: of ours, before the span, which have aged out.
    """

    proof: str
    equal: bool
    source_rows: int
    our_rows: int
    rounds: int
    settled: SettleCounts
    outside_rows: int


@dataclass(frozen=True)
class Auditor:
    """Everything an audit works with."""

    engine: Engine
    source: SteadySource
    settings: Settings
    run_id: UUID
    request: Request

    def prove(self, failed: Sequence[Window]) -> AuditReport:
        """Prove the span equal, or raise `UnequalError` naming the days that differ; can be repeated at any point.

        failed: windows of this run that failed; their days are compared but not mended, because nothing of a failed
        window may be stored.
        """
        with named_faults(self.engine, "the audit"):
            return self._prove(failed)

    def prove_unmoved(self) -> AuditReport:
        """Prove that the source is still as it was when it was last proven equal; raises `UnequalError`."""
        with named_faults(self.engine, "the audit"):
            return self._unmoved()

    def _prove(self, failed: Sequence[Window]) -> AuditReport:
        compared, rounds = self._compare_and_mend(failed)
        comparison, profile = compared.comparison, self.source.portal.profile
        is_whole = self.request.is_whole
        settled = SettleCounts(0, 0)
        if not self.request.accept_span:
            refuse_unexplained(compared.outside)
        if comparison.equal:
            self._record_proof(compared.proof)
            # What an accepted span leaves outside has left the source whatever became of its cases.
            if is_whole and profile.retention is not None and compared.outside.is_explained:
                retire_recreated(self.engine, self.run_id, compared.span, rounds + 1)
            settled = settle(self.engine, self.run_id, profile, is_whole=is_whole)
        report = AuditReport(
            compared.proof,
            comparison.equal,
            comparison.source_rows,
            comparison.our_rows,
            rounds,
            settled,
            compared.outside.rows,
        )
        if not comparison.equal:
            raise UnequalError(_what_differs(comparison, rounds))
        return report

    def _unmoved(self) -> AuditReport:
        state = self.source.last_seen()
        damage = self._comparer().find_damage()
        if damage.rows:
            log.warning(
                "damaged=%d days=%d: compared again, and mended", damage.rows, len(damage.damaged_days)
            )
        if damage.rows or self.source.last_seen() != state:
            return self._prove(())
        with ledger.run_transaction(self.engine, self.run_id) as connection:
            record_compared_days(connection, self.run_id, damage.equal_days)
            our_rows = read_rows_proven_equal(connection, state)
            if our_rows is None:
                raise UnequalError("rows were changed between the plan and the audit; run again")
            # The span is that of the proof, which the oldest occurrence, perhaps of a wrong year, does not tell.
            proven = read_proven_span(connection)
            start, outside = (proven.start, proven.outside_rows) if proven else (state.oldest_occurrence, 0)
            audit = Audit(1, "unmoved", start, None, state.row_count, our_rows, outside_rows=outside)
            record_audit(connection, self.run_id, audit, state)
        self._record_proof("unmoved")
        settled = settle(self.engine, self.run_id, self.source.portal.profile, is_whole=True)
        return AuditReport("unmoved", True, state.row_count, our_rows, 1, settled, outside)  # noqa: FBT003

    def _compare_and_mend(self, failed: Sequence[Window]) -> tuple[Compared, int]:
        """Compare and sync again until nothing differs or `MAX_ROUNDS` are over; return the last comparison."""
        comparer = self._comparer()
        compared = self._compare(comparer, 1)
        for round_ in range(1, MAX_ROUNDS + 1):
            comparison = compared.comparison
            unplaced = _unplaced_windows(compared.state, self.source.portal.profile)
            windows = _windows_to_mend(comparison, failed, self.request.window_days, unplaced)
            if comparison.equal or not (windows or comparison.stray_ids):
                return compared, round_
            log.info(
                "audit_round=%d missing=%d surplus=%d outdated=%d damaged=%d days=%d",
                round_,
                comparison.missing,
                comparison.surplus,
                comparison.outdated,
                comparison.damaged,
                len(comparison.differing_days),
            )
            census.drop_strays(self.engine, self.run_id, comparison.stray_ids)
            self._mend([replace(window, round=round_) for window in windows])
            compared = self._compare(comparer, round_ + 1)
        return compared, MAX_ROUNDS + 1

    def _comparer(self) -> Comparer:
        settings = self.settings
        return Comparer(
            self.engine,
            self.source,
            self.run_id,
            self.request,
            census_months=settings.census_months,
            content_days=settings.content_days,
        )

    def _compare(self, comparer: Comparer, round_: int) -> Compared:
        compared = comparer.compare()
        if self.request.is_whole:
            refuse_emptied_source(self.engine, compared.state)
        with ledger.run_transaction(self.engine, self.run_id) as connection:
            audit = compared.comparison.to_audit(
                round_,
                compared.proof,
                compared.span,
                compared.outside,
                is_accepted=self.request.accept_span,
            )
            record_audit(connection, self.run_id, audit, compared.state)
            record_proven_months(connection, self.run_id, compared.proven_months)
            record_compared_days(connection, self.run_id, compared.compared_days)
        return compared

    def _mend(self, windows: Sequence[Window]) -> None:
        """Sync windows again, every one of them; then raise the first error."""
        with RunThreads(self.request.max_concurrency) as pool:
            errors = [error for error in pool.map(self._mend_one, windows) if error is not None]
        if errors:
            raise errors[0]

    def _mend_one(self, window: Window) -> PipelineError | None:
        try:
            self._sync_again(window)
        except PipelineError as error:
            # The first error is the one to show, even if the database or the run's place has gone for good.
            with (
                suppress(DBAPIError, LoadError),
                ledger.run_transaction(self.engine, self.run_id) as connection,
            ):
                ledger.fail_window(connection, self.run_id, window, str(error))
            return error
        return None

    def _sync_again(self, window: Window) -> None:
        profile = self.source.portal.profile
        guards = Guards.of(self.settings, accept_retirements=self.request.accept_retirements)

        def load(window: Window, extracted: Extracted, transformed: Transformed) -> WindowCounts:
            return load_window(self.engine, profile, self.run_id, window, extracted, transformed, guards)

        asyncio.run(
            sync_window(
                window,
                plain(partial(extract_window, self.engine, self.source, self.run_id)),
                plain(lambda extracted: judge(extracted, profile)),
                plain(load),
            )
        )

    def _record_proof(self, proof: str) -> None:
        with ledger.run_transaction(self.engine, self.run_id) as connection:
            ledger.write_proof(connection, self.run_id, proof)


def _windows_to_mend(
    comparison: Comparison, failed: Sequence[Window], window_days: int, unplaced: Sequence[Window]
) -> list[Window]:
    if any(window.kind == "incremental" for window in failed):
        # The days of a failed incremental window are not known, so this run stores nothing more.
        return []
    days = [day for day in comparison.differing_days if not any(_covers(window, day) for window in failed)]
    windows = day_windows(days, window_days)
    if comparison.undated_differs:
        bounds = [(window.start, window.end) for window in failed]
        windows += [window for window in unplaced if (window.start, window.end) not in bounds]
    return windows


def _unplaced_windows(state: SourceState, profile: DatasetProfile) -> list[Window]:
    """Return the windows of rows without a day: those without a time, and those of a year that no calendar has."""
    last = horizon(state)
    return [UNDATED, Window("repair", None, began(profile, last)), Window("repair", last, None)]


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
        f"and not there, {comparison.outdated} are held in another version, {comparison.damaged} in the same one and "
        f"not as published (days: {shown or 'undated rows'}). "
        "Run again; if it stays, run with --mode reconcile and read docs/runbook.md."
    )
