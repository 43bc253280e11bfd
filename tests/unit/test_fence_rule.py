"""The rule for transactions: a run goes into one by `ledger.run_transaction`, which begins with the fence."""

import ast
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
# Who begins one otherwise, and why.
OTHERWISE = {
    "tasks/warehouse/ledger.py": "it is there that run_transaction stands",
    "tasks/warehouse/migrations.py": "before there is a run, under the writer's lock",
    "tasks/warehouse/analyst.py": "the role of an analyst, asked for by a person",
    "tasks/run/lifecycle.py": "opens and closes the run, and notes one that was skipped",
}
MODULES = sorted(path for room in ("tasks", "flows") for path in PROJECT.glob(f"{room}/**/*.py"))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PROJECT)))
def test_a_transaction_of_a_run_is_begun_by_the_fence_alone(path):
    name = path.relative_to(PROJECT).as_posix()
    begun = [
        node.lineno
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "begin"
    ]
    assert bool(begun) == (name in OTHERWISE), begun
