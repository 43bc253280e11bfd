"""The process of a run: its logging, its memory and its threads, whoever started it."""

import asyncio
import ctypes
import logging
from asyncio import AbstractEventLoop
from typing import Final
from weakref import WeakSet

import pyarrow

from tasks.settings import MAX_WINDOWS_IN_FLIGHT
from tasks.source.threads import RunThreads

# The lists, the progress, and what the flow itself does meanwhile.
_BESIDE_WINDOWS: Final = 4
# glibc's numbers for mallopt (malloc.h).
_M_TRIM_THRESHOLD: Final = -1
_M_MMAP_THRESHOLD: Final = -3
_LARGE_BYTES: Final = 1024 * 1024
_have_threads: Final[WeakSet[AbstractEventLoop]] = WeakSet()


def prepare_process() -> None:
    """Let this project's log lines through, have memory given back, and have a thread for each window.

    May be called again; from the event loop that the windows run in. A deployed run's lines go to Prefect through
    PREFECT_LOGGING_EXTRA_LOGGERS, which brings a handler and no level. The C library gives memory back that Arrow's own
    allocator keeps: a first load of 250,000 rows took 422 MB with it instead of 501, in the same time. asyncio's own
    pool has four threads more than the machine has cores, and each window that waits for the portal takes one.
    """
    logging.getLogger("tasks").setLevel(logging.INFO)
    pyarrow.set_memory_pool(pyarrow.system_memory_pool())
    loop = asyncio.get_running_loop()
    if loop not in _have_threads:
        _have_threads.add(loop)
        threads = RunThreads(MAX_WINDOWS_IN_FLIGHT + _BESIDE_WINDOWS, thread_name_prefix="run")
        loop.set_default_executor(threads)


def give_back_large_pieces() -> None:
    """Have each large piece of memory mapped by itself, so that its end gives it back to the system.

    Left alone, glibc raises the size from which it does so to that of the largest piece freed so far, an answer of the
    portal, and then keeps all that is smaller for the next one: 54 MB of a first load of the whole history, whose
    windows are the largest (docs/decisions/0029). To have pages of memory made anew each time costs a twentieth.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):
        # Another C library; its way of giving back is its own.
        return
    mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)
    mallopt(_M_TRIM_THRESHOLD, _LARGE_BYTES)


def give_memory_back() -> None:
    """Have the C library give back what all threads have freed: it keeps that for each thread by itself."""
    pyarrow.default_memory_pool().release_unused()
