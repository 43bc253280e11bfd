"""What an operator sees in Prefect: the run, its windows as children, its report; and nothing secret."""

import asyncio
import json
import logging
import os
import re
import time
from datetime import UTC, datetime

import httpx
import psutil
import psycopg
import requests
from prefect.client.orchestration import get_client
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect_sqlalchemy import ConnectionComponents, SqlAlchemyConnector

from demo.shapes import ONE_YEAR
from deploy.automations import automations, put_automations
from tasks.shown.artifacts import DRIFT_EVENT
from tests.integration.conftest import crime
from tests.integration.main_here import run_main_here

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
    """B26: a flow passes the bounds of a window, never rows."""
    world.store.insert(
        CRIMES, [crime("JH000001"), crime("JH000002", "2024-01-10T10:00:00.000")], at=world.now()
    )
    state = world.run(through_prefect=True)
    found = children(world, state)
    assert sorted(run["name"] for run in found) == ["2 to 8 Jan 2024", "9 to 10 Jan 2024"]
    assert {run["state_type"] for run in found} == {"COMPLETED"}
    assert [run["tags"] for run in found] == [["window"], ["window"]]
    # Parameters are text, dates and numbers: a window could run in another process.
    assert set(found[0]["parameters"]) == {"run_id", "window", "accept_retirements"}


def test_a_run_leaves_its_report_windows_and_progress_and_is_named_by_what_it_did(world, monkeypatch):
    monkeypatch.setenv("DASHBOARD_URL", "https://crime.example.org/")
    rows = [crime(f"JH{number:06}", "2024-01-08T10:00:00.000") for number in range(120)]
    world.store.insert(CRIMES, [crime("JH100001"), *rows, crime("JH100002", ward="99")], at=world.now())
    state = world.run(through_prefect=True)
    run_id = str(state.state_details.flow_run_id)
    left = ask(world, "artifacts", artifacts={"flow_run_id": {"any_": [run_id]}})
    data = {artifact["key"]: artifact["data"] for artifact in left}
    assert set(data) == {"run-report", "run-windows", "run-progress", "dashboard"}
    name = "backfill 2 to 8 Jan 2024 · equal, 121 new, 1 rejected"
    said = {artifact["key"]: artifact["description"] for artifact in left}
    assert (said["run-report"], said["run-windows"]) == (name, f"Windows of {name}")
    page = data["run-report"]
    # Written when the run is over, and for a person: no instant to the microsecond, no column's name.
    assert "| this run is | done |" in page
    assert not re.search(r"\d{2}\.\d{3,}|last_run|source_age|\| -\d", page)
    assert re.search(r"\| the City published last \| \d+ Jan 2024 \d\d:\d\d UTC \|", page)
    assert "the source holds 122 rows, we hold 122" in page
    # The longest bar is that of the new rows.
    (new,) = [line for line in page.splitlines() if line.startswith("new ")]
    assert new.split() == ["new", "121", "█" * 30]
    for part in (
        "### What changed, in rows",
        "### Seconds by step",
        "### Why rows were rejected",
        "### Freshness",
    ):
        assert part in page
    assert re.search(r"\| ward: .* \| 1 \|", page)
    windows = json.loads(data["run-windows"])
    assert [row["window"] for row in windows] == ["2 to 8 Jan 2024"]
    assert (windows[0]["status"], windows[0]["source"], windows[0]["inserted"], windows[0]["rejected"]) == (
        "done", 122, 121, 1,
    )  # fmt: skip
    assert float(data["run-progress"]) == 100.0
    assert "https://crime.example.org/" in data["dashboard"]
    run = requests.get(f"{world.prefect_api}/flow_runs/{run_id}", timeout=30).json()
    assert run["name"] == name
    assert set(run["tags"]) == {"run", "backfill", "done", "census"}


