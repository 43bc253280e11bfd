"""Each case and each guard is held by a test, and each has a mutant that shows that the test holds it."""

import ast
import re

import pytest

from tests.mutants.read import CASES, GUARDS, PROJECT, apply, read_mutants

MUTANTS = read_mutants()


def docstrings_of_tests():
    """Return of each file of tests the docstring of each test."""
    return {
        str(path.relative_to(PROJECT)): {
            node.name: ast.get_docstring(node) or ""
            for node in ast.walk(ast.parse(path.read_text("utf-8")))
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
        }
        for path in sorted((PROJECT / "tests").rglob("test_*.py"))
    }


FOUND = docstrings_of_tests()


@pytest.mark.parametrize("case", CASES)
def test_each_case_of_the_public_reports_is_a_test(case):
    said = [text for tests in FOUND.values() for text in tests.values()]
    assert any(re.search(rf"\b{case}\b", text) for text in said), f"no test's docstring names {case}"


def test_each_case_and_each_guard_has_a_mutant():
    assert {case for mutant in MUTANTS for case in mutant.cases} == set(CASES)
    assert {guard for mutant in MUTANTS for guard in mutant.guards} == set(GUARDS)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mutant_still_applies_and_its_tests_are_there(mutant):
    """By text alone; `make mutants` runs them."""
    assert apply(mutant, PROJECT, "--check") == ""
    for test in mutant.tests:
        path, _, name = test.partition("::")
        assert name.partition("[")[0] in FOUND.get(path, {}), f"{test} is no test"
