"""Sharing: the windows of one run, worked on by several flow runs, on this machine or on others of the work pool.

What lives here: further flow runs asked of Prefect, and the queue from which all of them take windows. The queue is the
ledger: a window is taken by a lock of a session, so one whose worker was killed is free again for the next who asks,
and nobody has to ask Prefect who is alive. What does not: any of the work on a window (flows/sync_window.py).
"""

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final
from uuid import UUID

import tenacity
from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun
from prefect.deployments import run_deployment
from prefect.exceptions import ObjectNotFound
from prefect.states import Cancelled
from sqlalchemy import Connection, Engine

from tasks import connections
from tasks.claim import Claim
from tasks.errors import ConfigError, LoadError, PipelineError
from tasks.warehouse import ledger
from tasks.warehouse.faults import FIRST_WAIT_SECONDS, MOST_TRIES, PassingFaultError, named_faults
from tasks.warehouse.lock import free_window, lock_window
from tasks.windows import Window

log = logging.getLogger(__name__)

DEPLOYMENT: Final = "share-windows/share"
_LOOK_AGAIN_SECONDS: Final = 0.5
_again_when_it_may_help = tenacity.retry(
    retry=tenacity.retry_if_exception_type(PassingFaultError),
    stop=tenacity.stop_after_attempt(MOST_TRIES),
    wait=tenacity.wait_exponential(multiplier=FIRST_WAIT_SECONDS),
    reraise=True,
)


class WindowQueue:
    """The open windows of a run, as one process takes them; safe for its threads.

    Two that take at once never get the same window. A process that loses its session loses its claims, and another may
    do the same window meanwhile: the second to commit finds it done (tasks/warehouse/sync.py).
    """

    def __init__(self, engine: Engine, run_id: UUID) -> None:
        self._engine, self._run_id = engine, run_id
        self._session: Connection | None = None
        self._held: dict[Window, int] = {}
        self._one_at_a_time = threading.Lock()

    @_again_when_it_may_help
    def take(self) -> Window | None:
        """Return an open window that nobody has in hand; None where there is none, or the run is over."""
        with self._one_at_a_time, named_faults(self._engine, "taking a window"):
            try:
                return self._take(self._connection())
            except Exception:
                self._forget()
                raise

    @_again_when_it_may_help
    def close(self, window: Window, error: PipelineError | None) -> None:
        """Let go of a window, and write why it failed; None where it is done, which its own transaction wrote."""
        with self._one_at_a_time, named_faults(self._engine, f"window {window}"):
            if error is not None:
                with self._engine.begin() as connection:
                    ledger.fail_window(connection, self._run_id, window, str(error))
            number = self._held.pop(window, None)
            if number is not None and self._session is not None:
                free_window(self._session, number)

    @_again_when_it_may_help
    def is_over(self) -> bool:
        """Return whether no window is open any more, in whosever hand, or the run is over."""
        with named_faults(self._engine, "looking at the windows"), self._engine.connect() as connection:
            return not ledger.read_open_windows(connection, self._run_id)

    def disconnect(self) -> None:
        """End the session, and with it every claim."""
        with self._one_at_a_time:
            self._forget()

    def _take(self, session: Connection) -> Window | None:
        for number, window in ledger.read_open_windows(session, self._run_id):
            if window in self._held or not lock_window(session, number):
                continue
            # It may have been done between the list and the lock.
            if any(number == still for still, _ in ledger.read_open_windows(session, self._run_id)):
                self._held[window] = number
                return window
            free_window(session, number)
        return None

    def _connection(self) -> Connection:
        if self._session is None:
            self._session = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            # Out of the pool: its end, and nothing before, frees the claims.
            self._session.detach()
        return self._session

    def _forget(self) -> None:
        session, self._session = self._session, None
        self._held.clear()
        if session is not None:
            session.close()


class Windows:
    """The queue as a flow uses it. waits: to the end of windows in others' hands, to take what they drop."""

    def __init__(self, queue: WindowQueue, *, waits: bool) -> None:
        self._queue, self._waits = queue, waits

    async def __aiter__(self) -> AsyncIterator[Window]:
        """Give windows until none is left to take."""
        while True:
            window = await asyncio.to_thread(self._queue.take)
            if window is not None:
                yield window
            elif not self._waits or await asyncio.to_thread(self._queue.is_over):
                return
            else:
                await asyncio.sleep(_LOOK_AGAIN_SECONDS)

    async def close(self, window: Window, error: PipelineError | None) -> None:
        """Let go of a window, with the reason if it failed."""
        await asyncio.to_thread(self._queue.close, window, error)


@asynccontextmanager
async def open_windows(run_id: UUID, *, waits: bool) -> AsyncIterator[Windows]:
    """Give the windows of a run to take from. Raises `ConfigError` where this process is set to another dataset."""
    engine = await asyncio.to_thread(connections.warehouse)
    with named_faults(engine, "looking at the run"), engine.connect() as connection:
        ledger.check_dataset(connection, connections.profile().dataset)
    queue = WindowQueue(engine, run_id)
    try:
        yield Windows(queue, waits=waits)
    finally:
        queue.disconnect()


@asynccontextmanager
async def further_runs(claim: Claim) -> AsyncIterator[None]:
    """Have further flow runs on the work pool while the body runs; those that have not begun at its end are cancelled.

    Raises `ConfigError` where the deployment for it is not on the server.
    """
    request = claim.request
    parameters = {
        "run_id": str(claim.run_id),
        "max_concurrency": request.max_concurrency,
        "accept_retirements": request.accept_retirements,
    }
    started: list[FlowRun] = []
    try:
        for _ in range(request.fan_out):
            run = await _start(parameters)
            started.append(run)
        log.info("fan_out=%d deployment=%s", request.fan_out, DEPLOYMENT)
        yield
    finally:
        await _cancel_unbegun(started)


async def _start(parameters: dict[str, object]) -> FlowRun:
    try:
        # Prefect types what it awaits as if it need not be.
        return await run_deployment(DEPLOYMENT, parameters=parameters, timeout=0)  # type: ignore[no-any-return, misc]
    except ObjectNotFound:
        raise ConfigError(
            f"fan_out needs the deployment {DEPLOYMENT!r}, which the Prefect server does not have: make deploy"
        ) from None


async def _cancel_unbegun(runs: Sequence[FlowRun]) -> None:
    async with get_client() as client:
        for run in runs:
            now = await client.read_flow_run(run.id)
            if now.state is not None and (now.state.is_scheduled() or now.state.is_pending()):
                message = "the run whose windows it was to share is over"
                await client.set_flow_run_state(run.id, Cancelled(message=message), force=True)


@task(name="collect_windows", cache_policy=NO_CACHE)
async def collect_windows(claim: Claim, windows: tuple[Window, ...]) -> list[PipelineError | None]:
    """Return how each window ended, as the ledger has it: None is done."""
    return await asyncio.to_thread(_outcomes, connections.warehouse(), claim.run_id, windows)


def _outcomes(engine: Engine, run_id: UUID, windows: Sequence[Window]) -> list[PipelineError | None]:
    with named_faults(engine, "the ledger"), engine.connect() as connection:
        ended = ledger.read_outcomes(connection, run_id)
    errors: list[PipelineError | None] = []
    for window in windows:
        status, error = ended[window]
        if status == "done":
            errors.append(None)
        else:
            errors.append(LoadError(error or f"window {window}: the run was over before anyone did it"))
    return errors
