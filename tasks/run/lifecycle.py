"""A run's life as the one writer, from the lock to the log's last line.

Takes the lock, then migrates, marks runs that died, and opens the run in the ledger; closes it however it ends, and
says so in the log's line `run_closed`.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from uuid import UUID

import tenacity
from sqlalchemy import Engine

from tasks.errors import PipelineError
from tasks.masked import masked
from tasks.request import Request
from tasks.run import connections
from tasks.run.process import give_back_large_pieces, prepare_process
from tasks.run.stop import stopped_by_signals
from tasks.run.verdict import status_of
from tasks.source.threads import RunThreads
from tasks.warehouse import ledger
from tasks.warehouse.engine import first_line
from tasks.warehouse.faults import PassingFaultError, named_faults
from tasks.warehouse.ledger import ClosedRun, RunStatus
from tasks.warehouse.lock import writer_lock
from tasks.warehouse.migrations import migrate
from tasks.warehouse.refusals import FIRST_WAIT_SECONDS, MAX_TRIES
from tasks.warehouse.slots import slots_within

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Run:
    """A run that is the one writer."""

    run_id: UUID
    request: Request


@asynccontextmanager
async def open_run(request: Request, flow_run_id: UUID | None = None) -> AsyncIterator[Run | None]:
    """Be the one writer while the body runs; yield None when another run is.

    flow_run_id: the flow run of Prefect that it is, None where there is none.
    The run is closed as done, or as what the body's exception says: unequal, failed, or stopped by a signal.
    """
    with stopped_by_signals():
        async with _opened(request, flow_run_id) as run:
            yield run


@asynccontextmanager
async def _opened(request: Request, flow_run_id: UUID | None) -> AsyncIterator[Run | None]:
    prepare_process()
    engine = await asyncio.to_thread(connections.warehouse)
    with writer_lock(engine) as connection:
        if connection is None:
            await asyncio.to_thread(_record_skipped, engine, request.mode)
            yield None
            return
        if request.by_rows:
            give_back_large_pieces()
        # Of windows by rows there are as few as memory allows (decision 0029).
        slots = await asyncio.to_thread(
            _slots_within,
            engine,
            request.max_concurrency,
            request.fan_out,
            reads_ahead=not request.by_rows,
        )
        request = replace(request, max_concurrency=slots.windows, read_ahead=slots.ahead)
        # Without a token all who share an address share the portal's bound.
        in_flight = slots.windows + (slots.ahead if connections.settings().app_token else 0)
        connections.source().portal.allow_windows(in_flight)
        status: RunStatus = "stopped"
        message: str | None = "stopped by a signal; the next run goes on from here"
        opened = RunThreads(max_workers=1).submit(_open, engine, request, flow_run_id)
        try:
            yield Run(await asyncio.wrap_future(opened), request)
            status, message = "done", None
        except Exception as error:
            status, message = status_of(error), _message(error)
            raise
        finally:
            # A signal may come while a thread opens the run. That thread goes on, and what it has opened is closed.
            if not opened.cancelled() and opened.exception() is None:
                _close(engine, opened.result(), status, message)


async def close_run(run: Run, error: PipelineError | None) -> None:
    """Close a run before its body ends, so that what is written about it is of a run that is over.

    error: why it is no success. Without this, the run is closed when its body ends; after it, that changes nothing.
    """
    message = _message(error) if error else None
    await asyncio.to_thread(_close, connections.warehouse(), run.run_id, status_of(error), message)


_again_when_it_may_help = tenacity.retry(
    retry=tenacity.retry_if_exception_type(PassingFaultError),
    stop=tenacity.stop_after_attempt(MAX_TRIES),
    wait=tenacity.wait_exponential(multiplier=FIRST_WAIT_SECONDS),
    reraise=True,
)


_slots_within = _again_when_it_may_help(slots_within)


@_again_when_it_may_help
def _open(engine: Engine, request: Request, flow_run_id: UUID | None) -> UUID:
    with named_faults(engine, "setting up the warehouse"):
        migrate(engine)
    with named_faults(engine, "opening the run"), engine.begin() as transaction:
        for dead in ledger.mark_dead_runs(transaction):
            log.warning("run=%s ended without a word and is marked dead", dead)
        ledger.take_dataset(transaction, connections.profile().dataset)
        return ledger.insert_run(
            transaction,
            request.mode,
            (request.start, request.end),
            accept_retirements=request.accept_retirements,
            accept_span=request.accept_span,
            flow_run_id=flow_run_id,
        )


def _record_skipped(engine: Engine, mode: str) -> None:
    with named_faults(engine, "noting that the run was skipped"), engine.begin() as connection:
        ledger.record_skipped(connection, mode)
    log.info("%s", ledger.closing_line("skipped", None, None))


def _close(engine: Engine, run_id: UUID, status: RunStatus, message: str | None) -> None:
    # Whoever stops a run does not wait for a database that fails over.
    write = _write_end.__wrapped__ if status == "stopped" else _write_end
    try:
        closed = write(engine, run_id, status, message)
    except Exception as error:  # noqa: BLE001 - the run's own error is the one to show; the next run marks this one
        log.warning("run=%s could not be closed as %s: %s", run_id, status, first_line(error))
        return
    if closed is not None:
        log.info("%s", ledger.closing_line(status, closed, run_id))


@_again_when_it_may_help
def _write_end(engine: Engine, run_id: UUID, status: RunStatus, message: str | None) -> ClosedRun | None:
    with named_faults(engine, "closing the run"), engine.begin() as connection:
        return ledger.close_run(connection, run_id, status, message)


def _message(error: Exception) -> str:
    said = str(error) if isinstance(error, PipelineError) else f"{type(error).__name__}: {first_line(error)}"
    return masked(said)
