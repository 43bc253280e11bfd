"""`make deploy`: put the deployments of prefect.yaml on the Prefect server, after the checks that Prefect leaves out.

What lives here: which server, which work pool, which image. What does not: the deployments themselves
(prefect.yaml). Mirrors https://docs.prefect.io/v3/how-to-guides/deployments/prefect-yaml.
"""

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.objects import WorkPool
from prefect.exceptions import ObjectNotFound
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.workers.process import ProcessWorker

from tasks.errors import ConfigError, PipelineError
from tasks.warehouse import local_services

PROJECT_FOLDER: Final = Path(__file__).resolve().parent.parent
USUAL_POOL: Final = "chicago-crime"
FOLDER_IN_IMAGE: Final = "/app"
_PROCESS: Final = ProcessWorker.type


def deploy() -> str:
    """Deploy all to the Prefect server that is set, else to the local one; return what to do next.

    Raises `ConfigError` when the work pool or its image is not said.
    """
    api_url = PREFECT_API_URL.value() or _local_api_url()
    with temporary_settings({PREFECT_API_URL: api_url}):
        pool = asyncio.run(_find_pool(os.environ.get("WORK_POOL", "").strip()))
    image = os.environ.get("IMAGE", "").strip()
    if pool.type != _PROCESS and not image:
        raise ConfigError(f"work pool {pool.name!r} runs containers ({pool.type}), and IMAGE is not set")
    folder = str(PROJECT_FOLDER) if pool.type == _PROCESS else FOLDER_IN_IMAGE
    variables = {
        "PREFECT_API_URL": api_url,
        "WORK_POOL": pool.name,
        "IMAGE": image,
        "PROJECT_FOLDER": folder,
    }
    done = subprocess.run(
        [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all"],
        cwd=PROJECT_FOLDER,
        env={**os.environ, **variables},
        check=False,
    )
    if done.returncode != 0:
        raise PipelineError(f"prefect deploy ended with {done.returncode}; what it said stands above")
    worker = f"PREFECT_API_URL={api_url} prefect worker start --pool {pool.name}"
    return f"Deployed to {api_url}. A worker runs them: {worker}"


def _local_api_url() -> str:
    postgres = local_services.ensure_postgres(PROJECT_FOLDER)
    return local_services.ensure_prefect_server(PROJECT_FOLDER, postgres).api_url


async def _find_pool(name: str) -> WorkPool:
    """Return the pool of this name, which has to be there; without a name the usual one, made if it is missing."""
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
