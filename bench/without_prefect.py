"""The same run without Prefect: flows and tasks as the plain functions that they wrap, retries included.

For the benchmark, which shows what Prefect costs, and for tests that run hundreds of times. The wiring is that of
flows/: only what happens at the call of a flow or a task is replaced. Nothing here knows a step.
"""

import functools
import itertools
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Final
from unittest import mock

import tenacity
import tenacity.asyncio
from prefect import Flow, State, Task
from prefect.client.schemas.objects import TaskRun
from prefect.states import Completed, Failed

_WAIT_SECONDS: Final = 0.02  # a fault that passes at all passes at once in a test


@contextmanager
def without_prefect() -> Iterator[None]:
    """Call flows and tasks as plain functions while the body runs; no artifacts are created."""

    async def no_artifact(*_args: Any, **_values: Any) -> None:
        pass

    with ExitStack() as patches:
        patches.enter_context(mock.patch.object(Flow, "__call__", _call))
        patches.enter_context(mock.patch.object(Task, "__call__", _call))
        for path, module in list(sys.modules.items()):
            if path.startswith("tasks."):
                for name in [name for name in vars(module) if name.endswith("_artifact")]:
                    patches.enter_context(mock.patch.object(module, name, no_artifact))
        yield


def _call(called: Any, *args: Any, return_state: bool = False, **values: Any) -> Any:
    """Stand in for the `__call__` of an asynchronous flow or task."""
    return _outcome(called, functools.partial(called.fn, *args, **values), as_state=return_state)


async def _outcome(called: Any, work: Callable[[], Any], *, as_state: bool) -> Any:
    try:
        result = await _tried(called, work)
    except Exception as error:
        if not as_state:
            raise
        return Failed(message=str(error), data=error)
    if not as_state:
        return result
    return result if isinstance(result, State) else Completed(data=result)


async def _tried(called: Any, work: Callable[[], Any]) -> Any:
    """Repeat the work as often as the decorator allows, if its condition says that it may help."""
    tries = itertools.count(1)

    async def may_help(error: BaseException) -> bool:
        run = TaskRun.model_construct(run_count=next(tries))
        if not isinstance(error, Exception):
            return False
        condition = getattr(called, "retry_condition_fn", None)
        failed: State[Any] = Failed(data=error)
        return condition is None or bool(await condition(called, run, failed))

    attempts = tenacity.AsyncRetrying(
        stop=tenacity.stop_after_attempt(1 + (called.retries or 0)),
        wait=tenacity.wait_fixed(_WAIT_SECONDS),
        retry=tenacity.asyncio.retry_if_exception(may_help),
        reraise=True,
    )
    return await attempts(work)
