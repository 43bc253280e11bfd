"""The cloud's parts on what can be had without it: Prefect's real server, moto's AWS, and the real PostgreSQL.

What it does not show: that AWS itself takes the template, starts the container, or lets a role do what its policy says.
"""

import asyncio
import base64
import json
import warnings
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from uuid import uuid4

import boto3
import psycopg
import pytest
import yaml
from aiobotocore.client import AioBaseClient
from botocore.client import BaseClient
from cfnlint.decode import decode
from moto.rds.models import DBParameterGroup
from moto.server import ThreadedMotoServer
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.objects import StateType
from prefect.events import emit_event
from prefect.settings import PREFECT_API_KEY, PREFECT_API_URL, temporary_settings
from prefect.states import Completed, Pending, Running
from prefect_aws.observers.ecs import ecs_observer
from prefect_aws.workers.ecs_worker import ECSWorker
from sqlalchemy import event, text

from demo.shapes import ONE_YEAR
from deploy import automations, blocks, ecr_login, pool
from deploy.outputs import StackOutputs, read_outputs
from tasks.errors import ConfigError, LoadError
from tasks.settings import read_settings
from tasks.warehouse.engine import open_warehouse
from tests.integration.conftest import crime

PROJECT = Path(__file__).resolve().parents[2]
REGION = "us-east-1"
STACK = "chicago-crime-cloud"
PARAMETERS = {
    "ImageTag": "v1",
    "PrefectApiUrl": "https://prefect.example.org/api",
    "PrefectLogin": "api-key",
    "AppToken": "stored",
    "SettingsFile": "settings/run.env",
    "TaskMemoryMiB": "4096",
    "WorkPool": "ecs-test",
}


@pytest.fixture(scope="module")
def aws():
    """Give moto's server, with the stack in it, and name it to whatever asks AWS in this process."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
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
        # moto gives the group itself where the name of it is asked for, and the instance then cannot be made.
        patch.setattr(
            DBParameterGroup, "physical_resource_id", property(lambda group: group.name), raising=False
        )
        yield
    server.stop()


@pytest.fixture(scope="module")
def stack(aws):
    """Give the outputs of the stack. Its secrets, which moto's CloudFormation passes over, are made by hand."""
    client = boto3.client("cloudformation")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Tried to parse")
        client.create_stack(
            StackName=STACK,
            TemplateBody=(PROJECT / "deploy" / "stack.yaml").read_text(),
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in PARAMETERS.items()],
            Capabilities=["CAPABILITY_IAM"],
        )
    (made,) = client.describe_stacks(StackName=STACK)["Stacks"]
    secrets = boto3.client("secretsmanager")
    arns = {
        output: secrets.create_secret(Name=f"{STACK}/{name}", SecretString=value)["ARN"]
        for output, name, value in (
            ("DatabaseSecret", "database", '{"username": "loader", "password": "of-the-secret"}'),
            ("AppTokenSecret", "app-token", "token-of-the-secret\n"),
            ("PrefectApiKeySecret", "prefect", "pnu_key"),
        )
    }
    outputs = {each["OutputKey"]: each["OutputValue"] for each in made["Outputs"]} | arns
    # Passed over too, though the template sets it; without it moto cannot run a task.
    boto3.client("ec2").modify_vpc_attribute(VpcId=outputs["VpcId"], EnableDnsHostnames={"Value": True})
    return outputs


@pytest.fixture(scope="module")
def outputs_file(stack, tmp_path_factory):
    """Give the outputs as `aws cloudformation describe-stacks` prints them."""
    file = tmp_path_factory.mktemp("outputs") / "stack.json"
    listed = [{"OutputKey": key, "OutputValue": value} for key, value in stack.items()]
    file.write_text(json.dumps({"Stacks": [{"StackName": STACK, "Outputs": listed}]}))
    return file


@pytest.fixture(scope="module")
def prefect(prefect_server):
    """Have this process speak to the session's Prefect server."""
    with temporary_settings({PREFECT_API_URL: prefect_server.api_url}):
        yield prefect_server


def ask(question):
    async def asked():
        async with get_client() as client:
            return await question(client)

    return asyncio.run(asked())


