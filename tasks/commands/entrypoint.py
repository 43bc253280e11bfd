"""What the process of `python flows/main.py` needs before the flow is imported. Called there, and nowhere else.

It is run by its path, before the project can be imported, so its head imports nothing of the project.
"""

import gc
import os
import sys
from pathlib import Path


def start() -> None:
    """Make the project importable; end here what needs no flow; else get ready for the import of Prefect.

    Prefect then keeps its own lines off the terminal: its server has them all. A deployed run does not pass through
    here: the log of the container is all that its operator has.
    """
    # Nothing that an import makes is garbage: the collector waits until all is imported (`collect_less_often`).
    gc.disable()
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    from tasks.commands.command_line import run_flowless_command  # noqa: PLC0415

    code = run_flowless_command(sys.argv[1:])
    if code is not None:
        sys.exit(code)
    os.environ.setdefault("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "CRITICAL")
    # Prefect would report the first run to its makers, over the network.
    os.environ.setdefault("DO_NOT_TRACK", "1")
    os.environ.setdefault("PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW", "ignore")
    # A run goes on without a server that is lost (tasks/run/cockpit.py), so that little is gained by waiting for it:
    # 14 s in four tries, where Prefect's own settings make it a minute, of each request.
    os.environ.setdefault("PREFECT_CLIENT_MAX_RETRIES", "3")
    os.environ.setdefault("PREFECT_API_REQUEST_TIMEOUT", "10")
    # It would write each event that the server did not get, as it is in memory.
    os.environ.setdefault("PREFECT_LOGGING_INTERNAL_LEVEL", "CRITICAL")
