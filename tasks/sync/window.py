"""A window from its first request to its commit: extract, transform and load, wired here and nowhere else.

The caller hands over the three steps: a subflow its Prefect tasks; a repair, a plan and a replay plain
functions. What a step does is in read.py, tasks/contract/crimes.py and apply.py.
"""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any, Final, ParamSpec, TypeVar

from tasks.windows import Window

P = ParamSpec("P")
Read = TypeVar("Read")
Judged = TypeVar("Judged")
Result = TypeVar("Result")

_AT_ONCE: Final = nullcontext()


async def sync_window(
    window: Window,
    extract: Callable[[Window], Awaitable[Read]],
    transform: Callable[[Read], Awaitable[Judged]],
    load: Callable[[Window, Read, Judged], Awaitable[Result]],
    turn: AbstractAsyncContextManager[Any] = _AT_ONCE,
) -> Result:
    """Take a window through the three steps and return the result of the last. A step's error ends it.

    turn: what a window that has been read waits for.
    """
    extracted = await extract(window)
    async with turn:
        transformed = await transform(extracted)
        return await load(window, extracted, transformed)


def plain(work: Callable[P, Result]) -> Callable[P, Awaitable[Result]]:
    """Return a plain function as a step; it runs on the thread that waits for it."""

    async def step(*args: P.args, **kwargs: P.kwargs) -> Result:
        return work(*args, **kwargs)

    return step
