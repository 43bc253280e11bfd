"""What the floor plan promises: who imports Prefect, and what the entrypoints do at their import."""

import ast
import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest
from prefect import Task

PROJECT = Path(__file__).resolve().parents[2]


FLOWLESS = (
    "tasks.commands.backtest",
    "tasks.commands.status",
    "tasks.commands.check_source",
    "tasks.commands.psql",
    "tasks.commands.export",
    "tasks.commands.plan",
    "tasks.commands.replay",
    "tasks.commands.start_anew",
    "tasks.commands.command_line",
    "dashboard.warehouse",
)
# Says after each whether Prefect has come with it.
IMPORT_EACH = """
import importlib, sys
for name in sys.argv[1:]:
    importlib.import_module(name)
    print(name, *sorted(other for other in sys.modules if other.startswith("prefect")))
"""


def test_commands_that_start_no_flow_import_no_prefect():
    done = subprocess.run(
        [sys.executable, "-c", IMPORT_EACH, *FLOWLESS],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout.splitlines(), done.returncode) == ([*FLOWLESS], 0), done.stderr


def test_main_imports_prefect_only_for_a_run():
    """As a script: the flow is at the end of the file, and what needs no flow has ended before."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "flows/main.py", "export"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "", "ENV_FILE": ""},
    )
    assert done.returncode == 2
    assert "export needs --to" in done.stderr
    assert re.search(r"\| +tasks\.settings$", done.stderr, flags=re.MULTILINE)
    assert not re.search(r"\| +prefect", done.stderr)


@pytest.mark.parametrize(
    "path", [*sorted(PROJECT.glob("flows/*.py")), *sorted(PROJECT.glob("tasks/**/__init__.py"))]
)
def test_flows_and_the_heads_of_rooms_do_nothing_at_their_import(path):
    tree = ast.parse(path.read_text("utf-8"))
    calls = [
        node
        for statement in tree.body
        if isinstance(statement, ast.Expr | ast.Assign | ast.AugAssign)
        for node in ast.walk(statement)
        if isinstance(node, ast.Call)
    ]
    assert calls == []
    assert "sys.path" not in path.read_text("utf-8")
    assert "gc." not in path.read_text("utf-8")


def planned_rooms():
    """Return the paths of the tree in CONTRIBUTING.md."""
    tree = (PROJECT / "CONTRIBUTING.md").read_text("utf-8").split("```")[1].strip("\n").splitlines()
    top, paths = "", set()
    for line in tree:
        name = line.split()[0]
        if not line.startswith(" "):
            top = name
        paths.add(name if not line.startswith(" ") else top + name)
    return paths


def standing_rooms():
    """Return what `ls` shows: the folders, those in tasks/ and sql/, and the files of the floors that have some."""
    tracked = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    paths = [Path(name) for name in tracked if (PROJECT / name).exists()]
    rooms = {f"{path.parts[0]}/" for path in paths if len(path.parts) > 1}
    rooms |= {
        f"{path.parts[0]}/{path.parts[1]}/"
        for path in paths
        if path.parts[0] in {"tasks", "sql"} and len(path.parts) > 2
    }
    rooms |= {
        str(path)
        for path in paths
        if path.parts[0] in {"flows", "tasks", "sql"}
        and len(path.parts) == 2
        and path.name not in {"__init__.py", ".sqlfluff"}
    }
    return rooms


def test_the_tree_in_contributing_is_what_ls_shows():
    assert planned_rooms() == standing_rooms()


def test_the_ground_floor_is_what_prefect_runs_and_the_words_that_all_share():
    words = {
        "errors", "silence", "datasets", "windows", "settings", "request", "retries", "session", "masked"
    }  # fmt: skip
    steps = {path.stem for path in PROJECT.glob("tasks/*.py")} - words - {"__init__"}
    for step in steps:
        module = importlib.import_module(f"tasks.{step}")
        assert [name for name, value in vars(module).items() if isinstance(value, Task)] == [step]
