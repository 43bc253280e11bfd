"""`make images`: the images of the stack's repositories that nothing runs, and with `--delete` their end.

What lives here: whether an image was pushed, and which are in use: by a service of the cluster, by the newest
definition of a run, by a deployment; and the newest five beside them, to go back to. A rule of ECR can only count,
and would one day take what still runs.
"""

import argparse
import asyncio
import sys
from collections.abc import Iterator, Sequence
from typing import Any, Final

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from prefect.client.orchestration import get_client
from prefect.settings import PREFECT_API_URL

from deploy.pool import USUAL_STACK
from tasks.errors import ConfigError, PipelineError

NEWEST_KEPT: Final = 5
_MISSING: Final = {"ImageNotFoundException", "RepositoryNotFoundException"}


def is_pushed(image: str) -> bool:
    """Say whether ECR has an image, named as ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME:TAG.

    False also for what is not in ECR. Raises `PipelineError` when AWS does not answer.
    """
    registry, _, path = image.partition("/")
    repository, _, tag = path.rpartition(":")
    parts = registry.split(".")
    if parts[1:3] != ["dkr", "ecr"] or not repository:
        return False
    try:
        boto3.client("ecr", region_name=parts[3]).describe_images(
            registryId=parts[0], repositoryName=repository, imageIds=[{"imageTag": tag}]
        )
    except ClientError as error:
        if error.response["Error"]["Code"] in _MISSING:
            return False
        raise PipelineError(
            f"ECR does not say whether it has {image}: {error}. Check AWS_PROFILE, and the role's rights."
        ) from None
    except BotoCoreError as error:
        raise PipelineError(f"ECR was not reached: {error}. Set AWS_PROFILE.") from None
    return True


def unused(repository: str, in_use: set[str]) -> list[str]:
    """Return the tags of a repository that nothing runs and that are not among the newest, oldest first.

    in_use: images by their whole names.
    """
    pages = boto3.client("ecr").get_paginator("describe_images").paginate(repositoryName=repository)
    images = sorted((each for page in pages for each in page["imageDetails"]), key=_pushed_at)
    tagged = [(each["imageTags"], each) for each in images if each.get("imageTags")]
    names = {name.rpartition("/")[2] for name in in_use}
    old = tagged[:-NEWEST_KEPT]
    # An image may have several tags: one in use keeps it.
    return [tags[0] for tags, _ in old if not names & {f"{repository}:{tag}" for tag in tags}]


def _pushed_at(image: dict[str, Any]) -> Any:
    return image["imagePushedAt"]


def images_in_use(stack: str) -> set[str]:
    """Return the images that the cluster's services, the newest run's definition and the deployments name."""
    ecs = boto3.client("ecs")
    services = ecs.list_services(cluster=stack, maxResults=10)["serviceArns"]
    described = ecs.describe_services(cluster=stack, services=services)["services"] if services else []
    # While a service is updated the definition before is at work too.
    named = {each["taskDefinition"] for found in described for each in (found, *found.get("deployments", []))}
    named |= set(
        ecs.list_task_definitions(familyPrefix=f"{stack}-run", sort="DESC", maxResults=1)[
            "taskDefinitionArns"
        ]
    )
    return {image for name in named for image in _images_of(ecs, name)} | asyncio.run(
        _images_of_deployments()
    )


def _images_of(ecs: Any, definition: str) -> Iterator[str]:
    described = ecs.describe_task_definition(taskDefinition=definition)["taskDefinition"]
    yield from (container["image"] for container in described["containerDefinitions"])


async def _images_of_deployments() -> set[str]:
    async with get_client() as client:
        deployments = await client.read_deployments()
    return {str(each.job_variables["image"]) for each in deployments if each.job_variables.get("image")}


def main(arguments: Sequence[str] | None = None) -> int:
    """Name them, or delete them; 0 done, 1 failed, 2 wrong use."""
    parser = argparse.ArgumentParser(prog="make images", allow_abbrev=False)
    parser.add_argument("--stack", default=USUAL_STACK, help="name of the stack (default: %(default)s)")
    parser.add_argument("--delete", action="store_true", help="delete them")
    asked = parser.parse_args(arguments)
    try:
        # Without the server nobody knows what the next run uses.
        if not PREFECT_API_URL.value():
            raise ConfigError("PREFECT_API_URL is not set: its deployments say which images are in use")
        in_use = images_in_use(asked.stack)
        for repository in (asked.stack, f"{asked.stack}-dashboard"):
            tags = unused(repository, in_use)
            if tags and asked.delete:
                ids = [{"imageTag": tag} for tag in tags[:100]]
                boto3.client("ecr").batch_delete_image(repositoryName=repository, imageIds=ids)
            sys.stdout.write(
                f"{repository}: {'deleted' if asked.delete else 'unused'} {' '.join(tags) or 'none'}\n"
            )
    except (BotoCoreError, ClientError) as error:
        sys.stderr.write(
            f"make images: AWS does not answer: {error}. Check AWS_PROFILE and AWS_DEFAULT_REGION.\n"
        )
        return 1
    except PipelineError as error:
        sys.stderr.write(f"make images: {error}\n")
        return 2 if isinstance(error, ConfigError) else 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
