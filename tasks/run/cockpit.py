"""The cockpit: Prefect's server, which shows a run and decides nothing; the ledger does. A run goes on without it.

What lives here: calling the subflow of a window, and what happens when the server is lost in mid-run: the window is
done as the plain function that the subflow wraps, and so are those after it. Prefect's tasks need no server. What does
not live here: how long its client tries (tasks/commands/entrypoint.py), and the run's end (tasks/commands/run.py).
"""

import asyncio
import logging
from collections.abc import Awaitable
from typing import Any, Final, TypeVar
from uuid import UUID

import httpx
import prefect.runtime
from prefect import tags
from prefect.settings import PREFECT_API_URL

from tasks.errors import PipelineError
from tasks.run import connections
from tasks.run.states import error_of, named_error
from tasks.warehouse import ledger
from tasks.warehouse.faults import named_faults
from tasks.windows import parse_window

log = logging.getLogger(__name__)

T = TypeVar("T")

RUN_TAG: Final = "run"
WINDOW_TAG: Final = "window"
SHARE_TAG: Final = "share"

# The address of the server that this process has lost.
_lost: list[str] = []


def is_lost() -> bool:
    """Say whether this process has lost Prefect's server; nothing is asked of it then until the run ends."""
    return bool(_lost)


def flow_run_id() -> UUID | None:
    """Return the id of the flow run that this is in Prefect, None outside of one."""
    found = prefect.runtime.flow_run.id
    return UUID(found) if found else None


def server_url() -> str:
    """Return the address of Prefect's server: of the one that was lost, else as PREFECT_API_URL has it now."""
    return _lost[0] if _lost else str(PREFECT_API_URL.value())


def lost_error(what: str) -> PipelineError:
    """Return the error of a run that cannot go on without Prefect's server."""
    return PipelineError(
        f"Prefect's server at {server_url()} does not answer: {what}. "
        "Start it (the next run starts a local one by itself), and run again: it goes on with the rest."
    )


async def unless_lost(asked: Awaitable[T]) -> T | None:
    """Wait for something that Prefect's server has a part in; None where the server was lost meanwhile."""
    try:
        return await asked
    except httpx.HTTPError as error:
        _note_lost(error)
        return None


async def run_window(
    subflow: Any,
    run_id: str,
    window: str,
    accept_retirements: bool,  # noqa: FBT001
) -> PipelineError | None:
    """Run the subflow of a window, or do its work without it where Prefect's server is lost; return why it failed."""
    what, asked = f"window {window}", (run_id, window, accept_retirements)
    # What the window met is in its state; an error of HTTP that is raised comes from asking the server for the state.
    # Tagged, so that a list of runs can leave the windows out.
    with tags(WINDOW_TAG):
        state = None if is_lost() else await unless_lost(subflow(*asked, return_state=True))
    if state is not None:
        return await error_of(what, state)
    try:
        if not await asyncio.to_thread(_is_done, UUID(run_id), window):
            await subflow.fn(*asked)
    except Exception as error:  # noqa: BLE001 - as Prefect keeps it in a state
        return named_error(what, error)
    return None


def _is_done(run_id: UUID, window: str) -> bool:
    """Say whether a window was stored before its subflow failed to say so."""
    engine = connections.warehouse()
    with named_faults(engine, f"window {window}"), engine.connect() as connection:
        return ledger.read_counts(connection, run_id, parse_window(window)) is not None


def _note_lost(error: httpx.HTTPError) -> None:
    if not is_lost():
        _lost.append(server_url())
        log.warning(
            "Prefect's server at %s does not answer (%s); the run goes on without it, and the ledger has it all",
            server_url(),
            type(error).__name__,
        )