def test_a_server_that_takes_no_artifact_does_not_fail_the_run(world, monkeypatch, caplog):
    """The rows and their proof are stored; what is only to be looked at is no reason to say otherwise."""
    from tasks.shown import artifacts

    async def refused(*_args, **_values):
        raise httpx.ConnectError("no route to host")

    monkeypatch.setattr(artifacts, "acreate_markdown_artifact", refused)
    monkeypatch.setattr(artifacts, "acreate_progress_artifact", refused)
    world.store.insert(CRIMES, [crime("JH000001")], at=world.now())
    assert world.run(through_prefect=True).is_completed()
    said = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert any(
        "the report could not be left in Prefect: ConnectError: no route to host" in line for line in said
    )


def test_drift_that_loads_on_is_on_the_runs_page_and_the_automation_is_told_once(world):
    """Loud, and once: what is told at every run is muted."""

    def events(name):
        where = {"event": {"name": [name]}, "occurred": {"since": str(began)}}
        page = requests.post(f"{world.prefect_api}/events/filter", json={"filter": where}, timeout=30)
        return page.json()["events"]

    def awaited(name, count):
        for _ in range(180):
            if len(found := events(name)) >= count:
                break
            time.sleep(0.5)
        return found

    async def put():
        async with get_client() as client:
            wanted = automations(None)
            # Those of another test may tell through a block of its own.
            for name in (automation.name for automation in wanted):
                for left in await client.read_automations_by_name(name):
                    await client.delete_automation(left.id)
            await put_automations(wanted, client)

    began = datetime.now(UTC)
    with temporary_settings({PREFECT_API_URL: world.prefect_api}):
        asyncio.run(put())
    world.store.insert(CRIMES, [crime("JH000001")], at=world.now())
    world.portal.drift.add(CRIMES, "zone", value="north")
    state = world.run(through_prefect=True)
    assert state.is_completed()
    run_id = str(state.state_details.flow_run_id)
    (page,) = [
        artifact["data"]
        for artifact in ask(world, "artifacts", artifacts={"flow_run_id": {"any_": [run_id]}})
        if artifact["key"] == "run-report"
    ]
    assert f"- {CRIMES}: 'zone' is new (text), such as 'north', seen since " in page
    (event,) = awaited(DRIFT_EVENT, 1)
    assert event["payload"]["said"].startswith(f"{CRIMES}: 'zone' is new")
    assert "chicago-crime" in {resource.get("prefect.resource.name") for resource in event["related"]}
    told = [
        event["resource"]["prefect.resource.name"]
        for event in awaited("prefect.automation.action.executed", 1)
    ]
    assert told == ["chicago-crime: columns changed"]
    assert world.value("select told_at is not null from pipeline.source_columns where column_name = 'zone'")
    # The next run names it again, and tells nobody; a second column is told by itself.
    world.portal.drift.add(CRIMES, "sector", value="7")
    world.store.insert(CRIMES, [crime("JH000002")], at=world.now())
    assert world.run(through_prefect=True).is_completed()
    said = sorted(event["payload"]["said"].split("'")[1] for event in awaited(DRIFT_EVENT, 2))
    assert said == ["sector", "zone"]


def test_a_failed_run_is_failed_in_prefect_with_the_reason(world):
    world.store.insert(CRIMES, [crime(f"JH{number:06}", ward="99") for number in range(25)], at=world.now())
    state = world.run(through_prefect=True)
    run = requests.get(f"{world.prefect_api}/flow_runs/{state.state_details.flow_run_id}", timeout=30).json()
    assert run["state_type"] == "FAILED"
    assert "MAX_REJECT_SHARE" in run["state"]["message"]


