"""Log Docker in to the registry of an image's repository in ECR, for the push step of prefect.yaml.

Docker keeps the token, which is valid for twelve hours; it passes through standard input and is in no command line.
"""

import base64
import subprocess
import sys

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from tasks.errors import ConfigError, PipelineError


def log_in(repository: str) -> str:
    """Log in, and return the registry. Raises `ConfigError` for anything but a repository in ECR."""
    registry, _, name = repository.partition("/")
    parts = registry.split(".")
    if not name or parts[1:3] != ["dkr", "ecr"]:
        raise ConfigError(
            f"{repository!r} is not a repository in ECR; write it like ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME"
        )
    try:
        answer = boto3.client("ecr", region_name=parts[3]).get_authorization_token()
    except (BotoCoreError, ClientError) as error:
        raise PipelineError(
            f"ECR gives no login: {error}. Check AWS_PROFILE, and the role's rights."
        ) from None
    user, _, password = (
        base64.b64decode(answer["authorizationData"][0]["authorizationToken"]).decode().partition(":")
    )
    try:
        done = subprocess.run(  # noqa: S603 - the name of a registry in ECR; no shell reads it
            ["docker", "login", "--username", user, "--password-stdin", registry],  # noqa: S607 - the user's docker
            input=password,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        raise ConfigError(
            "docker is not installed on this machine; images are built and pushed with it"
        ) from None
    if done.returncode != 0:
        raise PipelineError(f"docker login ended with {done.returncode}; what it said stands above")
    return registry


def main(arguments: list[str]) -> int:
    """Log in to the repository that is named; 0 done, 1 failed, 2 wrong use."""
    try:
        if len(arguments) != 1:
            raise ConfigError("name one repository")
        sys.stdout.write(f"logged in to {log_in(arguments[0])}\n")
    except PipelineError as error:
        sys.stderr.write(f"ecr_login: {error}\n")
        return 2 if isinstance(error, ConfigError) else 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
