"""`make pool`: create or update the ECS work pool from base_job_template.json and the outputs of the stack.

What lives here: which output becomes which default of the pool. What does not: the template itself, and the
deployments (prefect.yaml). Mirrors https://docs.prefect.io/integrations/prefect-aws/ecs_guide.
"""

import argparse
import asyncio
import copy
import json
import sys
from pathlib import Path
from typing import Any, Final

from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import WorkPoolCreate, WorkPoolUpdate
from prefect.exceptions import ObjectNotFound
from prefect.settings import PREFECT_API_URL

from deploy.outputs import StackOutputs, read_outputs
from tasks.errors import ConfigError, PipelineError

BASE_JOB_TEMPLATE: Final = Path(__file__).with_name("base_job_template.json")
USUAL_STACK: Final = "chicago-crime"
POOL_TYPE: Final = "ecs"
IAM_ROLE_OF_LOADER: Final = "loader_iam"


def base_job_template(outputs: StackOutputs) -> dict[str, Any]:
    """Return the template with the stack's values as defaults; any other variable keeps the file's default."""
    template: dict[str, Any] = copy.deepcopy(json.loads(BASE_JOB_TEMPLATE.read_text(encoding="utf-8")))
    properties = template["variables"]["properties"]
    for name, value in defaults(outputs).items():
        properties[name]["default"] = value
    return template


def defaults(outputs: StackOutputs) -> dict[str, Any]:
    """Return the variables of the pool that the stack decides."""
    return {
        "cluster": outputs.cluster,
        "family": outputs.run_family,
        "cpu": outputs.task_cpu,
        "memory": outputs.task_memory_mib,
        "cpu_architecture": outputs.architecture,
        "task_role_arn": outputs.run_role,
        "execution_role_arn": outputs.run_execution_role,
        "vpc_id": outputs.vpc_id,
        "network_configuration": {
            "subnets": outputs.subnet_ids.split(","),
            "securityGroups": [outputs.task_security_group],
            "assignPublicIp": outputs.assign_public_ip,
        },
        "cloudwatch_logs_options": {
            "awslogs-group": outputs.run_logs,
            "awslogs-region": outputs.region,
            # The stack made it; a role that may create groups could create any.
            "awslogs-create-group": "false",
        },
        "env": _environment(outputs),
        "secrets": _secrets(outputs),
        "environment_files": (
            [{"value": outputs.settings_file, "type": "s3"}] if outputs.settings_file else []
        ),
        "prefect_api_key_secret_arn": outputs.prefect_api_key_secret or None,
        "prefect_api_auth_string_secret_arn": outputs.prefect_auth_string_secret or None,
    }


def _environment(outputs: StackOutputs) -> dict[str, str]:
    values = {
        "SERVER_NAME": outputs.database_host,
        "PORT": str(outputs.database_port),
        "DATABASE_NAME": outputs.database_name,
        "DB_SSLMODE": "verify-full",
        "AWS_REGION": outputs.region,
    }
    if outputs.analyst_role:
        values["ANALYST_ROLE"] = outputs.analyst_role
    if outputs.database_login == "iam":
        values |= {"DB_USERNAME": IAM_ROLE_OF_LOADER, "DB_IAM_LOGIN": "1"}
    return values


def _secrets(outputs: StackOutputs) -> list[dict[str, str]]:
    """Return what ECS hands over; `:username::` picks a key of a secret that is JSON."""
    secrets = []
    if outputs.database_login == "password":
        secrets += [
            {"name": "DB_USERNAME", "valueFrom": f"{outputs.database_secret}:username::"},
            {"name": "DB_PASSWORD", "valueFrom": f"{outputs.database_secret}:password::"},
        ]
    if outputs.app_token_secret:
        secrets.append({"name": "APP_TOKEN", "valueFrom": outputs.app_token_secret})
    return secrets


async def put_pool(outputs: StackOutputs) -> str:
    """Create the pool or update it, and return what was done; its deployments stay, and so does a pause."""
    template = base_job_template(outputs)
    async with get_client() as client:
        try:
            pool = await client.read_work_pool(outputs.work_pool)
        except ObjectNotFound:
            await client.create_work_pool(
                WorkPoolCreate(name=outputs.work_pool, type=POOL_TYPE, base_job_template=template)
            )
            return "created"
        if pool.type != POOL_TYPE:
            raise ConfigError(
                f"work pool {pool.name!r} is of type {pool.type}, not {POOL_TYPE}. "
                "Give the stack another WorkPool, or delete that one."
            )
        await client.update_work_pool(pool.name, WorkPoolUpdate(base_job_template=template))
        return "updated"


def main(arguments: list[str] | None = None) -> int:
    """Create or update the pool; 0 done, 1 failed, 2 wrong use."""
    parser = argparse.ArgumentParser(prog="python -m deploy.pool")
    parser.add_argument("--stack", default=USUAL_STACK, help="name of the stack (default: %(default)s)")
    parser.add_argument(
        "--outputs", type=Path, metavar="FILE", help="its outputs as JSON, instead of asking AWS"
    )
    asked = parser.parse_args(arguments)
    try:
        if not PREFECT_API_URL.value():
            raise ConfigError("PREFECT_API_URL is not set: name the Prefect server that the worker uses")
        outputs = read_outputs(asked.stack, asked.outputs)
        done = asyncio.run(put_pool(outputs))
    except PipelineError as error:
        sys.stderr.write(f"make pool: {error}\n")
        return 2 if isinstance(error, ConfigError) else 1
    handed = [secret["name"] for secret in _secrets(outputs)]
    sys.stdout.write(
        f"work pool {outputs.work_pool} {done} on {PREFECT_API_URL.value()}\n"
        f"runs       {outputs.task_cpu} CPU, {outputs.task_memory_mib} MiB, {outputs.architecture}, "
        f"log {outputs.run_logs}\n"
        f"secrets    {', '.join(handed) or 'none'}\n"
        f"settings   {outputs.settings_file or 'no file'}\n"
        f"next       WORK_POOL={outputs.work_pool} IMAGE={outputs.repository_uri}:TAG make deploy\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
