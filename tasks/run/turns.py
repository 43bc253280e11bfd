"""Turns: how many of a run's open windows are past their read at a time.

A window waits for the portal, and then it is worked on. Where the portal is far it mostly waits, so a run opens more
windows than it works on: they are read, and hold their rows until one that is worked on is stored. What does not live
here: how many are opened (tasks/warehouse/slots.py), and how many requests go at a time (tasks/source/portal.py).
"""

import asyncio
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from typing import Any, Final

_turns: Final[ContextVar[asyncio.Semaphore | None]] = ContextVar("turns", default=None)


@contextmanager
def turns(windows: int) -> Iterator[None]:
    """Have as many turns as this while the body runs, for the windows that it starts."""
    before = _turns.set(asyncio.Semaphore(windows))
    try:
        yield
    finally:
        _turns.reset(before)


def turn() -> AbstractAsyncContextManager[Any]:
    """Return the turn of a window that has been read; where none are counted, it need not wait."""
    return _turns.get() or nullcontext()