def test_the_pool_is_created_and_updated_from_the_outputs_of_the_stack(prefect, outputs_file, stack, capsys):
    said = []
    for _ in range(2):
        assert pool.main(["--outputs", str(outputs_file)]) == 0
        said.append(capsys.readouterr().out)
    assert said[0].startswith(f"work pool ecs-test created on {prefect.api_url}\n")
    assert said[1].startswith("work pool ecs-test updated on ")
    assert "secrets    DB_USERNAME, DB_PASSWORD, APP_TOKEN\n" in said[0]
    assert f"IMAGE={stack['RepositoryUri']}:TAG make deploy" in said[0]
    found = ask(lambda client: client.read_work_pool("ecs-test"))
    assert found.type == "ecs"
    assert found.base_job_template == pool.base_job_template(read_outputs(STACK, outputs_file))


def test_a_stack_that_lacks_an_output_or_is_not_there_is_named(stack):
    # Of moto's own stack, which has no secrets.
    with pytest.raises(ConfigError, match=f"stack {STACK} has no usable output DatabaseSecret"):
        read_outputs(STACK, None)
    with pytest.raises(ConfigError, match="AWS does not give stack nowhere"):
        read_outputs("nowhere", None)


def test_a_pool_of_another_type_is_left_alone(prefect, stack, outputs_file, tmp_path, capsys):
    other = tmp_path / "outputs.json"
    other.write_text(json.dumps(stack | {"WorkPool": "not-ecs"}))
    ask(
        lambda client: client.create_work_pool(WorkPoolCreate(name="not-ecs", type="process"), overwrite=True)
    )
    assert pool.main(["--outputs", str(other)]) == 2
    assert "'not-ecs' is of type process, not ecs" in capsys.readouterr().err


@flow(name="ecs-test-flow")
def flow_on_ecs():
    """Stand for the flow: nothing runs in moto."""


def run_on_ecs(image):
    """Create a deployment with the job variables of prefect.yaml, and have an ECS worker take up a run of it."""
    declared = yaml.safe_load((PROJECT / "prefect.yaml").read_text())["definitions"]["shared"]["work_pool"]
    variables = {"$IMAGE": image, "$PROJECT_FOLDER": "/app"}

    def filled(value):
        if isinstance(value, dict):
            return {key: filled(each) for key, each in value.items()}
        return variables.get(value.strip("{ }"), value)

    async def run(client):
        deployment = await client.create_deployment(
            await client.create_flow(flow_on_ecs),
            name="daily",
            work_pool_name="ecs-test",
            job_variables=filled(declared["job_variables"]),
            entrypoint="flows/main.py:chicago_crime",
        )
        run = await client.create_flow_run_from_deployment(deployment)
        async with ECSWorker(work_pool_name="ecs-test", prefetch_seconds=30) as worker:
            await worker.sync_with_backend()
            await worker.get_and_submit_flow_runs()
            for _ in range(100):
                found = await client.read_flow_run(run.id)
                if found.infrastructure_pid or found.state.is_final():
                    break
                await asyncio.sleep(0.1)
            assert found.infrastructure_pid, found.state
            return await crash(client, found)

    async def crash(client, found):
        """Tell the worker what ECS tells of a container that was killed, and wait for what it makes of it."""
        cluster, task = found.infrastructure_pid.split("::")
        queue = f"{STACK}-run-events"
        detail = {
            "taskArn": task,
            "clusterArn": cluster,
            "lastStatus": "STOPPED",
            "stopCode": "EssentialContainerExited",
            "stoppedReason": "Essential container in task exited",
            "containers": [{"name": "prefect", "exitCode": 137, "reason": "OutOfMemoryError"}],
        }
        body = {
            "id": str(uuid4()),
            "source": "aws.ecs",
            "detail-type": "ECS Task State Change",
            "detail": detail,
        }
        sqs = boto3.client("sqs")
        sqs.send_message(
            QueueUrl=sqs.get_queue_url(QueueName=queue)["QueueUrl"], MessageBody=json.dumps(body)
        )
        for _ in range(150):
            after = await client.read_flow_run(found.id)
            if after.state.is_crashed():
                break
            await asyncio.sleep(0.1)
        return SimpleNamespace(task=task, cluster=cluster, state=after.state)

    return ask(run)


