"""Keeps Prefect's own lines off the terminal of `python flows/main.py`; its server has them all.

Imported before Prefect, which reads these when it is imported. A deployed run does not import it: there the log of the
container is all that an operator has.
"""

import os

os.environ.setdefault("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "CRITICAL")
# Prefect would tell its makers of the first run, over the network.
os.environ.setdefault("DO_NOT_TRACK", "1")
os.environ.setdefault("PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW", "ignore")