def rows_that_say(conninfo, word):
    """Return the tables of a database of which a row holds a word, and the sessions whose statement does."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        tables = connection.execute(
            "select quote_ident(table_schema) || '.' || quote_ident(table_name) from information_schema.tables"
            " where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')"
        ).fetchall()
        assert len(tables) > 10
        found = [
            name
            for (name,) in tables
            if connection.execute(
                f"select 1 from {name} as found where found::text like %s limit 1", [f"%{word}%"]
            ).fetchone()
        ]
        said = "select application_name, query from pg_stat_activity where pid <> pg_backend_pid()"
        return found + [row for row in connection.execute(said).fetchall() if word in repr(row)]


def test_a_token_and_a_password_are_nowhere_in_what_a_run_leaves(world, postgres, monkeypatch, caplog):
    """Not in its finest output, in its errors, in a title of a process, or in any row of either database."""
    token, password = "secret-token-2f6c", "secret-password-9a1e"
    secrets = {"APP_TOKEN": token, "DB_PASSWORD": password, "PREFECT_LOGGING_LEVEL": "DEBUG"}
    world.store.insert(CRIMES, [crime("JH727272"), crime("JH000002", ward="99")], at=world.now())
    titles = []

    def look_at_processes(_seen):
        if not titles:
            titles.extend(process.info["cmdline"] for process in psutil.process_iter(["cmdline"]))

    world.portal.before_answer = look_at_processes
    said = [world.run_main(**secrets)]
    world.portal.before_answer = None
    assert said[0][0] == 0
    assert any("flows/main.py" in (title or []) for title in titles)
    sent = [{name.lower(): value for name, value in seen.headers.items()} for seen in world.portal.requests]
    assert any(headers.get("x-app-token") == token for headers in sent)
    assert not any(token in seen.target for seen in world.portal.requests)
    # Errors of the portal, of the database, and of the settings.
    caplog.set_level(logging.DEBUG)
    for name, value in secrets.items():
        monkeypatch.setenv(name, value)
    world.portal.answers.tokens = {"another"}
    ended = [run_main_here(world, "--mode", "reconcile")]
    assert "Invalid app_token" in world.last_run()["message"]
    for name, value in [("SERVER_NAME", "127.0.0.1"), ("PORT", "9"), ("PORT", "none")]:
        monkeypatch.setenv(name, value)
        ended.append(run_main_here(world))
    assert [end.code for end in ended] == [1, 1, 1, 2]
    said += [*ended, caplog.text]
    runs = ask(world, "flow_runs", sort="START_TIME_DESC", limit=5)
    logs = ask(world, "logs", limit=200, sort="TIMESTAMP_DESC")
    artifacts = ask(world, "artifacts", limit=5, sort="CREATED_DESC")
    assert runs
    assert logs
    assert artifacts
    databases = [world.conninfo, postgres.conninfo("prefect")]
    for secret in (token, password):
        assert secret not in repr((said, titles, runs, logs, artifacts))
        assert [rows_that_say(conninfo, secret) for conninfo in databases] == [[], []]
    # It would be found. A number of its own: the server's view of its sessions has what tests beside this one ask.
    assert rows_that_say(world.conninfo, "JH727272") == ["chicago.crimes"]


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
    assert world.run(through_prefect=True).is_completed()
    assert world.value("select count(*) from chicago.crimes") == 1
    environment = {"SERVER_NAME": "", "WAREHOUSE_BLOCK": os.environ["WAREHOUSE_BLOCK"]}
    code, out, err = world.run_main(**environment)
    assert code == 0, err
    assert world.environment["DATABASE_NAME"] in out


def test_a_block_that_is_not_there_is_named(world, monkeypatch):
    monkeypatch.setenv("SERVER_NAME", "")
    monkeypatch.setenv("WAREHOUSE_BLOCK", "nobody-saved-it")
    ended = run_main_here(world)
    assert ended.code == 2
    assert "WAREHOUSE_BLOCK: Prefect has no SqlAlchemyConnector block 'nobody-saved-it'" in ended.said
    assert "Traceback" not in ended.said


def test_an_address_of_a_server_without_api_is_said_to_be_that(world, monkeypatch):
    """It does answer; that it does not would send an operator to look at the network."""
    address = world.prefect_api.removesuffix("/api")
    monkeypatch.setattr(world, "prefect_api", address)
    ended = run_main_here(world)
    assert ended.code == 2
    (line,) = ended.why
    assert f"PREFECT_API_URL {address} answers with HTTP 404" in line
    assert "its address ends in /api" in line


def test_a_proxy_of_the_users_is_not_asked_for_what_is_on_this_machine(world, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "example.org")
    monkeypatch.setenv("no_proxy", "example.org")
    world.store.insert(CRIMES, [crime("JH000001")], at=world.now())
    ended = run_main_here(world)
    assert (ended.code, ended.why) == (0, [])
    assert os.environ["NO_PROXY"] == "example.org,127.0.0.1,localhost,::1"
