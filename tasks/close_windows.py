"""Close the windows: write why windows failed, and let the watermark take effect when all are done."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass

from prefect import task
from prefect.cache_policies import NO_CACHE
from sqlalchemy import Engine

from tasks import connections
from tasks.claim import Claim
from tasks.errors import PipelineError
from tasks.outcome import RETRIES, RETRY_JITTER, RETRY_WAITS, database_may_recover
from tasks.warehouse import ledger
from tasks.warehouse.faults import named_faults
from tasks.windows import Window

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Failure:
    """A window that failed, and why."""

    window: Window
    error: PipelineError


@dataclass(frozen=True)
class WindowsReport:
    """How the windows of a run ended."""

    done: int
    failures: tuple[Failure, ...]

    @property
    def failed_windows(self) -> tuple[Window, ...]:
        """Return the windows that failed."""
        return tuple(failure.window for failure in self.failures)


def record_outcomes(
    engine: Engine,
    claim: Claim,
    dataset: str,
    windows: Sequence[Window],
    errors: Sequence[PipelineError | None],
) -> WindowsReport:
    """Write the outcome of each window; None is done."""
    failures = tuple(
        Failure(window, error) for window, error in zip(windows, errors, strict=True) if error is not None
    )
    with named_faults(engine, "the ledger"), engine.begin() as connection:
        ledger.assert_running(connection, claim.run_id)
        for failure in failures:
            ledger.fail_window(connection, claim.run_id, failure.window, str(failure.error))
        ledger.conclude_windows(connection, claim.run_id, dataset)
    return WindowsReport(len(windows) - len(failures), failures)


@task(
    name="close_windows",
    retries=RETRIES,
    retry_delay_seconds=RETRY_WAITS,
    retry_jitter_factor=RETRY_JITTER,
    retry_condition_fn=database_may_recover,
    cache_policy=NO_CACHE,
)
async def close_windows(
    claim: Claim, windows: tuple[Window, ...], errors: list[PipelineError | None]
) -> WindowsReport:
    """Write how the windows ended."""
    report = await asyncio.to_thread(
        record_outcomes, connections.warehouse(), claim, connections.profile().dataset, windows, errors
    )
    for failure in report.failures:
        log.error("failed: %s", failure.error)
    return report