@pytest.fixture(scope="module")
def ecs_run(prefect, stack, outputs_file):
    """Give what a real ECS worker registered and ran in moto for one flow run."""
    assert pool.main(["--outputs", str(outputs_file)]) == 0
    calls = set()

    def recorded(made):
        def call(client, operation, parameters):
            calls.add(f"{client.meta.service_model.signing_name}:{operation}")
            return made(client, operation, parameters)

        return call

    with (
        pytest.MonkeyPatch.context() as patch,
        temporary_settings({PREFECT_API_KEY: "pnu_key_of_the_worker"}),
    ):
        for client in (BaseClient, AioBaseClient):
            patch.setattr(client, "_make_api_call", recorded(client._make_api_call))
        # The worker of the stack is told by PREFECT_INTEGRATIONS_AWS_ECS_OBSERVER_SQS_QUEUE_NAME, read at its import.
        patch.setattr(ecs_observer.sqs_subscriber, "queue_name", f"{STACK}-run-events")
        run = run_on_ecs(f"{stack['RepositoryUri']}:v1")
    ecs = boto3.client("ecs")
    (task,) = ecs.describe_tasks(cluster=run.cluster, tasks=[run.task], include=["TAGS"])["tasks"]
    definition = ecs.describe_task_definition(taskDefinition=task["taskDefinitionArn"])["taskDefinition"]
    return SimpleNamespace(task=task, definition=definition, state=run.state, calls=calls)


def test_the_ecs_worker_registers_the_task_that_the_stack_describes(ecs_run, stack):
    definition = ecs_run.definition
    (container,) = definition["containerDefinitions"]
    assert definition["family"] == f"{STACK}-run"
    assert (definition["cpu"], definition["memory"]) == ("1024", "4096")
    assert definition["executionRoleArn"] == stack["RunExecutionRole"]
    assert definition["networkMode"] == "awsvpc"
    assert definition["requiresCompatibilities"] == ["FARGATE"]
    assert definition["runtimePlatform"] == {"cpuArchitecture": "X86_64", "operatingSystemFamily": "LINUX"}
    assert container["image"] == f"{stack['RepositoryUri']}:v1"
    assert container["stopTimeout"] == 120
    assert {each["name"]: each["valueFrom"] for each in container["secrets"]} == {
        "DB_USERNAME": f"{stack['DatabaseSecret']}:username::",
        "DB_PASSWORD": f"{stack['DatabaseSecret']}:password::",
        "APP_TOKEN": stack["AppTokenSecret"],
        "PREFECT_API_KEY": stack["PrefectApiKeySecret"],
    }
    assert container["environmentFiles"] == [
        {"value": f"arn:aws:s3:::{stack['Bucket']}/settings/run.env", "type": "s3"}
    ]
    assert container["logConfiguration"] == {
        "logDriver": "awslogs",
        "options": {
            "awslogs-create-group": "false",
            "awslogs-group": f"/{STACK}/runs",
            "awslogs-region": REGION,
            "awslogs-stream-prefix": "run",
        },
    }


def test_the_ecs_worker_asks_for_a_run_in_the_private_subnets_as_the_runs_role(ecs_run, stack):
    overrides = ecs_run.task["overrides"]
    (container,) = overrides["containerOverrides"]
    environment = {each["name"]: each["value"] for each in container["environment"]}
    assert overrides["taskRoleArn"] == stack["RunRole"]
    assert container["command"] == ["prefect", "flow-run", "execute"]
    expected = {
        "SERVER_NAME": stack["DatabaseHost"],
        "DATABASE_NAME": "chicago_crime",
        "DB_SSLMODE": "verify-full",
        "PROJECT_FOLDER": "/app",
        "PREFECT_LOGGING_EXTRA_LOGGERS": "tasks",
    }
    assert {name: environment.get(name) for name in expected} == expected
    assert {"key": "Project", "value": "chicago-crime"} in ecs_run.task["tags"]
    # Of the network moto keeps the first subnet.
    (card,) = [each for each in ecs_run.task["attachments"] if each["type"] == "ElasticNetworkInterface"]
    subnet = {each["name"]: each["value"] for each in card["details"]}["subnetId"]
    assert subnet == stack["SubnetIds"].split(",")[0]
    (interface,) = boto3.client("ec2").describe_network_interfaces(
        Filters=[{"Name": "subnet-id", "Values": [subnet]}]
    )["NetworkInterfaces"]
    assert [group["GroupId"] for group in interface["Groups"]] == [stack["TaskSecurityGroup"]]


