"""Retries: the one decorator of the tasks that talk to the warehouse, and when a retry may help.

What lives here: how often, after which waits, and for which errors Prefect calls a task again. What does not: retries
of single requests at the portal (tasks/source/portal.py), which end before a task fails.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Final, ParamSpec, TypeVar

from prefect import State, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import TaskRun
from prefect.tasks import Task, exponential_backoff

from tasks.errors import SourceError
from tasks.source.portal import RefusedError
from tasks.warehouse.faults import PassingFaultError
from tasks.warehouse.refusals import FIRST_WAIT_SECONDS, MAX_TRIES

P = ParamSpec("P")
R = TypeVar("R")
Condition = Callable[[Task[..., Any], TaskRun, State[Any]], Awaitable[bool]]

# For every task that writes to the warehouse: each is one transaction, or several that can be repeated from the first.
RETRIES: Final = MAX_TRIES - 1
_JITTER: Final = 0.5
_MAX_READS_AGAIN: Final = 2


async def database_may_recover(_task: Task[..., Any], _run: TaskRun, state: State[Any]) -> bool:
    """Say whether a task is to be tried again: the database failed in a way that may pass."""
    return isinstance(await state.aresult(raise_on_failure=False), PassingFaultError)


async def reading_may_help(_task: Task[..., Any], run: TaskRun, state: State[Any]) -> bool:
    """Say whether reading again may help: not where the portal refused, nor where its columns changed.

    The client has already tried the portal for PORTAL_PATIENCE_SECONDS, so reading gets fewer tries than a database
    that fails over.
    """
    error = await state.aresult(raise_on_failure=False)
    if isinstance(error, SourceError):
        return run.run_count <= _MAX_READS_AGAIN and not isinstance(error, RefusedError)
    return isinstance(error, PassingFaultError)


def database_task(
    name: str,
    *,
    may_help: Condition = database_may_recover,
    task_run_name: Callable[..., str] | str | None = None,
) -> Callable[[Callable[P, R]], Task[P, R]]:
    """Turn a function that talks to the warehouse into a task: tried again while `may_help` says so, never cached."""
    return task(
        name=name,
        task_run_name=task_run_name,
        retries=RETRIES,
        retry_delay_seconds=exponential_backoff(backoff_factor=FIRST_WAIT_SECONDS),
        retry_jitter_factor=_JITTER,
        retry_condition_fn=may_help,
        cache_policy=NO_CACHE,
    )
