"""`make deploy`: put the deployments of prefect.yaml on the Prefect server, after the checks that Prefect leaves out.

What lives here: which server, which work pool, which image. What does not: the deployments themselves
(prefect.yaml). Mirrors https://docs.prefect.io/v3/how-to-guides/deployments/prefect-yaml.
"""

import asyncio
import os
import subprocess
import sys
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.objects import WorkPool
from prefect.exceptions import ObjectNotFound
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.workers.process import ProcessWorker

from deploy.images import is_pushed
from tasks.errors import ConfigError, PipelineError
from tasks.local import services as local_services

PROJECT_FOLDER: Final = Path(__file__).resolve().parent.parent
USUAL_POOL: Final = "chicago-crime"
FOLDER_IN_IMAGE: Final = "/app"
USUAL_PLATFORM: Final = "linux/amd64"
_PROCESS: Final = ProcessWorker.type
_USUAL_BRIEFS: Final = "briefs"


def deploy() -> str:
    """Deploy all to the Prefect server that is set, else to the local one; return what to do next.

    Raises `ConfigError` when the work pool or its image is not named, `PipelineError` when a step fails.
    """
    api_url = PREFECT_API_URL.value() or _local_api_url()
    with temporary_settings({PREFECT_API_URL: api_url}):
        pool = asyncio.run(_find_pool(os.environ.get("WORK_POOL", "").strip()))
    image = _find_image(pool)
    usual = str(PROJECT_FOLDER) if pool.type == _PROCESS else FOLDER_IN_IMAGE
    folder = os.environ.get("PROJECT_FOLDER", "").strip() or usual
    brief = _find_brief(pool)
    variables = brief | {
        "PREFECT_API_URL": api_url,
        "WORK_POOL": pool.name,
        "IMAGE": image.name,
        "PROJECT_FOLDER": folder,
        "IMAGE_PLATFORM": os.environ.get("IMAGE_PLATFORM", "").strip() or USUAL_PLATFORM,
        # The push step runs `python`: the one that has this project's packages.
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
    }
    with _prefect_file(image, () if brief else ("brief",)) as file:
        done = subprocess.run(  # noqa: S603 - Prefect's own command, and a file of ours
            [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all", "--prefect-file", file],
            cwd=PROJECT_FOLDER,
            env={**os.environ, **variables},
            check=False,
        )
    if done.returncode != 0:
        raise PipelineError(f"prefect deploy ended with {done.returncode}; what it said stands above")
    worker = f"PREFECT_API_URL={api_url} prefect worker start --pool {pool.name}"
    return f"Deployed to {api_url}{image.told}. A worker runs them: {worker}"


@dataclass(frozen=True)
class Image:
    """The image of a deployment, an empty name if it runs in a process. is_to_be_built: the steps build it."""

    name: str
    is_to_be_built: bool

    @property
    def told(self) -> str:
        """Return how the closing message names it."""
        return f" with {self.name}" if self.name else ""


def _find_image(pool: WorkPool) -> Image:
    """Return the image that IMAGE names, or that the build step makes of REPOSITORY and IMAGE_TAG unless ECR has it."""
    if pool.type == _PROCESS:
        return Image("", is_to_be_built=False)
    named, repository, tag = (
        os.environ.get(name, "").strip() for name in ("IMAGE", "REPOSITORY", "IMAGE_TAG")
    )
    if named:
        return Image(named, is_to_be_built=False)
    if repository and tag:
        # A job that is run again after its push: ECR takes no tag twice, and the image is what the tag says.
        name = f"{repository}:{tag}"
        return Image(name, is_to_be_built=not is_pushed(name))
    raise ConfigError(
        f"work pool {pool.name!r} runs containers ({pool.type}), and IMAGE is not set. Name an image that exists, "
        "or set REPOSITORY and IMAGE_TAG to have it built and pushed."
    )


def _find_brief(pool: WorkPool) -> dict[str, str]:
    """Return what the weekly brief's deployment needs; nothing where a container would write to its own disk."""
    to, image = (os.environ.get(name, "").strip() for name in ("BRIEFS_TO", "DASHBOARD_IMAGE"))
    if pool.type == _PROCESS:
        return {"BRIEFS_TO": to or _USUAL_BRIEFS, "DASHBOARD_IMAGE": ""}
    return {"BRIEFS_TO": to, "DASHBOARD_IMAGE": image} if to.startswith("s3://") and image else {}


@contextmanager
def _prefect_file(image: Image, left_out: Collection[str] = ()) -> Iterator[str]:
    """Yield prefect.yaml, or a copy: without its build and push steps where there is nothing to build.

    left_out: names of deployments that this pool does not get.
    """
    own = PROJECT_FOLDER / "prefect.yaml"
    if image.is_to_be_built and not left_out:
        yield str(own)
        return
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / own.name
        declared = yaml.safe_load(own.read_text(encoding="utf-8"))
        declared["deployments"] = [each for each in declared["deployments"] if each["name"] not in left_out]
        steps = {} if image.is_to_be_built else {"build": None, "push": None}
        copy.write_text(yaml.safe_dump(declared | steps), encoding="utf-8")
        yield str(copy)


def _local_api_url() -> str:
    postgres = local_services.ensure_postgres(PROJECT_FOLDER)
    return local_services.ensure_prefect_server(PROJECT_FOLDER, postgres).api_url


async def _find_pool(name: str) -> WorkPool:
    """Return the pool of this name, which has to exist; without a name the usual one, created if it is missing."""
    async with get_client() as client:
        try:
            return await client.read_work_pool(name or USUAL_POOL)
        except ObjectNotFound:
            if name:
                raise ConfigError(
                    f"WORK_POOL: the Prefect server has no work pool {name!r}. Create it (prefect work-pool create), "
                    "or unset WORK_POOL to deploy to a process pool on this machine."
                ) from None
        return await client.create_work_pool(WorkPoolCreate(name=USUAL_POOL, type=_PROCESS))


def main() -> int:
    """Deploy; 0 done, 1 failed, 2 wrong use."""
    try:
        sys.stdout.write(deploy() + "\n")
    except PipelineError as error:
        sys.stderr.write(f"make deploy: {error}\n")
        return 2 if isinstance(error, ConfigError) else 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
