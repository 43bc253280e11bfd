"""Prefect's server of deploy/prefect-server.yaml, started as its task definition says, and what is put on it.

moto makes both stacks and holds the definitions. The containers are processes of this machine, in their order: the role
and its database by the first, then the server, over TLS, on the real PostgreSQL. What it does not show: ECS starting
them.
"""

import asyncio
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
import warnings
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from types import SimpleNamespace

import boto3
import psycopg
import pytest
from moto.server import ThreadedMotoServer
from prefect.blocks.notifications import CustomWebhookNotificationBlock
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import StateType
from prefect.settings import PREFECT_API_AUTH_STRING, PREFECT_API_URL, temporary_settings

from demo.shapes import ONE_YEAR
from deploy import automations, images, pool, to_prefect, tunnel
from tasks.commands import database_role
from tasks.errors import ConfigError, PipelineError
from tests.integration.conftest import crime
from tests.integration.tls_front import TlsFront
from tests.moto_secrets import whole_templates

PROJECT = Path(__file__).resolve().parents[2]
REGION = "us-east-1"
STACK = "crime-with-server"
AUTH = "c" * 48
MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
WAIT_SECONDS = 240


@pytest.fixture(scope="module")
def aws():
    """Give moto's server with both stacks in it, and name it to whatever asks AWS in this process."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    with whole_templates(), pytest.MonkeyPatch.context() as patch:
        for name, value in {
            "AWS_ENDPOINT_URL": f"http://{host}:{port}",
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_DEFAULT_REGION": REGION,
            "AWS_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
        }.items():
            patch.setenv(name, value)
        patch.delenv("AWS_PROFILE", raising=False)
        made = create(
            STACK, "stack.yaml", ImageTag="v1", WorkPool="with-server", AnalystRole="chicago_analyst"
        )
        create(f"{STACK}-prefect", "prefect-server.yaml", Stack=STACK, ImageTag="v1")
        yield made
    server.stop()


def create(name, template, **parameters):
    """Create a stack in moto; return its outputs."""
    client = boto3.client("cloudformation")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Tried to parse")
        client.create_stack(
            StackName=name,
            TemplateBody=(PROJECT / "deploy" / template).read_text(),
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
            Capabilities=["CAPABILITY_IAM"],
        )
    (made,) = client.describe_stacks(StackName=name)["Stacks"]
    assert made["StackStatus"] == "CREATE_COMPLETE"
    return {each["OutputKey"]: each["OutputValue"] for each in made["Outputs"]}


@pytest.fixture(scope="module")
def containers(aws):
    """Give the containers of the server's task, as moto's ECS has registered them, by name."""
    (service,) = boto3.client("ecs").describe_services(cluster=STACK, services=[f"{STACK}-prefect"])[
        "services"
    ]
    definition = boto3.client("ecs").describe_task_definition(taskDefinition=service["taskDefinition"])
    return {each["name"]: each for each in definition["taskDefinition"]["containerDefinitions"]}


def environment_of(container, **instead):
    """Return what ECS sets for a container, with what is elsewhere on this machine."""
    declared = {each["name"]: each["value"] for each in container["environment"]}
    secrets = {each["name"] for each in container["secrets"]}
    assert secrets <= set(instead)
    return declared | instead


@pytest.fixture(scope="module")
def server(containers, postgres, authority, tmp_path_factory):
    """Give the address of the server, whose database is reached over TLS as the role that the first container makes."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.server)
    home, port = tmp_path_factory.mktemp("server"), any_port()
    with (
        TlsFront(context, postgres.socket_dir / ".s.PGSQL.5432") as front,
        psycopg.connect(postgres.conninfo("postgres"), autocommit=True) as connection,
    ):
        elsewhere = {"SERVER_NAME": "localhost", "PORT": str(front.port), "DB_CA_FILE": str(authority.bundle)}
        secrets = {
            "DB_USERNAME": postgres.user,
            "DB_PASSWORD": "not-asked-for",
            "ROLE_PASSWORD": "of-the-secret",
        }
        of_role = environment_of(
            containers["role"], **elsewhere, **secrets, DATABASE_NAME="postgres", ENV_FILE=""
        )
        role = owns = "prefect_of_the_cloud"
        typed = containers["role"]["command"]
        assert typed == ["python", "-m", "tasks.commands.database_role", "prefect", "--owns", "prefect"]
        with pytest.MonkeyPatch.context() as patch:
            for name, value in of_role.items():
                patch.setenv(name, value)
            assert database_role.main([role, "--owns", owns]) == 0
        variables = environment_of(
            containers["server"],
            PREFECT_SERVER_DATABASE_HOST="localhost",
            PREFECT_SERVER_DATABASE_PORT=str(front.port),
            PREFECT_SERVER_DATABASE_NAME=owns,
            PREFECT_SERVER_DATABASE_USER=role,
            PREFECT_SERVER_DATABASE_PASSWORD="of-the-secret",
            PREFECT_SERVER_DATABASE_SQLALCHEMY_CONNECT_ARGS_TLS_CA_FILE=str(authority.bundle),
            PREFECT_SERVER_API_AUTH_STRING=AUTH,
            PREFECT_UI_STATIC_DIRECTORY=str(home / "ui"),
            PREFECT_HOME=str(home),
        )
        program, *command = containers["server"]["command"]
        assert program == "prefect"
        command[-1] = str(port)
        command[command.index("0.0.0.0")] = "127.0.0.1"
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", program, *command],
            cwd=home,
            env=kept | variables,
            stdin=subprocess.DEVNULL,
            stdout=(home / "log").open("w"),
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            wait_until_ready(port, process, home / "log")
            assert front.handshakes >= 2
            yield f"http://127.0.0.1:{port}/api"
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            connection.execute(f"drop database {owns} with (force)")
            connection.execute(f"drop role {role}")


