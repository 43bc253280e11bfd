"""Where the local services live and how one addresses them: the parts that start nothing."""

import os
from datetime import timedelta

import pytest
from prefect.settings.models.server.events import ServerEventsSettings
from prefect.settings.models.server.services import ServerServicesDBVacuumSettings
from psycopg.conninfo import conninfo_to_dict

from tasks.local import daemon, folder, postgres, prefect_server
from tasks.local.daemon import Daemon
from tasks.local.postgres import LocalPostgres


@pytest.fixture
def _as_ordinary_user(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)


@pytest.mark.usefixtures("_as_ordinary_user")
def test_an_ordinary_user_has_the_services_in_the_project_folder(tmp_path):
    assert folder.services_folder(tmp_path) == tmp_path / ".local" / "services"
    assert folder.socket_folder(tmp_path / "p").parent in {
        tmp_path / "p" / ".local" / "services",
        folder.SHORT_HOME,
    }


@pytest.mark.usefixtures("_as_ordinary_user")
@pytest.mark.parametrize(
    "name", ["n" * 100, "é" * 40, "with space", "with,comma", "with'quote", 'with"quote']
)
def test_a_path_that_a_socket_or_a_client_cannot_take_gives_a_short_plain_one(tmp_path, name):
    found = folder.socket_folder(tmp_path / name)
    assert found.parent == folder.SHORT_HOME
    assert str(found).startswith("/tmp/chicago-crime-1000-")
    assert found != folder.socket_folder(tmp_path / (name + "2"))


def test_root_has_the_services_of_each_project_under_var_lib(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    (tmp_path / "a").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "a")
    first = folder.services_folder(tmp_path / "a")
    assert first.parent == folder.ROOT_HOME
    assert first == folder.services_folder(tmp_path / "link")
    assert first != folder.services_folder(tmp_path / "b")


def test_the_connection_string_and_the_command_name_the_socket_the_role_and_the_database(
    tmp_path, monkeypatch
):
    found = LocalPostgres(tmp_path / "sockets", "postgres")
    assert conninfo_to_dict(found.conninfo("chicago")) == {
        "host": str(tmp_path / "sockets"),
        "user": "postgres",
        "dbname": "chicago",
    }
    monkeypatch.setattr(postgres.shutil, "which", lambda _name: "/usr/bin/psql")
    assert found.psql_command("chicago") == f"psql -h {tmp_path / 'sockets'} -U postgres chicago"
    monkeypatch.setattr(postgres.shutil, "which", lambda _name: None)
    assert found.psql_command("chicago").endswith(f"bin/psql -h {tmp_path / 'sockets'} -U postgres chicago")


@pytest.mark.parametrize(
    "text", ["", '{"port": 42', '{"port": "many", "version": "3"}', "[]", '"4200"', "{}"]
)
def test_a_half_written_or_foreign_state_file_counts_as_none(tmp_path, text):
    (tmp_path / "prefect.json").write_text(text)
    assert prefect_server._read_server(tmp_path) is None


def test_a_program_that_never_ran_is_not_alive_and_its_files_are_not_made(tmp_path):
    daemon = Daemon("never", "Nothing", tmp_path / "missing", folder.own_account(), ())
    assert not daemon.is_alive()
    assert daemon.process() is None
    assert daemon.end() is None
    assert daemon.log_tail() == ""
    assert not daemon.folder.exists()


def test_a_log_that_has_grown_large_is_cut_and_its_end_is_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(daemon, "MAX_LOG_BYTES", 1000)
    program = Daemon("talker", "A talker", tmp_path, folder.own_account(), ())
    program.cut_log()
    assert not list(tmp_path.iterdir()), "where there is no log, none is made"
    with program.log_file.open("a") as said:
        said.write("x" * 1000)
        said.flush()
        program.cut_log()
        assert program.log_file.stat().st_size == 1000
        said.write("the last word\n")
        said.flush()
        program.cut_log()
        assert program.log_file.stat().st_size == 0
        said.write("and on\n")
    assert program.log_file.read_text() == "and on\n"
    assert (tmp_path / "talker.previous.log").read_text().endswith("xxx" + "the last word\n")
    assert len(list(tmp_path.iterdir())) == 2


def test_prefects_server_understands_what_it_is_told_of_clearing(tmp_path, monkeypatch):
    """The settings of the installed version, as it reads them: a word that it does not know would clear nothing."""
    for name, value in prefect_server._environment(
        tmp_path, 4200, LocalPostgres(tmp_path, "postgres")
    ).items():
        monkeypatch.setenv(name, value)
    told = ServerServicesDBVacuumSettings()
    assert told.enabled_vacuum_types == {"events", "flow_runs", "orphans"}
    assert told.retention_period == timedelta(days=prefect_server.KEPT_DAYS)
    assert ServerEventsSettings().retention_period == timedelta(days=7)