def test_the_worker_asks_aws_for_nothing_that_its_role_does_not_allow(ecs_run):
    """That the actions are enough; on which resources each is allowed, only AWS tells."""
    allowed = {
        action
        for policy in decode(str(PROJECT / "deploy" / "stack.yaml"))[0]["Resources"]["WorkerRole"][
            "Properties"
        ]["Policies"]
        for statement in policy["PolicyDocument"]["Statement"]
        if "Action" in statement
        for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
    }
    of_the_test = {"sqs:SendMessage"}
    assert ecs_run.calls - of_the_test <= allowed
    assert {"ecs:RegisterTaskDefinition", "ecs:RunTask", "sqs:ReceiveMessage", "ec2:DescribeSubnets"} <= (
        ecs_run.calls
    )


def test_no_secret_of_the_worker_is_handed_over_in_clear(ecs_run):
    written = json.dumps([ecs_run.task, ecs_run.definition], default=str)
    assert "pnu_key" not in written
    assert "of-the-secret" not in written


def test_a_run_whose_container_was_killed_is_marked_as_crashed(ecs_run):
    assert ecs_run.state.type is StateType.CRASHED


def test_without_a_server_there_is_no_pool_and_no_block(outputs_file, capsys):
    with temporary_settings(restore_defaults={PREFECT_API_URL}):
        for made in (pool, blocks, automations):
            code = made.main() if made is automations else made.main(["--outputs", str(outputs_file)])
            assert code == 2
            assert "PREFECT_API_URL is not set" in capsys.readouterr().err


@pytest.fixture(scope="module")
def saved(prefect, stack, outputs_file):
    """Give the settings that name the blocks, which are saved."""
    return blocks.save_blocks(read_outputs(STACK, outputs_file))


def test_a_run_takes_its_settings_from_blocks_and_the_environment_wins(
    saved, stack, world, environment, monkeypatch
):
    lines = [f"{name}={environment[name]}" for name in ("PORTAL_URL", "DATABASE_NAME", "DB_SSLMODE")]
    boto3.client("s3").put_object(
        Bucket=stack["Bucket"],
        Key="settings/run.env",
        Body="\n".join([*lines, "WINDOW_DAYS=3", "MAX_CONCURRENCY=2", "APP_TOKEN="]).encode(),
    )
    login = {"username": environment["DB_USERNAME"], "host": environment["SERVER_NAME"], "engine": "postgres"}
    boto3.client("secretsmanager").put_secret_value(
        SecretId=stack["DatabaseSecret"], SecretString=json.dumps(login)
    )
    for name in ("PORTAL_URL", "DATABASE_NAME", "DB_SSLMODE", "SERVER_NAME", "DB_USERNAME"):
        monkeypatch.delenv(name)
    for name, value in (saved | {"REQUIRE_SERVER": "1", "MAX_CONCURRENCY": "3"}).items():
        monkeypatch.setenv(name, value)
    found = read_settings()
    assert (found.window_days, found.max_concurrency) == (3, 3)
    assert found.app_token.get_secret_value() == "token-of-the-secret"
    world.store.insert(ONE_YEAR.id, [crime("JH000001"), crime("JH000002")], at=datetime.now(UTC))
    assert world.run().is_completed()
    assert world.value("select count(*) from chicago.crimes") == 2


def test_a_block_that_is_not_there_is_named_and_its_secret_is_not(prefect, monkeypatch):
    monkeypatch.setenv("ENV_FILE", "")
    monkeypatch.setenv("DATABASE_SECRET_BLOCK", "nowhere")
    with pytest.raises(
        ConfigError, match="DATABASE_SECRET_BLOCK: block 'nowhere' could not be read: ValueError"
    ):
        read_settings()
    with (
        temporary_settings(restore_defaults={PREFECT_API_URL}),
        pytest.raises(ConfigError, match="blocks are kept by a Prefect server; set it"),
    ):
        read_settings()


def test_a_secret_that_is_no_login_is_refused_without_being_shown(saved, stack, monkeypatch):
    monkeypatch.setenv("ENV_FILE", "")
    monkeypatch.setenv("DATABASE_SECRET_BLOCK", saved["DATABASE_SECRET_BLOCK"])
    boto3.client("secretsmanager").put_secret_value(
        SecretId=stack["DatabaseSecret"], SecretString="hunter2-in-plain-text"
    )
    with pytest.raises(ConfigError) as refused:
        read_settings()
    assert "is not JSON" in str(refused.value)
    assert "hunter2" not in str(refused.value)


