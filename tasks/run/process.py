"""The process of a run: its logging and its memory, whoever started it."""

import ctypes
import logging
from typing import Final

import pyarrow

# glibc's numbers for mallopt (malloc.h).
_M_TRIM_THRESHOLD: Final = -1
_M_MMAP_THRESHOLD: Final = -3
_LARGE_BYTES: Final = 1024 * 1024


def prepare_process() -> None:
    """Let this project's log lines through, and have large pieces of memory given back. May be called again.

    A deployed run's lines go to Prefect through PREFECT_LOGGING_EXTRA_LOGGERS, which brings a handler and no level. The
    C library gives memory back that Arrow's own allocator keeps: a first load of 250,000 rows took 422 MB with it
    instead of 501, in the same time.
    """
    logging.getLogger("tasks").setLevel(logging.INFO)
    pyarrow.set_memory_pool(pyarrow.system_memory_pool())
    _give_back_large_pieces()


def _give_back_large_pieces() -> None:
    """Have each large piece of memory mapped by itself, so that its end gives it back to the system.

    Left alone, glibc raises the size from which it does so to that of the largest piece freed so far, an answer of the
    portal, and then keeps all that is smaller for the next one: 54 MB of a first load (docs/decisions/0029).
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):
        # Another C library; its way of giving back is its own.
        return
    mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)
    mallopt(_M_TRIM_THRESHOLD, _LARGE_BYTES)