def any_port():
    """Return a port of the system's choice: those that Prefect likes, other servers of the tests have."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        return found.getsockname()[1]


def wait_until_ready(port, process, log):
    """Wait as the container's health check does: without a login."""
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            return urllib.request.urlopen(f"http://127.0.0.1:{port}/api/ready", timeout=4).close()
        except OSError:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.2)


@pytest.fixture(scope="module")
def logged_in(server):
    """Have this process, and what it starts, speak to that server as the worker and the runs of the stack do."""
    with (
        pytest.MonkeyPatch.context() as patch,
        temporary_settings({PREFECT_API_URL: server, PREFECT_API_AUTH_STRING: AUTH}),
    ):
        patch.setenv("PREFECT_API_URL", server)
        patch.setenv("PREFECT_API_AUTH_STRING", AUTH)
        yield server


def ask(question):
    async def asked():
        async with get_client() as client:
            return await question(client)

    return asyncio.run(asked())


def test_the_server_refuses_who_has_no_auth_string(server):
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(urllib.request.Request(f"{server}/flows/filter", data=b"{}"), timeout=4)


def test_worker_and_runs_are_handed_its_address_and_its_auth_string(aws):
    definition = boto3.client("ecs").describe_task_definition(taskDefinition=f"{STACK}-worker")[
        "taskDefinition"
    ]
    (worker,) = definition["containerDefinitions"]
    environment = {each["name"]: each["value"] for each in worker["environment"]}
    assert (
        environment["PREFECT_API_URL"] == aws["PrefectApiUrl"] == f"http://prefect.{STACK}.internal:4200/api"
    )
    # moto keeps the place of a secret that there is not.
    assert [each["name"] for each in worker["secrets"] if each] == ["PREFECT_API_AUTH_STRING"]


def test_pool_deployments_and_automations_are_put_twice_and_are_there_once(
    logged_in, aws, tmp_path, monkeypatch, capsys
):
    file = tmp_path / "outputs.json"
    file.write_text(json.dumps(aws))
    monkeypatch.setenv("WORK_POOL", "with-server")
    monkeypatch.setenv("IMAGE", "registry.example.org/crime:v1")
    monkeypatch.setenv("PROJECT_FOLDER", str(PROJECT))
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path))
    monkeypatch.delenv("NOTIFY_BLOCK", raising=False)
    found = []
    for _ in range(2):
        assert pool.main(["--outputs", str(file)]) == 0
        to_prefect.deploy()
        assert automations.main() == 0
        found.append(
            ask(
                lambda client: asyncio.gather(
                    client.read_work_pools(), client.read_deployments(), client.read_automations()
                )
            )
        )
    for first, second in zip(*found, strict=True):
        assert sorted(each.id for each in first) == sorted(each.id for each in second)
    pools, deployments, put = found[0]
    assert [len(each) for each in (pools, deployments, put)] == [1, 4, 5]
    variables = pools[0].base_job_template["variables"]["properties"]
    assert variables["prefect_api_auth_string_secret_arn"]["default"] == aws["PrefectAuthStringSecret"]
    assert variables["env"]["default"]["ANALYST_ROLE"] == "chicago_analyst"


