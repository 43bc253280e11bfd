"""`make tunnel`: a port of this machine that leads to what is private on AWS, through AWS's Session Manager.

What lives here: which task of which service is the way in, and to which port. What does not: who may, which IAM says
(ssm:StartSession). Mirrors
https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-working-with-sessions-start.html.
"""

import argparse
import json
import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from deploy.pool import USUAL_STACK
from tasks.errors import ConfigError, PipelineError


@dataclass(frozen=True)
class Door:
    """A way in. service: ending of its name; container: of its task; ports: there, and on this machine."""

    service: str
    container: str
    port: int
    local_port: int
    opens: str


# The database is reached through a task that may reach it; beside a PostgreSQL of one's own, so at another port.
DOORS: Final = {
    "prefect": Door("prefect", "server", 4200, 4200, "http://127.0.0.1:4200"),
    "dashboard": Door("dashboard", "dashboard", 8501, 8501, "http://127.0.0.1:8501"),
    "database": Door(
        "worker", "worker", 5432, 5433, 'psql "host=localhost port=5433 dbname=chicago_crime sslmode=require"'
    ),
}


def command(stack: str, door: Door, client: Any, database_host: str | None) -> list[str]:
    """Return the command that opens the way. client: of ECS. database_host: where the task leads on to, if anywhere.

    Raises `ConfigError` where no task of the service runs, or it lets nobody in.
    """
    service = f"{stack}-{door.service}"
    target = f"ecs:{stack}_{_task_and_runtime(stack, service, door.container, client)}"
    parameters = {"portNumber": [str(door.port)], "localPortNumber": [str(door.local_port)]}
    document = "AWS-StartPortForwardingSession"
    if database_host is not None:
        document, parameters = f"{document}ToRemoteHost", parameters | {"host": [database_host]}
    named = ["--target", target, "--document-name", document, "--parameters", json.dumps(parameters)]
    return ["aws", "ssm", "start-session", *named]


def _task_and_runtime(stack: str, service: str, container: str, client: Any) -> str:
    """Return the ids of a service's task and of its container, as Session Manager joins them."""
    try:
        tasks = client.list_tasks(cluster=stack, serviceName=service, desiredStatus="RUNNING")["taskArns"]
        found = client.describe_tasks(cluster=stack, tasks=tasks[:1])["tasks"] if tasks else []
    except (BotoCoreError, ClientError) as error:
        raise PipelineError(
            f"ECS does not name the tasks of {service}: {error}. Check AWS_PROFILE and AWS_DEFAULT_REGION."
        ) from None
    if not found:
        raise ConfigError(
            f"no task of {service} runs: aws ecs describe-services --cluster {stack} --services {service}"
        )
    runtimes = [each.get("runtimeId") for each in found[0]["containers"] if each["name"] == container]
    if not runtimes or not runtimes[0] or not found[0].get("enableExecuteCommand"):
        raise ConfigError(f"the task of {service} lets nobody in: update its stack with AllowExec=true")
    return f"{found[0]['taskArn'].rsplit('/', 1)[1]}_{runtimes[0]}"


def _database_host(stack: str) -> str:
    """Return the address of the stack's database."""
    found = boto3.client("rds").describe_db_instances(DBInstanceIdentifier=stack)["DBInstances"]
    return str(found[0]["Endpoint"]["Address"])


def main(arguments: Sequence[str] | None = None) -> int:
    """Become AWS's command, which stays until it is ended; returns only when it cannot: 1 failed, 2 wrong use."""
    parser = argparse.ArgumentParser(prog="make tunnel", allow_abbrev=False)
    parser.add_argument("to", choices=DOORS)
    parser.add_argument("--stack", default=USUAL_STACK, help="name of the stack (default: %(default)s)")
    asked = parser.parse_args(arguments)
    door = DOORS[asked.to]
    try:
        for program in ("aws", "session-manager-plugin"):
            if shutil.which(program) is None:
                raise ConfigError(
                    f"{program} is not installed on this machine; AWS's command line and its plugin are needed"
                )
        host = _database_host(asked.stack) if asked.to == "database" else None
        typed = command(asked.stack, door, boto3.client("ecs"), host)
    except (BotoCoreError, ClientError) as error:
        sys.stderr.write(
            f"make tunnel: AWS does not answer: {error}. Check AWS_PROFILE and AWS_DEFAULT_REGION.\n"
        )
        return 1
    except PipelineError as error:
        sys.stderr.write(f"make tunnel: {error}\n")
        return 2 if isinstance(error, ConfigError) else 1
    sys.stdout.write(f"{door.opens}\n")
    sys.stdout.flush()
    return os.execvp(typed[0], typed)  # noqa: S606 - AWS's command, and no shell between


if __name__ == "__main__":
    sys.exit(main())
