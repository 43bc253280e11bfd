"""The queue of a run's windows, from which several flow runs take, on this machine or on others of the work pool.

The queue is the ledger: a process takes a window by a lock of its session. So the window of a killed process is free
again for the next one that asks, and nobody has to ask Prefect which flow run is alive. What does not live here: the
further flow runs (fan_out.py), and any of the work on a window.
"""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final
from uuid import UUID

import tenacity
from sqlalchemy import Connection, Engine

from tasks.errors import LoadError, PipelineError
from tasks.run import connections
from tasks.run.process import prepare_process
from tasks.run.stop import stopped_by_signals
from tasks.warehouse import ledger
from tasks.warehouse.faults import PassingFaultError, named_faults
from tasks.warehouse.lock import free_window, lock_window
from tasks.warehouse.refusals import FIRST_WAIT_SECONDS, MAX_TRIES
from tasks.windows import Window

_LOOK_AGAIN_SECONDS: Final = 0.5
_again_when_it_may_help = tenacity.retry(
    retry=tenacity.retry_if_exception_type(PassingFaultError),
    stop=tenacity.stop_after_attempt(MAX_TRIES),
    wait=tenacity.wait_exponential(multiplier=FIRST_WAIT_SECONDS),
    reraise=True,
)


class WindowQueue:
    """The open windows of a run, as one process takes them; safe for its threads.

    Two processes that take at once never get the same window. A process that loses its session loses its windows, and
    another may do the same window meanwhile: the second to commit finds it done (tasks/sync/apply.py).
    """

    def __init__(self, engine: Engine, run_id: UUID) -> None:
        self._engine, self._run_id = engine, run_id
        self._session: Connection | None = None
        self._held: dict[Window, int] = {}
        self._one_at_a_time = threading.Lock()

    @_again_when_it_may_help
    def take(self) -> Window | None:
        """Return an open window that no process has taken; None where there is none, or the run is over."""
        with self._one_at_a_time, named_faults(self._engine, "taking a window"):
            try:
                return self._take(self._connection())
            except Exception:
                self._forget()
                raise

    @_again_when_it_may_help
    def close(self, window: Window, error: PipelineError | None) -> None:
        """Release a window, and write its error; None: it is done, as its own transaction has written."""
        with self._one_at_a_time, named_faults(self._engine, f"window {window}"):
            if error is not None:
                # Where the run is over meanwhile, the window waits again, and there is nobody to tell why.
                with (
                    suppress(LoadError),
                    ledger.run_transaction(self._engine, self._run_id) as connection,
                ):
                    ledger.fail_window(connection, self._run_id, window, str(error))
            number = self._held.pop(window, None)
            if number is not None and self._session is not None:
                free_window(self._session, number)

    @_again_when_it_may_help
    def is_over(self) -> bool:
        """Return whether the run is over, or has no open window left, taken or not."""
        with named_faults(self._engine, "reading the windows"), self._engine.connect() as connection:
            return not ledger.read_open_windows(connection, self._run_id)

    def disconnect(self) -> None:
        """End the session, and with it the hold on every window."""
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
            # Taken out of the pool: its end, and nothing before that, frees the windows.
            self._session.detach()
        return self._session

    def _forget(self) -> None:
        session, self._session = self._session, None
        self._held.clear()
        if session is not None:
            session.close()


class Windows:
    """The queue as a flow uses it. waits: until the windows that others took have ended, to take what they drop."""

    def __init__(self, queue: WindowQueue, *, waits: bool) -> None:
        self._queue, self._waits = queue, waits

    async def __aiter__(self) -> AsyncIterator[Window]:
        """Yield windows until none is left to take."""
        while True:
            window = await asyncio.to_thread(self._queue.take)
            if window is not None:
                yield window
            elif not self._waits or await asyncio.to_thread(self._queue.is_over):
                return
            else:
                await asyncio.sleep(_LOOK_AGAIN_SECONDS)

    async def close(self, window: Window, error: PipelineError | None) -> None:
        """Release a window, with the reason if it failed."""
        await asyncio.to_thread(self._queue.close, window, error)


@asynccontextmanager
async def open_windows(run_id: UUID, max_concurrency: int, *, waits: bool) -> AsyncIterator[Windows]:
    """Yield the windows of a run to take from, `max_concurrency` at a time.

    Raises `ConfigError` where this process is set to another dataset.
    """
    prepare_process()
    engine = await asyncio.to_thread(connections.warehouse)
    connections.source().portal.allow_windows(max_concurrency)
    with named_faults(engine, "reading the run"), engine.connect() as connection:
        ledger.check_dataset(connection, connections.profile().dataset)
    queue = WindowQueue(engine, run_id)
    try:
        with stopped_by_signals():
            yield Windows(queue, waits=waits)
    finally:
        queue.disconnect()
