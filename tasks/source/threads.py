"""Threads that work for one run: their log lines stand with the run's own, and a gate limits how many go at a time."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from threading import Condition
from types import TracebackType
from typing import Any, ParamSpec, Self, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class RunThreads(ThreadPoolExecutor):
    """A pool whose work runs in the context of the thread that submits it: Prefect finds a log line's run by that."""

    def submit(self, work: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Submit work, as `ThreadPoolExecutor.submit` does."""
        run: Callable[..., Any] = copy_context().run
        return super().submit(run, work, *args, **kwargs)


class Gate:
    """Lets a number of threads through at a time; the number may change while they wait."""

    def __init__(self, limit: int) -> None:
        self._limit, self._inside = limit, 0
        self._changed = Condition()

    def set_limit(self, limit: int) -> None:
        """Let this many through from now on; a thread that is inside already stays."""
        with self._changed:
            self._limit = limit
            self._changed.notify_all()

    def __enter__(self) -> Self:
        with self._changed:
            self._changed.wait_for(lambda: self._inside < self._limit)
            self._inside += 1
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._changed:
            self._inside -= 1
            self._changed.notify()
