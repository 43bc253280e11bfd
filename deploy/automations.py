"""`make automations`: the automations of this project on the Prefect server, as code.

What lives here: what is watched, and what is done. What does not: whom to tell, which is the operator's
notification block. Mirrors https://docs.prefect.io/v3/concepts/automations and the how-to on zombie flow runs.
"""

import asyncio
import os
import sys
from datetime import timedelta
from typing import Final
from uuid import UUID

from prefect.automations import AutomationCore, EventTrigger, Posture
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.objects import StateType
from prefect.events.actions import ActionTypes, ChangeFlowRunState, DoNothing, SendNotification
from prefect.exceptions import ObjectNotFound
from prefect.settings import PREFECT_API_URL

from tasks.errors import ConfigError, PipelineError
from tasks.shown.artifacts import DRIFT_EVENT

FLOW: Final = "chicago-crime"
_STATE: Final = "{{ flow_run.state.message }}"
# A run sends a heartbeat every 180 s (PREFECT_FLOWS_HEARTBEAT_FREQUENCY): three in a row may be missed, not more.
ZOMBIE_SECONDS: Final = 540
# A run that finds another at work ends Completed under the name Skipped (flows/main.py), and a run whose container is
# replaced waits for the next one: neither sends a heartbeat any more.
_ENDS: Final = ("Completed", "Failed", "Cancelled", "Crashed", "Skipped", "AwaitingRetry")


def automations(
    notify: UUID | None, flow: str = FLOW, zombie_seconds: int = ZOMBIE_SECONDS
) -> list[AutomationCore]:
    """Return the automations of a flow.

    notify: the id of a notification block; without one nobody is told, and the UI alone shows what happened.
    zombie_seconds: how long a run may send no heartbeat before it is marked as crashed, which the second one reports.
    """
    related = {"prefect.resource.role": "flow", "prefect.resource.name": flow}
    return [
        *(
            _told(
                flow,
                name,
                (f"prefect.flow-run.{state}", "prefect.flow-run.*"),
                (why, _STATE),
                related,
                notify,
            )
            for name, state, why in (
                ("a run failed", "Failed", "It failed"),
                ("a run crashed", "Crashed", "It ended without a message"),
                ("a run is late", "Late", "No worker took it up"),
            )
        ),
        # Of each column once, when it is first seen: the run that emits it has loaded, and no one is to mute it.
        _told(
            flow,
            "columns changed",
            (DRIFT_EVENT, "chicago-crime.column.*"),
            ("It loads on, since the values pass", "{{ event.payload.said }}"),
            related,
            notify,
        ),
        _zombies(flow, zombie_seconds, related),
    ]


def _told(
    flow: str,
    name: str,
    awaited: tuple[str, str],
    said: tuple[str, str],
    related: dict[str, str],
    notify: UUID | None,
) -> AutomationCore:
    """Return an automation that tells of an event. awaited: it, and the resource it is of. said: why, and details."""
    (event, resource), (why, details) = awaited, said
    actions: list[ActionTypes] = [DoNothing()]
    if notify is not None:
        actions = [
            SendNotification(
                block_document_id=notify,
                subject=f"{flow}: {name}",
                body=(
                    f"{why}: {{{{ flow_run.name }}}}, {details}\n{{{{ flow_run|ui_url }}}}\n"
                    "docs/runbook.md says what to do."
                ),
            )
        ]
    return AutomationCore(
        name=f"{flow}: {name}",
        description=f"{why}. Made by `make automations`.",
        trigger=EventTrigger(
            expect={event},
            match={"prefect.resource.id": resource},
            match_related=related,
            posture=Posture.Reactive,
            threshold=1,
        ),
        actions=actions,
    )


def _zombies(flow: str, seconds: int, related: dict[str, str]) -> AutomationCore:
    return AutomationCore(
        name=f"{flow}: a run is gone",
        description=f"Marks a run as crashed that has sent no heartbeat for {seconds} s. Made by `make automations`.",
        trigger=EventTrigger(
            after={"prefect.flow-run.heartbeat"},
            expect={"prefect.flow-run.heartbeat", *(f"prefect.flow-run.{end}" for end in _ENDS)},
            match={"prefect.resource.id": "prefect.flow-run.*"},
            match_related=related,
            for_each={"prefect.resource.id"},
            posture=Posture.Proactive,
            threshold=1,
            within=timedelta(seconds=seconds),
        ),
        actions=[
            ChangeFlowRunState(
                state=StateType.CRASHED,
                name="Crashed",
                message=f"No heartbeat for {seconds} s: its container is gone. The next run goes on from there.",
            )
        ],
    )


async def put_automations(wanted: list[AutomationCore], client: PrefectClient) -> list[AutomationCore]:
    """Create each of the automations, or bring the one of its name up to date; return them as they are then.

    Others are left alone, and so is whom one tells already, where this one would tell nobody: a deployment that does
    not know the operators' block must not silence them.
    """
    return [await _put_automation(automation, client) for automation in wanted]


async def _put_automation(wanted: AutomationCore, client: PrefectClient) -> AutomationCore:
    found = await client.read_automations_by_name(wanted.name)
    if not found:
        await client.create_automation(wanted)
        return wanted
    tells_nobody = all(isinstance(action, DoNothing) for action in wanted.actions)
    put = wanted.model_copy(update={"actions": found[0].actions}) if tells_nobody else wanted
    await client.update_automation(found[0].id, put)
    return put


async def _find_block(named: str, client: PrefectClient) -> UUID | None:
    if not named:
        return None
    kind, _, name = named.partition("/")
    try:
        document = await client.read_block_document_by_name(name, kind)
    except ObjectNotFound:
        raise ConfigError(
            f"NOTIFY_BLOCK: Prefect has no block {named!r}; write it like slack-webhook/operators, and create it first"
        ) from None
    return document.id


async def _put(named: str) -> list[AutomationCore]:
    async with get_client() as client:
        return await put_automations(automations(await _find_block(named, client)), client)


def _whom_they_tell(put: list[AutomationCore], named: str) -> str:
    if named:
        return f"tells through {named}"
    if any(isinstance(action, SendNotification) for automation in put for action in automation.actions):
        return "tells whom it told before: NOTIFY_BLOCK is not set, so the block that stands there stays"
    return "tells nobody: set NOTIFY_BLOCK to a notification block, and run again"


def main() -> int:
    """Put the automations on the server; 0 done, 1 failed, 2 wrong use."""
    named = os.environ.get("NOTIFY_BLOCK", "").strip()
    try:
        if not PREFECT_API_URL.value():
            raise ConfigError("PREFECT_API_URL is not set: name the Prefect server")
        put = asyncio.run(_put(named))
    except PipelineError as error:
        sys.stderr.write(f"make automations: {error}\n")
        return 2 if isinstance(error, ConfigError) else 1
    lines = [f"automation {automation.name}" for automation in put]
    sys.stdout.write("\n".join([*lines, _whom_they_tell(put, named)]) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
