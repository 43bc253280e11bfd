"""The deployments of prefect.yaml on a real Prefect server, run by a real worker against the stand-in city.

A worker takes any run of the pool, so that these tests are one process's work, one after another (`--dist loadfile`).
"""

import asyncio
import importlib
import inspect
import os
import re
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime
from functools import partial
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import psutil
import psycopg
import pytest
import yaml
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.filters import (
    FlowFilter,
    FlowFilterName,
    FlowRunFilter,
    FlowRunFilterParentFlowRunId,
    LogFilter,
    LogFilterFlowRunId,
)
from prefect.client.schemas.objects import WorkPool
from prefect.server.schemas.schedules import CronSchedule
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.states import Cancelling

from demo.city import City, build_city
from demo.portal import PortalServer
from demo.store import Store
from deploy import to_prefect

PROJECT = Path(__file__).resolve().parents[2]
CHICAGO = ZoneInfo("America/Chicago")
POOL = "chicago-crime"
WAIT_SECONDS = 120


def ask(prefect_server, question):
    """Return what a coroutine function finds out with a client of this server."""

    async def asked():
        async with get_client() as client:
            return await question(client)

    with temporary_settings({PREFECT_API_URL: prefect_server.api_url}):
        return asyncio.run(asked())


@pytest.fixture(scope="module")
def prefect_home(tmp_path_factory):
    return tmp_path_factory.mktemp("prefect")


