"""What an operator sees in Prefect: the run, its windows as children, its report; and nothing secret."""

import os

import requests
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect_sqlalchemy import ConnectionComponents, SqlAlchemyConnector

from demo.datasets import ONE_YEAR
from tests.integration.conftest import crime

CRIMES = ONE_YEAR.id


def ask(world, path, **body):
    """Ask Prefect's server for a list."""
    answer = requests.post(f"{world.prefect_api}/{path}/filter", json=body, timeout=30)
    answer.raise_for_status()
    return answer.json()


def children(world, state):
    """Return the flow runs of a run's windows."""
    tasks = ask(world, "task_runs", flow_runs={"id": {"any_": [str(state.state_details.flow_run_id)]}})
    parents = [task["id"] for task in tasks]
    return ask(world, "flow_runs", flow_runs={"parent_task_run_id": {"any_": parents}})


def test_windows_are_children_of_the_run_and_named_by_their_span(world):
    world.store.insert(
        CRIMES, [crime("JH000001"), crime("JH000002", "2024-01-10T10:00:00.000")], at=world.now()
    )
    state = world.run()
    found = children(world, state)
    assert sorted(run["name"] for run in found) == ["2024-01-02..2024-01-09", "2024-01-09..2024-01-11"]
    assert {run["state_type"] for run in found} == {"COMPLETED"}
    # Parameters are text, dates and numbers: a window could run in another process.
    assert set(found[0]["parameters"]) == {"run_id", "window", "accept_retirements"}


def test_the_report_is_an_artifact(world):
    world.store.insert(CRIMES, [crime("JH000001")], at=world.now())
    state = world.run()
    (artifact,) = ask(
        world, "artifacts", artifacts={"flow_run_id": {"any_": [str(state.state_details.flow_run_id)]}}
    )
    assert artifact["key"] == "run-report"
    assert "the source holds 1 rows, we hold 1" in artifact["data"]


def test_a_failed_run_is_failed_in_prefect_with_the_reason(world):
    world.store.insert(CRIMES, [crime(f"JH{number:06}", ward="99") for number in range(5)], at=world.now())
    state = world.run()
    run = requests.get(f"{world.prefect_api}/flow_runs/{state.state_details.flow_run_id}", timeout=30).json()
    assert run["state_type"] == "FAILED"
    assert "MAX_REJECT_SHARE" in run["state"]["message"]


def test_a_token_and_a_password_are_nowhere_in_what_a_run_leaves(world):
    token, password = "secret-token-2f6c", "secret-password-9a1e"
    world.store.insert(CRIMES, [crime("JH000001"), crime("JH000002", ward="99")], at=world.now())
    code, out, err = world.run_main(APP_TOKEN=token, DB_PASSWORD=password)
    assert code == 0
    sent = [{name.lower(): value for name, value in seen.headers.items()} for seen in world.portal.requests]
    assert any(headers.get("x-app-token") == token for headers in sent)
    assert not any(token in seen.target for seen in world.portal.requests)
    runs = ask(world, "flow_runs", sort="START_TIME_DESC", limit=5)
    logs = ask(world, "logs", limit=200, sort="TIMESTAMP_DESC")
    artifacts = ask(world, "artifacts", limit=5, sort="CREATED_DESC")
    tables = [
        world.query(f"select * from pipeline.{table}")
        for table in ("runs", "windows", "rejected_rows", "audits")
    ]
    for secret in (token, password):
        assert secret not in repr((out, err, runs, logs, artifacts, tables))


def test_a_saved_block_is_the_warehouse_where_it_is_named(world, monkeypatch):
    monkeypatch.delenv("SERVER_NAME")
    monkeypatch.setenv("WAREHOUSE_BLOCK", f"warehouse-{world.environment['DATABASE_NAME'].replace('_', '-')}")
    components = ConnectionComponents(
        driver="postgresql+psycopg",
        username=world.environment["DB_USERNAME"],
        database=world.environment["DATABASE_NAME"],
        query={"host": world.environment["SERVER_NAME"]},
    )
    with temporary_settings({PREFECT_API_URL: world.prefect_api}):
        SqlAlchemyConnector(connection_info=components).save(os.environ["WAREHOUSE_BLOCK"], overwrite=True)
    world.store.insert(CRIMES, [crime("JH000001")], at=world.now())
    assert world.run().is_completed()
    assert world.value("select count(*) from chicago.crimes") == 1
    environment = {"SERVER_NAME": "", "WAREHOUSE_BLOCK": os.environ["WAREHOUSE_BLOCK"]}
    code, out, err = world.run_main(**environment)
    assert code == 0, err
    assert world.environment["DATABASE_NAME"] in out


def test_a_block_that_is_not_there_is_named(world):
    code, out, err = world.run_main(SERVER_NAME="", WAREHOUSE_BLOCK="nobody-saved-it")
    assert code == 2
    assert "WAREHOUSE_BLOCK: Prefect has no SqlAlchemyConnector block 'nobody-saved-it'" in err
    assert "Traceback" not in out + err
