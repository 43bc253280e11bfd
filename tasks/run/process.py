"""The process of a run: its logging and Arrow's memory, whoever started it."""

import logging

import pyarrow


def prepare_process() -> None:
    """Let this project's log lines through, and have Arrow give memory back. May be called again.

    A deployed run's lines go to Prefect through PREFECT_LOGGING_EXTRA_LOGGERS, which brings a handler and no level. The
    C library gives memory back that Arrow's own allocator keeps: a first load of 250,000 rows took 422 MB with it
    instead of 501, in the same time.
    """
    logging.getLogger("tasks").setLevel(logging.INFO)
    pyarrow.set_memory_pool(pyarrow.system_memory_pool())
