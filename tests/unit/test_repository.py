"""What must agree between the files of the repository."""

import re
import sys
import tomllib
from itertools import pairwise
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from demo.__main__ import make_environment, settings_names
from tasks.settings import Settings

PROJECT = Path(__file__).resolve().parents[2]
PROJECT_TOML = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
EXAMPLE = (PROJECT / ".env.example").read_text()


def pins(name):
    """Return the pinned versions of a requirements file, and which packages this project asks for by itself."""
    versions, ours, package = {}, set(), ""
    for line in (PROJECT / name).read_text().splitlines():
        if found := re.match(r"([A-Za-z0-9._-]+)(?:\[.*\])?==(\S+)", line):
            package = canonicalize_name(found[1])
            versions.setdefault(package, set()).add(found[2])
        elif "chicago-crime (pyproject.toml)" in line:
            ours.add(package)
    return versions, ours


def named(requirements):
    return {canonicalize_name(Requirement(line).name) for line in requirements}


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dashboard.txt", "requirements-dev.txt"])
def test_requirements_are_compiled_from_pyproject(name):
    asked = list(PROJECT_TOML["dependencies"])
    if name != "requirements.txt":
        asked += PROJECT_TOML["optional-dependencies"]["dashboard"]
    if "dev" in name:
        asked += PROJECT_TOML["optional-dependencies"]["dev"]
    versions, ours = pins(name)
    assert ours == named(asked), "run `make requirements`"
    for requirement in map(Requirement, asked):
        for version in versions[canonicalize_name(requirement.name)]:
            assert requirement.specifier.contains(version), (
                f"{requirement}, not {version}: run `make requirements`"
            )


def test_what_runs_in_the_image_is_what_was_tested():
    image, tested = pins("requirements.txt")[0], pins("requirements-dev.txt")[0]
    assert {package: tested.get(package) for package in image} == image


def test_the_example_names_every_setting_in_order_and_nothing_else():
    assert settings_names(EXAMPLE) == [name.upper() for name in Settings.model_fields]


def test_the_example_holds_the_defaults(monkeypatch):
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    assert Settings(_env_file=PROJECT / ".env.example") == Settings(_env_file=None)


def test_each_setting_of_the_example_has_its_line_of_explanation():
    lines = EXAMPLE.splitlines()
    for before, line in pairwise(lines):
        if "=" in line and not line.startswith("#"):
            assert before.startswith("# "), line


def test_no_file_of_flows_has_the_name_of_a_folder_or_of_a_standard_module():
    # Prefect puts flows/ first on the module path.
    folders = {path.name for path in PROJECT.iterdir() if path.is_dir()}
    names = {path.stem for path in (PROJECT / "flows").glob("*.py")}
    assert not names & (folders | set(sys.stdlib_module_names))


def test_the_demo_knows_none_of_the_users_settings():
    own = dict.fromkeys(settings_names(EXAMPLE), "mine")
    own |= {"PREFECT_API_URL": "https://api.example.org", "PREFECT_API_KEY": "mine", "HOME": "/home/me"}
    made = make_environment(own, settings_names(EXAMPLE), "http://127.0.0.1:1", "demo", Path("/tmp/prefect"))
    assert "mine" not in made.values()
    assert made == {
        "HOME": "/home/me",
        "ENV_FILE": "",
        "STAMP_MARGIN_DAYS": "3650",
        "APP_TOKEN": "stand-in",
        "PORTAL_URL": "http://127.0.0.1:1",
        "DATABASE_NAME": "demo",
        "PREFECT_HOME": "/tmp/prefect",
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
    }


def test_make_help_tells_of_every_command():
    makefile = (PROJECT / "Makefile").read_text()
    phony = (
        re.search(r"^\.PHONY:((?:.*\\\n)*.*)$", makefile, flags=re.MULTILINE)[1].replace("\\", " ").split()
    )
    told = set(re.findall(r"^([a-z-]+):.*## ", makefile, flags=re.MULTILINE))
    assert {target for target in phony if not target.startswith("lint-")} == told


def test_the_readme_is_read_in_a_terminal():
    lines = (PROJECT / "README.md").read_text("utf-8").splitlines()
    assert len(lines) <= 220
    assert max(len(line) for line in lines) <= 110


def test_the_readme_says_what_the_data_cannot_say():
    readme = (PROJECT / "README.md").read_text("utf-8")
    caveats = re.search(r"^## Caveats\n(.*?)^## ", readme, flags=re.MULTILINE | re.DOTALL)[1]
    cannot = re.search(r"\*\*What the data cannot say\*\*:(.*)", caveats)[1]
    assert all(word in cannot for word in ("officers", "calls", "cost", "clearance"))
