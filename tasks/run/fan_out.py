"""Fan-out: further flow runs on the work pool that share the windows of a run (window_queue.py)."""

import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

import httpx
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun
from prefect.deployments import run_deployment
from prefect.exceptions import ObjectNotFound
from prefect.states import Cancelled

from tasks.errors import ConfigError
from tasks.run import connections
from tasks.run.cockpit import lost_error, unless_lost
from tasks.run.lifecycle import Run

log = logging.getLogger(__name__)

DEPLOYMENT: Final = "share-windows/share"


@asynccontextmanager
async def further_runs(run: Run) -> AsyncIterator[None]:
    """Have further flow runs on the work pool while the body runs; those that have not begun at its end are cancelled.

    Raises `ConfigError` where the server lacks the deployment for them.
    """
    request = run.request
    parameters = {
        "run_id": str(run.run_id),
        "max_concurrency": request.windows_of_each,
        "accept_retirements": request.accept_retirements,
    }
    started: list[FlowRun] = []
    try:
        for _ in range(request.fan_out):
            further = await _start(parameters)
            started.append(further)
        log.info("fan_out=%d deployment=%s", request.fan_out, DEPLOYMENT)
        yield
    finally:
        await unless_lost(_cancel_unbegun(started))
        # The audit is this flow run's alone.
        connections.source().portal.allow_windows(request.max_concurrency)


async def _start(parameters: dict[str, object]) -> FlowRun:
    try:
        # By Prefect's types this need not be awaited.
        return await run_deployment(DEPLOYMENT, parameters=parameters, timeout=0)  # type: ignore[no-any-return, misc]
    except ObjectNotFound:
        raise ConfigError(
            f"fan_out needs the deployment {DEPLOYMENT!r}, which the Prefect server does not have: make deploy"
        ) from None
    except httpx.HTTPError as error:
        raise lost_error("it has to start the further flow runs") from error


async def _cancel_unbegun(runs: Sequence[FlowRun]) -> None:
    async with get_client() as client:
        for run in runs:
            now = await client.read_flow_run(run.id)
            if now.state is not None and (now.state.is_scheduled() or now.state.is_pending()):
                message = "the run whose windows it was to share is over"
                await client.set_flow_run_state(run.id, Cancelled(message=message), force=True)