def test_a_flow_run_of_a_deployment_is_done_on_a_server_that_asks_for_the_auth_string(
    logged_in, environment, store, monkeypatch, tmp_path
):
    """By the command that a container runs."""
    store.insert(ONE_YEAR.id, [crime("JH000001")], at=datetime.now(UTC) - timedelta(hours=2))
    monkeypatch.setenv("PREFECT_API_URL", logged_in)
    run = ask(run_of_daily)
    done = subprocess.run(
        [sys.executable, "-m", "prefect", "flow-run", "execute", str(run.id)],
        cwd=PROJECT,
        env={**os.environ, "PREFECT_HOME": str(tmp_path), "REQUIRE_SERVER": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    state = ask(lambda client: client.read_flow_run(run.id)).state
    assert "401 Unauthorized" not in done.stdout + done.stderr
    assert (done.returncode, state.type) == (0, StateType.COMPLETED), done.stdout + done.stderr


async def run_of_daily(client):
    deployment = await client.read_deployment_by_name("chicago-crime/daily")
    return await client.create_flow_run_from_deployment(deployment.id)


class Hook(BaseHTTPRequestHandler):
    """Take what a notification block posts."""

    def do_POST(self):
        self.server.got.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *_arguments):
        """Say nothing."""


@pytest.fixture
def hook():
    with HTTPServer(("127.0.0.1", 0), Hook) as server:
        server.got, server.status = [], 200
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def test_a_message_on_trial_goes_through_the_server_to_the_operators_block(
    logged_in, hook, monkeypatch, capsys
):
    monkeypatch.delenv("NOTIFY_BLOCK", raising=False)
    assert automations.main(["--try"]) == 2
    assert "nobody is told: set NOTIFY_BLOCK" in capsys.readouterr().err
    block = CustomWebhookNotificationBlock(
        name="hook", url=f"http://127.0.0.1:{hook.server_port}/", json_data={"text": "{{subject}}"}
    )
    block.save("operators", overwrite=True)
    monkeypatch.setenv("NOTIFY_BLOCK", "custom-webhook/operators")
    assert automations.main(["--try"]) == 0
    assert "a message was sent" in capsys.readouterr().out
    assert json.loads(hook.got[0]) == {"text": "chicago-crime: a message on trial"}
    names = [each.name for each in ask(lambda client: client.read_automations())]
    assert "chicago-crime: a message on trial" not in names


def push(repository, *tags):
    for tag in tags:
        boto3.client("ecr").put_image(
            repositoryName=repository,
            imageTag=tag,
            imageManifest=json.dumps(
                {
                    "schemaVersion": 2,
                    "mediaType": MANIFEST,
                    "config": {"digest": f"sha256:{tag}"},
                    "layers": [],
                }
            ),
        )


def test_a_tag_that_ecr_has_is_not_built_again(aws):
    push(STACK, "v1")
    assert images.is_pushed(f"{aws['RepositoryUri']}:v1")
    assert not images.is_pushed(f"{aws['RepositoryUri']}:v2")
    assert not images.is_pushed("docker.io/library/postgres:17")


def test_images_are_kept_by_what_runs_and_not_by_count(logged_in, aws, capsys):
    push(STACK, *(f"v1.{number}" for number in range(8)))
    assert images.main(["--stack", STACK, "--delete"]) == 0
    said = capsys.readouterr().out
    kept = {
        tag
        for each in boto3.client("ecr").describe_images(repositoryName=STACK)["imageDetails"]
        for tag in each["imageTags"]
    }
    # v1 is the oldest, and the worker's and the server's.
    assert kept == {"v1", "v1.3", "v1.4", "v1.5", "v1.6", "v1.7"}
    assert f"{STACK}: deleted v1.0 v1.1 v1.2\n" in said


def test_the_way_in_names_the_task_the_container_and_the_port():
    task = {
        "taskArn": "arn:aws:ecs:us-east-1:123456789012:task/crime/0abc",
        "enableExecuteCommand": True,
        "containers": [{"name": "role", "runtimeId": "r-1"}, {"name": "server", "runtimeId": "r-2"}],
    }
    client = SimpleNamespace(
        list_tasks=lambda **_named: {"taskArns": [task["taskArn"]]},
        describe_tasks=lambda **_named: {"tasks": [task]},
    )
    typed = tunnel.command("crime", tunnel.DOORS["prefect"], client, None)
    assert typed[:5] == ["aws", "ssm", "start-session", "--target", "ecs:crime_0abc_r-2"]
    assert json.loads(typed[-1]) == {"portNumber": ["4200"], "localPortNumber": ["4200"]}
    task["enableExecuteCommand"] = False
    with pytest.raises(ConfigError, match="lets nobody in: update its stack with AllowExec=true"):
        tunnel.command("crime", tunnel.DOORS["prefect"], client, None)


def test_a_service_without_a_task_is_named(aws):
    with pytest.raises((ConfigError, PipelineError), match=f"{STACK}-prefect"):
        tunnel.command(STACK, tunnel.DOORS["prefect"], boto3.client("ecs"), None)
