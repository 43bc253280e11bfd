"""The verdict: whether a run is a success, from how its windows and its later steps ended."""

from collections.abc import Sequence
from dataclasses import dataclass

from tasks.errors import PipelineError, UnequalError
from tasks.run.window_results import WindowsReport
from tasks.warehouse.ledger import RunStatus


def status_of(error: BaseException | None) -> RunStatus:
    """Return the status in the ledger of a run that ends with this error, or with none."""
    if error is None:
        return "done"
    return "unequal" if isinstance(error, UnequalError) else "failed"


@dataclass(frozen=True)
class Verdict:
    """Why a run is not a success; None if it is."""

    error: PipelineError | None

    @classmethod
    def of(cls, windows: WindowsReport, later: Sequence[PipelineError | None]) -> "Verdict":
        """Return the verdict: a failed window first, then the other steps, in order."""
        if not windows.failures:
            return cls(next((error for error in later if error is not None), None))
        first = windows.failures[0].error
        more = len(windows.failures) - 1
        return cls(type(first)(f"{first} ({more} more failed)") if more else first)

    @property
    def status(self) -> RunStatus:
        """Return the run's status in the ledger."""
        return status_of(self.error)
