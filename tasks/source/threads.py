"""Threads that work for one run: what they log is found where the run's own lines are."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class RunThreads(ThreadPoolExecutor):
    """A pool whose work runs in the context of who submits it: Prefect finds the run of a log line by that."""

    def submit(self, work: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Submit work, as `ThreadPoolExecutor.submit` does."""
        run: Callable[..., Any] = copy_context().run
        return super().submit(run, work, *args, **kwargs)