@pytest.fixture(scope="module")
def deployments(prefect_server, prefect_home):
    variables = {"PREFECT_API_URL": prefect_server.api_url, "PREFECT_HOME": str(prefect_home), "ENV_FILE": ""}
    done = subprocess.run(
        [sys.executable, "-m", "deploy.to_prefect"],
        cwd=PROJECT,
        env={**os.environ, **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = ask(prefect_server, lambda client: client.read_deployments())
    return {deployment.name: deployment for deployment in found}


@contextmanager
def worker(environment, home):
    """Run a process worker that sees new runs at once, and end it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "prefect", "worker", "start", "--pool", POOL],
        cwd=home,
        env={
            **os.environ,
            **environment,
            "PREFECT_HOME": str(home),
            "PREFECT_WORKER_QUERY_SECONDS": "0.5",
            "PREFECT_WORKER_PREFETCH_SECONDS": "1",
        },
        stdin=subprocess.DEVNULL,
        stdout=(home / "worker.log").open("w"),
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        yield
    finally:
        # Asked to end, it may wait a minute for nothing; its end in order is in test_local_stack.py.
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def started_run(prefect_server, deployment):
    """Start a run of a deployment, and do not wait for it."""
    return ask(prefect_server, lambda client: client.create_flow_run_from_deployment(deployment.id))


def finished_run(prefect_server, run, home):
    """Return a run when it has ended."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not (run.state and run.state.is_final()):
        assert time.monotonic() < deadline, f"still {run.state}:\n{(home / 'worker.log').read_text()}"
        time.sleep(0.5)
        run = ask(prefect_server, partial(PrefectClient.read_flow_run, flow_run_id=run.id))
    return run


def test_a_worker_runs_every_deployment_and_of_two_runs_of_one_at_once_the_second_is_cancelled(
    environment, deployments, prefect_server, prefect_home, postgres, database, tmp_path
):
    store = Store(build_city(tmp_path, City(seed=3, rows=500, days=14), date(2024, 1, 14)))
    with (
        store,
        PortalServer(store) as portal,
        worker({**environment, "PORTAL_URL": portal.url}, prefect_home),
    ):
        at_once = [started_run(prefect_server, deployments["daily"]) for _ in range(2)]
        at_once = [finished_run(prefect_server, run, prefect_home) for run in at_once]
        later = [
            finished_run(prefect_server, started_run(prefect_server, deployments[name]), prefect_home)
            for name in ("daily", "backfill", "reconcile")
        ]
    assert sorted(run.state.name for run in at_once) == ["Cancelled", "Completed"]
    runs = [run for run in at_once if run.state.is_completed()] + later
    assert {run.state.name for run in runs} == {"Completed"}, [run.state.message for run in runs]
    with psycopg.connect(postgres.conninfo(database)) as connection:
        ledger = connection.execute(
            "select kind, status, proof from pipeline.runs order by started_at"
        ).fetchall()
        crimes = connection.execute("select count(*) from chicago.crimes").fetchone()[0]
    assert ledger == [
        ("backfill", "done", "census"),
        ("unmoved", "done", "unmoved"),
        ("backfill", "done", "census"),
        ("reconcile", "done", "census"),
    ]
    assert crimes > 400
    ours = LogFilter(flow_run_id=LogFilterFlowRunId(any_=[runs[0].id]))
    lines = [line.message for line in ask(prefect_server, lambda client: client.read_logs(log_filter=ours))]
    assert any(line.startswith("plan=backfill") for line in lines), "\n".join(lines)
    # The log of the container, which the alarm counts, and no more lines of it than a person reads.
    printed = (prefect_home / "worker.log").read_text().splitlines()
    assert sum("run_closed status=done" in line and "whole=yes" in line for line in printed) == 4
    assert len(printed) < 4 * 100, len(printed)


@contextmanager
def container(environment, home, run):
    """Execute a run as the first process of its container does, with the image's own settings, and end it."""
    (settings,) = re.findall(
        r"^ENV (.*?[^\\])$", (PROJECT / "Dockerfile").read_text(), re.MULTILINE | re.DOTALL
    )
    of_prefect = dict(re.findall(r"(PREFECT_(?!HOME)\w+)=(\S+)", settings))
    process = subprocess.Popen(
        [sys.executable, "-m", "prefect", "flow-run", "execute"],
        cwd=home,
        env={
            **os.environ,
            **environment,
            **of_prefect,
            "PREFECT_HOME": str(home),
            "PREFECT__FLOW_RUN_ID": str(run.id),
        },
        stdin=subprocess.DEVNULL,
        stdout=(home / "container.log").open("w"),
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_a_stopped_container_closes_its_run_which_starts_again_unless_it_was_cancelled(
    environment, deployments, prefect_server, prefect_home, postgres, database, tmp_path
):
    """SIGTERM goes to the first process of a container, which is Prefect's, and has to reach the flow below it."""
    store = Store(build_city(tmp_path, City(seed=3, rows=500, days=84), date(2024, 1, 14)))
    run = started_run(prefect_server, deployments["daily"])
    read = partial(PrefectClient.read_flow_run, flow_run_id=run.id)
    cancel = partial(PrefectClient.set_flow_run_state, flow_run_id=run.id, state=Cancelling())
    scheduled = partial(PrefectClient.get_scheduled_flow_runs_for_work_pool, work_pool_name=POOL)
    met = threading.Event()

    def hold(seen):
        """Answer late when rows are asked for: Prefect's signal is an exception, which asyncio drops in callbacks."""
        if ":*" in seen.params.get("$select", ""):
            met.set()
            time.sleep(4)

    def stop(*, first):
        """Stop the container while it waits for rows, and return the run's state and whether a worker would take it."""
        met.clear()
        with container(settings, prefect_home, run) as process:
            assert met.wait(WAIT_SECONDS), (prefect_home / "container.log").read_text()
            first()
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=120)  # what Fargate gives
        waiting = [each.flow_run.id for each in ask(prefect_server, scheduled)]
        return ask(prefect_server, read).state.name, run.id in waiting

    with store, PortalServer(store) as portal, psycopg.connect(postgres.conninfo(database)) as ledger:
        portal.before_answer = hold
        settings = {**environment, "PORTAL_URL": portal.url, "MAX_CONCURRENCY": "1"}
        stopped = stop(first=lambda: None)
        kept = ledger.execute("select kind, status from pipeline.runs").fetchall()
        cancelled = stop(first=lambda: ask(prefect_server, cancel))
    assert kept == [("backfill", "stopped")], (prefect_home / "container.log").read_text()
    assert stopped == ("AwaitingRetry", True)
    # Prefect's process marks it itself, or the worker that stopped its container.
    assert cancelled in {("Cancelled", False), ("Cancelling", False)}


def test_each_deployment_says_its_mode_and_runs_once_at_a_time(deployments):
    assert {name: found.parameters for name, found in deployments.items()} == {
        "daily": {"mode": "auto"},
        "backfill": {"mode": "backfill"},
        "reconcile": {"mode": "reconcile"},
        "share": {},
        "brief": {"to": "briefs"},
    }
    # Of this one a run starts as many as it wants.
    assert deployments["share"].global_concurrency_limit is None
    for found in (deployments[name] for name in ("daily", "backfill", "reconcile")):
        assert found.work_pool_name == POOL
        assert found.global_concurrency_limit.limit == 1
        assert found.concurrency_options.collision_strategy == "CANCEL_NEW"
        assert found.description
        assert found.job_variables["env"]["PREFECT_LOGGING_EXTRA_LOGGERS"] == "tasks"


@pytest.mark.parametrize(
    ("name", "start", "wall_clock"),
    [
        ("daily", datetime(2026, 3, 6, tzinfo=UTC), "06:30"),
        ("daily", datetime(2026, 10, 30, tzinfo=UTC), "06:30"),
        ("daily", datetime(2027, 3, 12, tzinfo=UTC), "06:30"),
        ("daily", datetime(2027, 11, 5, tzinfo=UTC), "06:30"),
        ("reconcile", datetime(2026, 2, 20, tzinfo=UTC), "09:00"),
        ("reconcile", datetime(2026, 10, 20, tzinfo=UTC), "09:00"),
        ("reconcile", datetime(2027, 2, 26, tzinfo=UTC), "09:00"),
        ("reconcile", datetime(2027, 10, 22, tzinfo=UTC), "09:00"),
    ],
)
def test_a_schedule_keeps_its_wall_clock_across_clock_changes(deployments, name, start, wall_clock):
    """B26: the zone is stated, and no run falls into the hour that a change skips or repeats."""
    (scheduled,) = deployments[name].schedules
    schedule = CronSchedule(cron=scheduled.schedule.cron, timezone=scheduled.schedule.timezone)
    times = [when.astimezone(CHICAGO) for when in asyncio.run(schedule.get_dates(5, start))]
    assert {f"{when:%H:%M}" for when in times} == {wall_clock}
    assert len({when.utcoffset() for when in times}) == 2
    days = 1 if name == "daily" else 7
    assert {(later.date() - sooner.date()).days for sooner, later in pairwise(times)} == {days}


def test_the_form_of_a_run_offers_choices_dates_and_a_word_on_each(deployments):
    schema = deployments["daily"].parameter_openapi_schema
    fields = schema["properties"]
    assert all(len(field["description"]) > 40 for field in fields.values())
    assert fields["mode"]["enum"] == ["auto", "backfill", "incremental", "reconcile"]
    for name in ("start", "end"):
        assert {"type": "string", "format": "date"} in fields[name]["anyOf"]
    assert {"type": "integer", "minimum": 1, "maximum": 366} in fields["window_days"]["anyOf"]
    assert fields["accept_retirements"]["type"] == "boolean"
    assert deployments["daily"].enforce_parameter_schema


def test_backfill_has_no_schedule(deployments):
    assert deployments["backfill"].schedules == []


def test_deploying_to_a_pool_that_is_not_there_is_refused(prefect_server, monkeypatch, capsys):
    monkeypatch.setenv("WORK_POOL", "nowhere")
    with temporary_settings({PREFECT_API_URL: prefect_server.api_url}):
        assert to_prefect.main() == 2
    assert capsys.readouterr().err.startswith(
        "make deploy: WORK_POOL: the Prefect server has no work pool 'nowhere'"
    )


def test_deploying_to_containers_without_an_image_is_refused(prefect_server, monkeypatch, capsys):
    pool = WorkPoolCreate(name="containers", type="docker")
    ask(prefect_server, lambda client: client.create_work_pool(pool, overwrite=True))
    monkeypatch.setenv("WORK_POOL", "containers")
    monkeypatch.delenv("IMAGE", raising=False)
    with temporary_settings({PREFECT_API_URL: prefect_server.api_url}):
        assert to_prefect.main() == 2
    assert "runs containers (docker), and IMAGE is not set" in capsys.readouterr().err


def test_an_image_is_built_and_pushed_by_the_steps_only_where_none_is_named(monkeypatch):
    pool = WorkPool(name="containers", type="ecs")
    repository = "123456789012.dkr.ecr.us-east-1.amazonaws.com/chicago-crime"
    monkeypatch.setenv("REPOSITORY", repository)
    monkeypatch.setenv("IMAGE_TAG", "v1")
    monkeypatch.delenv("IMAGE", raising=False)
    monkeypatch.setattr(to_prefect, "is_pushed", lambda _image: True)  # on moto's ECR: test_cloud_server.py
    assert not to_prefect._find_image(pool).is_to_be_built
    monkeypatch.setattr(to_prefect, "is_pushed", lambda _image: False)
    image = to_prefect._find_image(pool)
    assert image == to_prefect.Image(f"{repository}:v1", is_to_be_built=True)
    with to_prefect._prefect_file(image) as file:
        declared = yaml.safe_load(Path(file).read_text())
    called = {
        name: arguments
        for steps in (declared["build"], declared["push"])
        for step in steps
        for name, arguments in step.items()
    }
    # Prefect tells a step's misspelt argument only when it comes to it.
    for name, arguments in called.items():
        module, function = name.rsplit(".", 1)
        given = {key: value for key, value in arguments.items() if key not in {"id", "requires"}}
        inspect.signature(getattr(importlib.import_module(module), function)).bind(**given)
    assert list(called) == [
        "prefect_docker.deployments.steps.build_docker_image",
        "prefect.deployments.steps.run_shell_script",
        "prefect_docker.deployments.steps.push_docker_image",
    ]
    monkeypatch.setenv("IMAGE", f"{repository}:v0")
    image = to_prefect._find_image(pool)
    assert image == to_prefect.Image(f"{repository}:v0", is_to_be_built=False)
    with to_prefect._prefect_file(image) as file:
        declared = yaml.safe_load(Path(file).read_text())
    assert (declared["build"], declared["push"]) == (None, None)
    assert {each["name"] for each in declared["deployments"]} == {
        "daily",
        "backfill",
        "reconcile",
        "share",
        "brief",
    }


def test_two_flow_runs_on_the_pool_share_a_backfill_and_one_of_them_is_killed(
    world,
    deployments,
    prefect_server,
    prefect_home,
    tmp_path,
):
    """A portal that takes its time, so that the work is long enough to be shared."""
    store = Store(build_city(tmp_path, City(seed=3, rows=600, days=40), date(2024, 1, 14)))
    with store, PortalServer(store, latency_seconds=0.4) as portal:
        environment = {**world.environment, "PORTAL_URL": portal.url}
        with worker(environment, prefect_home):
            run = world.start_main(
                *("--fan-out", "2", "--window-days", "1", "--max-concurrency", "3"), PORTAL_URL=portal.url
            )
            killed = kill_one_that_works(prefect_server)
            out, err = run.communicate(timeout=180)
        assert run.returncode == 0, out + err
        held = sorted(row[0] for row in world.query("select crime_id from chicago.crimes"))
        assert held == sorted(row[":id"] for row in store.rows("x2n5-8w5q"))
    (ran,) = world.query("select status, kind, proof from pipeline.runs")
    assert ran == ("done", "backfill", "census")
    assert (
        world.query("select status, count(*) from pipeline.windows where round = 0 group by status")[0][0]
        == "done"
    )
    parents = with_windows(prefect_server)
    # The run itself, the one that was killed, and the one that was not.
    assert len(parents) == 3
    assert killed in parents


def shares(prefect_server):
    """Return the flow runs of the flow share-windows, in the order of their start."""
    name = FlowFilter(name=FlowFilterName(any_=["share-windows"]))
    return ask(prefect_server, lambda client: client.read_flow_runs(flow_filter=name))


def with_windows(prefect_server):
    """Return the flow runs of share-windows that had a window in hand."""
    found = set()
    for share in shares(prefect_server):
        children = FlowRunFilter(parent_flow_run_id=FlowRunFilterParentFlowRunId(any_=[share.id]))
        if ask(prefect_server, lambda client, wanted=children: client.read_flow_runs(flow_run_filter=wanted)):
            found.add(share.id)
    return found


def kill_one_that_works(prefect_server):
    """Kill the process of a flow run of the pool that has a window in hand, and return its id."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        working = with_windows(prefect_server)
        for process in psutil.process_iter(["pid", "environ"]):
            environ = process.info["environ"] or {}
            started = environ.get("PREFECT__FLOW_RUN_ID")
            if started and any(str(run_id) == started for run_id in working):
                os.kill(process.info["pid"], signal.SIGKILL)
                return next(run_id for run_id in working if str(run_id) == started)
        time.sleep(0.3)
    pytest.fail("no flow run of the pool came to work")
    return None
