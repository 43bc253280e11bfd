"""Outcomes: what Prefect's states say, as errors of this project, and whether doing the work again may help.

A state passed to a task would be unpacked by Prefect.
"""

from typing import Any, Final

from prefect import State
from prefect.client.schemas.objects import TaskRun
from prefect.tasks import Task, exponential_backoff

from tasks.errors import LoadError, PipelineError
from tasks.warehouse.engine import first_line
from tasks.warehouse.faults import FIRST_WAIT_SECONDS, MOST_TRIES, PassingFaultError

# Of every task that writes to the warehouse: each is one transaction, or some that can be done again from the first.
RETRIES: Final = MOST_TRIES - 1
RETRY_WAITS: Final = exponential_backoff(backoff_factor=FIRST_WAIT_SECONDS)
RETRY_JITTER: Final = 0.5


async def error_of(what: str, state: State[Any]) -> PipelineError | None:
    """Return why a step or a window did not succeed, None where it did."""
    if state.is_completed():
        return None
    error = await state.aresult(raise_on_failure=False)
    if isinstance(error, PipelineError):
        return error
    if isinstance(error, BaseException):
        return LoadError(f"{what}: {type(error).__name__}: {first_line(error)}")
    return LoadError(f"{what}: {state.message or state.name or 'it ended without a word'}")


async def database_may_recover(_task: Task[..., Any], _run: TaskRun, state: State[Any]) -> bool:
    """Say whether a task is to be tried again: the database failed in a way that passes."""
    return isinstance(await state.aresult(raise_on_failure=False), PassingFaultError)
