"""`make stack` without Docker, and compose.yaml with it: what they hold."""

import re
from pathlib import Path

import yaml
from prefect.settings import Settings
from sqlalchemy import make_url

from deploy import local_stack
from tasks.local.folder import make_services_folder

PROJECT = Path(__file__).resolve().parents[2]
COMPOSE = yaml.safe_load((PROJECT / "compose.yaml").read_text())["services"]


def test_the_worker_starts_for_the_stacks_server_and_stop_ends_it(
    prefect_server, postgres, tmp_path, monkeypatch, capsys
):
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    # The services and deployments are the session's; what is looked at is the worker.
    monkeypatch.setattr(local_stack.local_services, "ensure_postgres", lambda _project: postgres)
    monkeypatch.setattr(local_stack.local_services, "ensure_prefect_server", lambda *_: prefect_server)
    monkeypatch.setattr(local_stack.to_prefect, "deploy", lambda: "")
    make_services_folder(tmp_path)
    try:
        assert local_stack.main(["start", "--project", str(tmp_path)]) == 0
        assert capsys.readouterr().out.startswith(f"ui         {prefect_server.ui_url}\n")
        process = local_stack.worker_daemon(tmp_path).process()
        assert process.environ()["PREFECT_API_URL"] == prefect_server.api_url
    finally:
        assert local_stack.main(["stop", "--project", str(tmp_path)]) == 0
    assert capsys.readouterr().out.startswith(f"stopped Prefect's worker (pid {process.pid})")
    assert not local_stack.worker_daemon(tmp_path).is_alive()


def test_a_stack_beside_a_server_that_is_set_is_refused(monkeypatch, capsys):
    monkeypatch.setenv("PREFECT_API_URL", "https://prefect.example.org/api")
    assert local_stack.main(["start"]) == 2
    assert "unset it" in capsys.readouterr().err


def test_a_port_of_compose_is_open_to_this_machine_alone():
    published = [port for service in COMPOSE.values() for port in service.get("ports", [])]
    assert {"127.0.0.1:5432:5432", "127.0.0.1:4200:4200"} <= set(published)
    assert all(port.startswith("127.0.0.1:") for port in published)


def test_compose_waits_for_what_each_service_needs_and_builds_one_image():
    assert {name for name, found in COMPOSE.items() if "build" in found} == {"prefect", "dashboard"}
    assert {found["image"] for name, found in COMPOSE.items() if name not in {"postgres", "dashboard"}} == {
        "chicago-crime:local"
    }
    assert COMPOSE["deploy"]["depends_on"] == {"prefect": {"condition": "service_healthy"}}
    # Which makes the work pool: a worker that starts beside it makes it too, and one of the two fails.
    assert COMPOSE["worker"]["depends_on"] == {"deploy": {"condition": "service_completed_successfully"}}
    for name in ("worker", "deploy"):
        assert COMPOSE[name]["environment"]["PREFECT_API_URL"] == "http://prefect:4200/api"
    assert ":17." in COMPOSE["postgres"]["image"]
    (folder,) = [each for each in COMPOSE["postgres"]["volumes"] if each.startswith("./")]
    scripts = sorted((PROJECT / folder.split(":")[0]).iterdir())
    assert "create database prefect;" in "".join(script.read_text() for script in scripts)


def test_the_dashboard_of_compose_logs_in_as_the_analyst_whom_each_run_grants_what_to_read():
    dashboard = COMPOSE["dashboard"]
    role = dashboard["environment"]["DB_USERNAME"]
    assert COMPOSE["worker"]["environment"]["ANALYST_ROLE"] == role
    assert dashboard["environment"]["DB_PASSWORD"] == COMPOSE["postgres"]["environment"]["ANALYST_PASSWORD"]
    assert f"create role {role} login password" in (PROJECT / "deploy/compose/analyst.sql").read_text()
    assert dashboard["ports"] == ["127.0.0.1:8501:8501"]
    dockerfile = (PROJECT / dashboard["build"]["dockerfile"]).read_text()
    for folder in re.findall(r"^COPY (\S+) ", dockerfile, flags=re.MULTILINE):
        assert (PROJECT / folder).exists(), folder


def test_a_password_of_compose_may_hold_any_character(monkeypatch):
    """Prefect's server makes the address of its database of these parts, and quotes them."""
    environment = {
        name: str(value)
        for name, value in COMPOSE["prefect"]["environment"].items()
        if name.startswith("PREFECT_SERVER_DATABASE_")
    }
    for name, value in (environment | {"PREFECT_SERVER_DATABASE_PASSWORD": "p@ss/w#%rd"}).items():
        monkeypatch.setenv(name, value)
    address = make_url(Settings().server.database.connection_url.get_secret_value())
    assert (address.host, address.database, address.password) == ("postgres", "prefect", "p@ss/w#%rd")
    assert address.drivername == "postgresql+asyncpg"


def test_the_ui_of_compose_is_unpacked_where_the_images_user_may_write():
    image = (PROJECT / "Dockerfile").read_text()
    (home,) = re.findall(r"PREFECT_HOME=(\S+)", image)
    assert COMPOSE["prefect"]["environment"]["PREFECT_UI_STATIC_DIRECTORY"].startswith(f"{home}/")
