"""The outputs of the stack: what CloudFormation made, by the names of deploy/stack.yaml, read from AWS or from a file.

What lives here: reading them. What does not: what is done with them (pool.py, blocks.py).
"""

import json
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_pascal

from tasks.errors import ConfigError, PipelineError


class StackOutputs(BaseModel):
    """What the stack says of itself. Secrets are ARNs, never values; an empty text: it does not have that."""

    model_config = ConfigDict(alias_generator=to_pascal, frozen=True, extra="ignore")

    region: str
    work_pool: str
    repository_uri: str
    cluster: str
    run_family: str
    run_role: str
    run_execution_role: str
    run_logs: str
    vpc_id: str
    subnet_ids: str
    assign_public_ip: str
    task_security_group: str
    task_cpu: int
    task_memory_mib: int = Field(alias="TaskMemoryMiB")
    architecture: str
    bucket: str
    database_host: str
    database_port: int
    database_name: str
    database_login: str
    database_secret: str
    app_token_secret: str = ""
    prefect_api_key_secret: str = ""
    prefect_auth_string_secret: str = ""
    settings_file: str = ""
    analyst_role: str = ""


def read_outputs(stack: str, file: Path | None) -> StackOutputs:
    """Return the outputs of a stack, or of a file that holds them.

    A file is the JSON of `aws cloudformation describe-stacks`, or an object of output names and values. Raises
    `ConfigError` for a stack or file that is not there or lacks an output, `PipelineError` when AWS does not answer.
    """
    found = _of_file(file) if file is not None else _of_stack(stack)
    try:
        return StackOutputs.model_validate(found)
    except ValidationError as error:
        missing = ", ".join(str(problem["loc"][0]) for problem in error.errors(include_input=False))
        raise ConfigError(
            f"{file or f'stack {stack}'} has no usable output {missing}. Is it a stack of deploy/stack.yaml, "
            "of this version? Update it (docs/deploy-aws.md), and run again."
        ) from None


def _of_file(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{file} is not a readable JSON file: {error}") from None
    stacks = found.get("Stacks") if isinstance(found, dict) else None
    if stacks:
        return _to_dict(stacks[0])
    if not isinstance(found, dict):
        raise ConfigError(f"{file} does not hold a JSON object of outputs")
    return found


def _of_stack(stack: str) -> dict[str, Any]:
    try:
        stacks = boto3.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    except ClientError as error:
        raise ConfigError(
            f"AWS does not give stack {stack}: {error.response['Error']['Message']}. Check STACK and AWS_PROFILE."
        ) from None
    except BotoCoreError as error:
        raise PipelineError(
            f"AWS was not reached: {error}. Set AWS_PROFILE and AWS_DEFAULT_REGION."
        ) from None
    return _to_dict(stacks[0])


def _to_dict(stack: dict[str, Any]) -> dict[str, Any]:
    return {found["OutputKey"]: found["OutputValue"] for found in stack.get("Outputs", [])}
