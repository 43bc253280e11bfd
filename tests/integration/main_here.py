"""The command line in this process and without Prefect: half a second for a whole run, so many faults can be tried.

The wiring is that of flows/ (bench/without_prefect.py); waits between two tries are short, the number of tries is not.
"""

import io
import logging
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass

from bench.without_prefect import without_prefect
from flows.main import chicago_crime
from tasks.commands.command_line import run_command
from tasks.run import connections
from tests.integration.conftest import prefect_settings


@dataclass(frozen=True)
class Ended:
    """How a run ended: its exit code, and all that it said."""

    code: int
    said: str

    @property
    def why(self):
        """Return the lines that a person reads first, which say why it failed."""
        return [line for line in self.said.splitlines() if line.startswith(("why", "main.py:"))]


def run_main_here(world, *arguments):
    """Run flows/main.py with what the environment says, and return how it ended. Raises nothing: it is a command."""
    output = io.StringIO()
    connections.close()
    with (
        _logging_kept(),
        redirect_stdout(output),
        redirect_stderr(output),
        without_prefect(),
        prefect_settings(world.prefect_api),
    ):
        code = run_command(list(arguments), chicago_crime)
    return Ended(code, output.getvalue())


@contextmanager
def _logging_kept():
    ours = logging.getLogger("tasks")
    kept = ours.handlers, ours.level, ours.propagate
    try:
        yield
    finally:
        ours.handlers, ours.level, ours.propagate = kept
