"""The Dockerfile's steps, done one by one without Docker: the same files, the same packages, the same command.

What it does not show: the base image, the user's id, and that the layers cache.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

import pytest

PROJECT = Path(__file__).resolve().parents[2]
UV = Path(sys.executable).with_name("uv")


def instructions():
    """Return the Dockerfile as (instruction, rest) pairs, continued lines joined."""
    lines = [
        line
        for line in (PROJECT / "Dockerfile").read_text().splitlines()
        if not line.lstrip().startswith("#")
    ]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [tuple(line.split(maxsplit=1)) for line in joined.splitlines() if line.strip()]


def is_let_through(path):
    """Say whether .dockerignore lets a path of the project into the build: the last pattern that matches decides."""
    passes = True
    for line in (PROJECT / ".dockerignore").read_text().splitlines():
        pattern = line.strip()
        if not pattern or pattern.startswith("#"):
            continue
        wanted = pattern.removeprefix("!")
        places = [path, *path.parents[:-1]]
        if wanted.startswith("**/"):
            matched = any(fnmatch(place.name, wanted.removeprefix("**/")) for place in places)
        else:
            matched = any("/" not in str(place) and fnmatch(str(place), wanted) for place in places)
        if matched:
            passes = pattern.startswith("!")
    return passes


class Image:
    """What the steps have made: the folder /app, the environment of a run, and an interpreter with the packages."""

    def __init__(self, root):
        self.app = root / "app"
        self.python = root / "venv" / "bin" / "python"
        self.home = root / "home"
        self.environment = {"PATH": f"{self.python.parent}:{os.environ['PATH']}", "HOME": str(self.home)}
        self.command = []
        self.app.mkdir()
        self.home.mkdir()
        self._call([UV, "venv", "--quiet", "--python", sys.executable, self.python.parent.parent])

    def do(self, instruction, rest):
        """Do one step of the Dockerfile; a step that is not known here fails the test."""
        if instruction == "COPY":
            self._copy(*rest.split())
        elif instruction == "ENV":
            self.environment |= dict(re.findall(r"(\w+)=(\S+)", rest))
            # pip compiles what it installs and uv does not: here the first run has to leave its bytecode.
            self.environment.pop("PYTHONDONTWRITEBYTECODE", None)
        elif instruction == "CMD":
            self.command = json.loads(rest)
        elif instruction == "RUN" and rest.startswith("pip install "):
            self._install(rest.removeprefix("pip install ").split())
        elif instruction == "RUN" and rest.startswith("python "):
            self._call([self.python, *rest.split()[1:]])
        else:
            made_elsewhere = instruction in {"FROM", "LABEL", "USER", "WORKDIR"} or rest.startswith(
                "groupadd "
            )
            assert made_elsewhere, f"this test does not know {instruction} {rest}"

    def run(self, *arguments, **environment):
        """Run the image's command and return what became of it."""
        own = self.environment | {"PREFECT_HOME": str(self.home / ".prefect")} | environment
        return subprocess.run(
            [*self.command, *arguments],
            cwd=self.app,
            env=own,
            capture_output=True,
            text=True,
            check=False,
            timeout=180,  # a machine that others use too
        )

    def _copy(self, source, target):
        folder = PROJECT / source
        for file in [folder] if folder.is_file() else sorted(folder.rglob("*")):
            path = PurePosixPath(file.relative_to(PROJECT).as_posix())
            if file.is_file() and is_let_through(path):
                place = self.app / target / (file.relative_to(folder) if folder.is_dir() else file.name)
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(file, place)

    def _install(self, arguments):
        command = [UV, "pip", "install", "--quiet", "--python", self.python, *arguments]
        # From uv's cache, which setting up has filled; from the registry where it is not so.
        if subprocess.run([*command, "--offline"], cwd=self.app, capture_output=True, check=False).returncode:
            self._call(command)

    def _call(self, command):
        subprocess.run(command, cwd=self.app, check=True, capture_output=True)


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    made = Image(tmp_path_factory.mktemp("image"))
    for instruction, rest in instructions():
        made.do(instruction, rest)
    return made


def test_the_image_holds_what_a_run_needs_and_nothing_else(image):
    assert sorted(path.name for path in image.app.iterdir()) == [
        "data",
        "flows",
        "requirements.txt",
        "sql",
        "tasks",
    ]
    names = {path.name for path in image.app.rglob("*")}
    assert not {name for name in names if name.startswith((".env", ".git", ".local"))}


def test_secrets_tests_and_local_state_stay_out_of_the_build():
    for path in (
        ".env",
        ".git/config",
        ".local/demo/city.sqlite",
        "tests/conftest.py",
        "tasks/.env",
        "demo/city.py",
    ):
        assert not is_let_through(PurePosixPath(path)), path
    assert is_let_through(PurePosixPath("sql/views/crimes_enriched.sql"))


def test_nothing_secret_is_written_in_the_dockerfile():
    settings = " ".join(rest for instruction, rest in instructions() if instruction in {"ENV", "ARG"})
    assert not re.search(r"TOKEN|PASSWORD|SECRET|KEY", settings)


def test_the_image_runs_as_a_user_with_a_fixed_id():
    users = [rest for instruction, rest in instructions() if instruction == "USER"]
    assert users == ["10001:10001"]


def test_its_command_helps(image):
    done = image.run("--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert "usage: main.py" in done.stdout


def test_without_a_server_it_ends_at_once_and_says_what_is_missing(image):
    before = sorted(image.app.rglob("*"))
    done = image.run()
    assert done.returncode == 2
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert "REQUIRE_SERVER is set, so SERVER_NAME" in line
    assert sorted(image.app.rglob("*")) == before


def test_without_a_prefect_server_it_starts_none_of_its_own(image):
    done = image.run(SERVER_NAME="db.invalid", DB_USERNAME="loader", DB_PASSWORD="not-to-be-shown")
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "PREFECT_API_URL is not set" in line
    assert "not-to-be-shown" not in done.stdout + done.stderr
