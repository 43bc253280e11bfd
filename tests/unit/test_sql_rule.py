"""The rule for SQL: a statement of more than three lines is a file in sql/, and none is made by formatting text."""

import ast
import re
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
MODULES = sorted(
    path for room in ("tasks", "flows", "dashboard", "deploy") for path in PROJECT.glob(f"{room}/**/*.py")
)
STATEMENT = re.compile(
    r"\s*(select|insert into|update|delete from|with \w+ as|create|alter|drop|set|truncate|copy|grant)\s"
)
RUNS_SQL = {"text", "execute", "exec_driver_sql", "run_sql"}


def calls_that_run_sql(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", None)
            if name in RUNS_SQL:
                yield node


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PROJECT)))
def test_a_statement_of_more_than_three_lines_is_a_file(path):
    tree = ast.parse(path.read_text("utf-8"))
    docstrings = {
        node.body[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    long = [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and node not in docstrings
        and STATEMENT.match(node.value)
        and node.end_lineno - node.lineno >= 3
    ]
    assert long == []


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PROJECT)))
def test_no_statement_is_made_by_formatting_text(path):
    """Names that a parameter cannot stand for are put together by psycopg.sql, which quotes them."""
    made = [
        call.lineno
        for call in calls_that_run_sql(ast.parse(path.read_text("utf-8")))
        for argument in call.args[:1]
        if isinstance(argument, ast.JoinedStr | ast.BinOp)
        or (
            isinstance(argument, ast.Call)
            and isinstance(argument.func, ast.Attribute)
            and argument.func.attr in {"format", "join"}
            and isinstance(argument.func.value, ast.Constant)
        )
    ]
    assert made == []


STATEMENTS = sorted(
    path for path in PROJECT.glob("sql/**/*.sql") if path.parent.name not in {"views", "migrations"}
)


@pytest.mark.parametrize("path", STATEMENTS, ids=lambda path: str(path.relative_to(PROJECT)))
def test_the_head_of_a_statement_names_each_of_its_parameters(path):
    head, body = [], []
    for line in path.read_text("utf-8").splitlines():
        (head if line.startswith("--") else body).append(line)
    _, _, named = " ".join(head).partition("Parameters:")
    bound = set(re.findall(r"(?<![:\w]):([a-z_]+)", "\n".join(body)))
    assert bound - set(re.findall(r"\w+", named)) == set()


def test_the_city_s_time_zone_stands_once_in_sql():
    files = PROJECT.glob("sql/**/*.sql")
    assert [path.name for path in files if "America/" in path.read_text("utf-8")] == [
        "0014.wall_clock_and_scope.sql"
    ]
