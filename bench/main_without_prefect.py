"""`flows/main.py` with its flows and tasks called as the plain functions that they wrap: the run without Prefect."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.without_prefect import without_prefect
from flows.main import chicago_crime
from tasks.commands.command_line import run_command

if __name__ == "__main__":
    with without_prefect():
        sys.exit(run_command(sys.argv[1:], chicago_crime))
