"""Flow runs that Prefect takes for running although the ledger knows how they ended.

A run that is killed, or that loses Prefect's server, tells it nothing more. Its page there would say Running for good,
and Prefect clears no flow run that has not ended. The next run closes it, and the subflows of its windows.
"""

import asyncio
import logging

import prefect.runtime
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.filters import (
    FlowFilter,
    FlowFilterName,
    FlowRunFilter,
    FlowRunFilterParentFlowRunId,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import State, StateType
from prefect.states import Completed, Crashed
from sqlalchemy import Engine

from tasks.run.cockpit import is_lost
from tasks.shown.artifacts import no_reason_to_fail
from tasks.warehouse.clearing import EndedRun, read_ended

log = logging.getLogger(__name__)

_AT_WORK = FlowRunFilterState(
    type=FlowRunFilterStateType(any_=[StateType.RUNNING, StateType.PENDING, StateType.CANCELLING])
)


async def close_left_open(engine: Engine) -> int:
    """Close in Prefect the flow runs of this flow that are over by the ledger; return how many."""
    name = prefect.runtime.flow_run.flow_name
    if name is None or is_lost():
        return 0
    with no_reason_to_fail("the end of earlier runs"):
        async with get_client() as client:
            named = FlowFilter(name=FlowFilterName(any_=[name]))
            at_work = await client.read_flow_runs(
                flow_filter=named, flow_run_filter=FlowRunFilter(state=_AT_WORK)
            )
            ended = await asyncio.to_thread(read_ended, engine, [found.id for found in at_work])
            for run in ended:
                await _close(client, run)
            return len(ended)
    return 0


async def _close(client: PrefectClient, run: EndedRun) -> None:
    children = FlowRunFilterParentFlowRunId(any_=[run.flow_run_id])
    windows = await client.read_flow_runs(
        flow_run_filter=FlowRunFilter(parent_flow_run_id=children, state=_AT_WORK)
    )
    for flow_run_id in [*(window.id for window in windows), run.flow_run_id]:
        await client.set_flow_run_state(flow_run_id, _state(run), force=True)
    log.info("flow_run=%s is %s by the ledger, and is closed in Prefect", run.flow_run_id, run.status)


def _state(run: EndedRun) -> State[None]:
    if run.status == "done":
        return Completed(message="Done, as the ledger says: Prefect's server did not hear of its end.")
    return Crashed(
        message=f"The run is {run.status}, as the ledger says: {run.message or 'no word was left'}"
    )
