"""`make stack` without Docker, and compose.yaml with it: what they hold."""

from pathlib import Path

import pytest
import yaml

from deploy import local_stack
from tasks.warehouse.local.folder import make_services_folder

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


@pytest.mark.parametrize("service", ["postgres", "prefect"])
def test_a_port_of_compose_is_open_to_this_machine_alone(service):
    assert all(port.startswith("127.0.0.1:") for port in COMPOSE[service]["ports"])


def test_compose_waits_for_what_each_service_needs_and_builds_one_image():
    assert {name for name, found in COMPOSE.items() if "build" in found} == {"prefect"}
    assert {found["image"] for name, found in COMPOSE.items() if name != "postgres"} == {
        "chicago-crime:local"
    }
    for name in ("worker", "deploy"):
        assert COMPOSE[name]["depends_on"] == {"prefect": {"condition": "service_healthy"}}
        assert COMPOSE[name]["environment"]["PREFECT_API_URL"] == "http://prefect:4200/api"
    assert ":17." in COMPOSE["postgres"]["image"]