def test_verify_full_trusts_the_named_authority_and_no_other(environment, front, authority, monkeypatch):
    for name, value in {
        "SERVER_NAME": "localhost",
        "PORT": str(front.port),
        "DB_SSLMODE": "verify-full",
        "DB_CA_FILE": str(authority.bundle),
    }.items():
        monkeypatch.setenv(name, value)
    engine = open_warehouse(read_settings())
    with engine.connect() as connection:
        assert connection.execute(text("select current_database()")).scalar() == environment["DATABASE_NAME"]
    engine.dispose()
    assert front.handshakes >= 1
    monkeypatch.setenv("DB_CA_FILE", str(PROJECT / "tasks" / "cloud" / "rds_ca.pem"))
    with pytest.raises(LoadError, match="certificate verify failed"):
        open_warehouse(read_settings())
    monkeypatch.setenv("DB_CA_FILE", str(authority.bundle))
    monkeypatch.setenv("SERVER_NAME", "127.0.0.1")
    with pytest.raises(LoadError, match="does not match host name"):
        open_warehouse(read_settings())
    monkeypatch.setenv("DB_CA_FILE", "/nowhere/ca.pem")
    with pytest.raises(ConfigError, match="DB_CA_FILE: there is no file /nowhere"):
        open_warehouse(read_settings())


def test_a_saved_connector_reaches_the_warehouse_with_verify_full(
    prefect, stack, environment, front, authority, monkeypatch
):
    boto3.client("secretsmanager").put_secret_value(
        SecretId=stack["DatabaseSecret"],
        SecretString=json.dumps({"username": environment["DB_USERNAME"], "password": "not-asked-for"}),
    )
    outputs = StackOutputs.model_validate(
        stack
        | {
            "DatabaseHost": "localhost",
            "DatabasePort": str(front.port),
            "DatabaseName": environment["DATABASE_NAME"],
        }
    )
    saved = blocks.save_warehouse(outputs, str(authority.folder))
    monkeypatch.delenv("SERVER_NAME")
    for name, value in saved.items():
        monkeypatch.setenv(name, value)
    engine = open_warehouse(read_settings())
    with engine.connect() as connection:
        assert connection.execute(text("select current_database()")).scalar() == environment["DATABASE_NAME"]
    engine.dispose()
    assert front.handshakes >= 1


def test_a_login_by_iam_gives_each_connection_a_token_of_its_own(
    aws, environment, postgres, database, monkeypatch
):
    host = "warehouse.abc123.us-west-2.rds.amazonaws.com"
    for name, value in {
        "SERVER_NAME": host,
        "DB_USERNAME": "loader_iam",
        "DB_SSLMODE": "verify-full",
        "DB_IAM_LOGIN": "1",
    }.items():
        monkeypatch.setenv(name, value)
    asked = []
    # What is asked of RDS goes to the real PostgreSQL; the login that it would have had is looked at.
    monkeypatch.setattr(
        "tasks.warehouse.engine._check_patiently", lambda engine: _redirect(engine, postgres, database, asked)
    )
    engine = open_warehouse(read_settings())
    for _ in range(2):
        with engine.connect() as connection:
            connection.execute(text("select 1"))
        engine.dispose()
    assert len(asked) == 2
    for parameters in asked:
        assert parameters["user"] == "loader_iam"
        assert parameters["password"].startswith(f"{host}:5432/?Action=connect&DBUser=loader_iam&")
        assert "us-west-2%2Frds-db%2Faws4_request" in parameters["password"]
        assert parameters["sslrootcert"].endswith("tasks/cloud/rds_ca.pem")


def _redirect(engine, postgres, database, asked):
    @event.listens_for(engine, "do_connect")
    def _connect(_dialect, _record, _args, parameters):
        asked.append(dict(parameters))
        return psycopg.connect(postgres.conninfo(database))


