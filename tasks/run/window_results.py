"""How the windows of a run ended: why some failed, and whether all are done, so that the watermark takes effect."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection, Engine

from tasks.errors import LoadError, PipelineError
from tasks.warehouse import ledger
from tasks.warehouse.faults import named_faults
from tasks.windows import Window


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


def write_results(
    engine: Engine,
    run_id: UUID,
    dataset: str,
    windows: Sequence[Window],
    errors: Sequence[PipelineError | None] | None,
) -> WindowsReport:
    """Write how each window ended. errors: one for each window, None if it is done; no list: the ledger knows."""
    with named_faults(engine, "the ledger"), ledger.run_transaction(engine, run_id) as connection:
        if errors is None:
            errors = _read_errors(connection, run_id, windows)
        failures = tuple(
            Failure(window, error) for window, error in zip(windows, errors, strict=True) if error is not None
        )
        for failure in failures:
            ledger.fail_window(connection, run_id, failure.window, str(failure.error))
        ledger.finish_windows(connection, run_id, dataset)
    return WindowsReport(len(windows) - len(failures), failures)


def _read_errors(
    connection: Connection, run_id: UUID, windows: Sequence[Window]
) -> list[PipelineError | None]:
    """Return how each window ended that several flow runs shared; one that nobody did has failed."""
    ended = ledger.read_window_results(connection, run_id)
    return [
        None
        if ended[window].status == "done"
        else LoadError(ended[window].error or f"window {window}: the run was over before anyone did it")
        for window in windows
    ]
