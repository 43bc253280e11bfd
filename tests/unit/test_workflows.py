"""The workflows for GitHub: what actionlint does not look at."""

import re
from pathlib import Path

import pytest
import yaml

PROJECT = Path(__file__).resolve().parents[2]
WORKFLOWS = sorted((PROJECT / ".github" / "workflows").glob("*.yml"))


def steps(file):
    """Return the steps of all jobs of a workflow."""
    jobs = yaml.safe_load(file.read_text())["jobs"].values()
    return [step for job in jobs for step in job["steps"]]


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.stem)
def test_no_step_of_a_workflow_passes_whatever_happens(file):
    for step in steps(file):
        assert "continue-on-error" not in step
        assert not re.search(r"\|\|\s*(true|:)(\s|$)|set \+e", step.get("run", "")), step["run"]


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.stem)
def test_a_workflow_may_read_and_keeps_no_login_of_git(file):
    declared = yaml.safe_load(file.read_text())
    assert declared["permissions"] == {"contents": "read"}
    for step in steps(file):
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"] == {"persist-credentials": False}


def test_every_make_target_of_a_workflow_is_there():
    targets = set(re.findall(r"^([a-z-]+):", (PROJECT / "Makefile").read_text(), re.MULTILINE))
    asked = {
        target
        for file in WORKFLOWS
        for step in steps(file)
        for target in re.findall(r"^\s*make ([a-z-]+)", step.get("run", ""), re.MULTILINE)
    }
    assert asked
    assert asked <= targets