def test_docker_is_logged_in_to_the_registry_through_standard_input(aws, tmp_path, monkeypatch, capsys):
    said = tmp_path / "said"
    docker = tmp_path / "docker"
    docker.write_text(f'#!/bin/sh\necho "$@" > {said}\ncat >> {said}\n')
    docker.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    registry = f"123456789012.dkr.ecr.{REGION}.amazonaws.com"
    assert ecr_login.main([f"{registry}/chicago-crime"]) == 0
    arguments, password = said.read_text().split("\n", 1)
    assert arguments == f"login --username AWS --password-stdin {registry}"
    answer = boto3.client("ecr").get_authorization_token()["authorizationData"][0]["authorizationToken"]
    assert base64.b64decode(answer).decode() == f"AWS:{password}"
    capsys.readouterr()
    assert ecr_login.main(["docker.io/library/postgres"]) == 2
    assert "is not a repository in ECR" in capsys.readouterr().err


def test_the_automations_are_put_on_the_server_once_and_tell_through_the_operators_block(
    prefect, monkeypatch, capsys
):
    monkeypatch.delenv("NOTIFY_BLOCK", raising=False)
    assert automations.main() == 0
    assert "tells nobody: set NOTIFY_BLOCK" in capsys.readouterr().out
    from prefect.blocks.notifications import SlackWebhook

    SlackWebhook(url="https://hooks.example.org/nothing").save("operators", overwrite=True)
    monkeypatch.setenv("NOTIFY_BLOCK", "slack-webhook/operators")
    assert automations.main() == 0
    found = {each.name: each for each in ask(lambda client: client.read_automations())}
    ours = {name: each for name, each in found.items() if name.startswith("chicago-crime: ")}
    assert sorted(ours) == [
        "chicago-crime: a run crashed",
        "chicago-crime: a run failed",
        "chicago-crime: a run is gone",
        "chicago-crime: a run is late",
        "chicago-crime: columns changed",
    ]
    zombies = ours["chicago-crime: a run is gone"].trigger
    assert zombies.within >= timedelta(seconds=540)
    # Every name under which a run ends; what is not awaited here would be called crashed nine minutes later.
    assert {f"prefect.flow-run.{name}" for name in ("Completed", "Skipped", "Failed", "Cancelled")} <= (
        zombies.expect
    )
    assert [each.actions[0].type for each in ours.values()].count("send-notification") == 4
    # A deployment that does not know the operators' block, as the workflow of a tag, silences nobody.
    capsys.readouterr()
    monkeypatch.delenv("NOTIFY_BLOCK")
    assert automations.main() == 0
    assert "tells whom it told before" in capsys.readouterr().out
    found = ask(lambda client: client.read_automations())
    assert [each.actions[0].type for each in found].count("send-notification") == 4
    monkeypatch.setenv("NOTIFY_BLOCK", "slack-webhook/nobody")
    assert automations.main() == 2
    assert "NOTIFY_BLOCK: Prefect has no block 'slack-webhook/nobody'" in capsys.readouterr().err


def test_a_run_that_sends_no_heartbeat_any_more_is_marked_as_crashed_and_one_that_has_ended_is_not(prefect):
    wanted = automations.automations(None, flow="zombie-test-flow", zombie_seconds=10)

    @flow(name="zombie-test-flow")
    def zombie():
        pass

    async def start(client):
        run = await client.create_flow_run(zombie, state=Pending())
        await client.set_flow_run_state(run.id, Running())
        emit_event(
            "prefect.flow-run.heartbeat",
            resource={"prefect.resource.id": f"prefect.flow-run.{run.id}"},
            related=[
                {
                    "prefect.resource.id": f"prefect.flow.{run.flow_id}",
                    "prefect.resource.role": "flow",
                    "prefect.resource.name": "zombie-test-flow",
                }
            ],
        )
        return run.id

    async def wait(client):
        await automations.put_automations(wanted, client)
        await asyncio.sleep(1)  # the server reads its automations anew after a change
        skipped = await start(client)
        await client.set_flow_run_state(skipped, Completed(name="Skipped"))
        gone = await start(client)
        for _ in range(120):
            if (await client.read_flow_run(gone)).state.is_final():
                break
            await asyncio.sleep(0.5)
        return [(await client.read_flow_run(run)).state for run in (gone, skipped)]

    crashed, skipped = ask(wait)
    assert crashed.type is StateType.CRASHED
    assert "No heartbeat for 10 s" in crashed.message
    assert (skipped.type, skipped.name) == (StateType.COMPLETED, "Skipped")
