"""The Dockerfile's steps, done one by one without Docker: the same files, the same packages, the same command.

As root, and where an interpreter is that everybody may run, it is done as the image's user. What it does not show: the
base image, and that the layers cache.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

import pytest

from demo.shapes import ONE_YEAR
from tests.integration.conftest import crime

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


def open_interpreter():
    """Return an interpreter that the image's user may run, if there is one, and else this one."""
    usual = Path(f"/usr/bin/python{sys.version_info.major}.{sys.version_info.minor}")
    return usual if os.geteuid() == 0 and usual.exists() else Path(sys.executable)


class Image:
    """What the steps have made: the folder /app, the environment of a run, and an interpreter with the packages."""

    def __init__(self, root):
        root.chmod(0o755)
        interpreter = open_interpreter()
        # Only root may be another user.
        self.is_anothers = interpreter != Path(sys.executable)
        self.user = None
        self.app = root / "app"
        self.python = root / "venv" / "bin" / "python"
        self.home = root / "home"
        self.bytecode = root / "bytecode"
        self.environment = {"PATH": f"{self.python.parent}:{os.environ['PATH']}", "HOME": str(self.home)}
        self.command = []
        for folder in (self.app, self.home, self.bytecode):
            folder.mkdir()
        self._call([UV, "venv", "--quiet", "--python", interpreter, self.python.parent.parent])

    def do(self, instruction, rest):
        """Do one step of the Dockerfile; a step that is not known here fails the test."""
        if instruction == "COPY":
            self._copy(*rest.split())
        elif instruction == "ENV":
            self.environment |= dict(re.findall(r"(\w+)=(\S+)", rest))
            # pip compiles what it installs and uv does not: here the first run has to leave its bytecode, and where
            # the image's user may write.
            self.environment.pop("PYTHONDONTWRITEBYTECODE", None)
            self.environment["PYTHONPYCACHEPREFIX"] = str(self.bytecode)
        elif instruction == "CMD":
            self.command = json.loads(rest)
        elif instruction == "RUN" and rest.startswith("pip install "):
            self._install(rest.removeprefix("pip install ").split())
        elif instruction == "USER":
            self._become(int(rest.split(":")[0]))
        elif instruction == "RUN" and rest.startswith("python "):
            self._call([self.python, *rest.split()[1:]])
        else:
            made_elsewhere = instruction in {"FROM", "LABEL", "WORKDIR"} or rest.startswith("groupadd ")
            assert made_elsewhere, f"this test does not know {instruction} {rest}"

    def run(self, *arguments, command=None, **environment):
        """Run the image's command, or another one, and return what became of it."""
        own = self.environment | {"PREFECT_HOME": str(self.home / ".prefect")} | environment
        return subprocess.run(
            [*(command or self.command), *arguments],
            cwd=self.app,
            user=self.user,
            group=self.user,
            extra_groups=None if self.user is None else [],
            env=own,
            capture_output=True,
            text=True,
            check=False,
            timeout=180,  # a machine that others use too
        )

    def _become(self, user):
        if self.is_anothers:
            self.user = user
            for folder in (self.home, self.bytecode):
                os.chown(folder, user, user)

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
def image():
    # Not below pytest's own folder, which is closed to other users.
    with tempfile.TemporaryDirectory(prefix="image-") as folder:
        made = Image(Path(folder))
        for instruction, rest in instructions():
            made.do(instruction, rest)
        yield made


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


@pytest.mark.parametrize("command", ["worker start --type ecs --pool any", "flow-run execute"])
def test_no_command_of_prefect_starts_a_server_of_its_own(image, command):
    """What the containers of the cloud run: the worker, and what a worker has them run."""
    done = image.run(
        command=["python", "-m", "prefect", *command.split()],
        PREFECT__FLOW_RUN_ID="00000000-0000-4000-8000-000000000000",
    )
    assert done.returncode == 1
    assert "Please set PREFECT_API_URL" in done.stdout + done.stderr
    assert "temporary server" not in done.stdout + done.stderr


def test_without_a_prefect_server_it_starts_none_of_its_own(image):
    done = image.run(SERVER_NAME="db.invalid", DB_USERNAME="loader", DB_PASSWORD="not-to-be-shown")
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "PREFECT_API_URL is not set" in line
    assert "not-to-be-shown" not in done.stdout + done.stderr


def test_a_whole_run_of_the_images_files_as_its_user_writes_nothing_beside_them(
    image, environment, front, authority, store
):
    """As in the cloud: over TLS that is verified, to a database and a Prefect server elsewhere."""
    store.insert(ONE_YEAR.id, [crime("JH000001"), crime("JH000002")], at=datetime.now(UTC))
    assert int(image.run(command=["id", "-u"]).stdout) == (image.user or os.geteuid())
    before = sorted(image.app.rglob("*"))
    bundle = shutil.copy(authority.bundle, image.home)
    Path(bundle).chmod(0o644)
    connection = {"SERVER_NAME": "localhost", "PORT": str(front.port), "DB_SSLMODE": "verify-full"}
    done = image.run(**(environment | connection), DB_CA_FILE=bundle, DB_PASSWORD="not-asked-for")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "backfill done in" in done.stdout
    assert "the source holds 2 rows, we hold 2" in done.stdout
    assert sorted(image.app.rglob("*")) == before
