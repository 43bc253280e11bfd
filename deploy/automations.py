"""`make automations`: the automations of this project on the Prefect server, as code.

What lives here: what is watched, what is done, and one message on trial (`ARGS=--try`). What does not: whom to tell,
which is the operator's notification block. Mirrors
https://docs.prefect.io/v3/concepts/automations and the how-to on zombie flow runs.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID, uuid4

from prefect.automations import AutomationCore, EventTrigger, Posture
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.objects import StateType
from prefect.events.actions import ActionTypes, ChangeFlowRunState, DoNothing, SendNotification
from prefect.events.clients import get_events_client
from prefect.events.filters import EventFilter, EventNameFilter, EventResourceFilter
from prefect.events.schemas.events import Event, Resource
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

_TRIAL: Final = "chicago-crime.message-on-trial"
# The server takes up a new automation within a second or two, and may miss what comes before: so it is sent again.
_TRIAL_TRIES: Final = 10
_TRIAL_SECONDS: Final = 2.0


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


async def try_message(named: str) -> str:
    """Have the server send one message through the operators' block, and return what it says of it.

    An automation is made for it and taken away again: the message goes the way that one of a failed run goes. Raises
    `ConfigError` where nobody would be told, `PipelineError` with the server's reason where it could not be sent.
    """
    async with get_client() as client:
        notify = await _find_block(named, client) or await _told_by_now(client)
        if notify is None:
            raise ConfigError(
                "nobody is told: set NOTIFY_BLOCK to a notification block, like slack-webhook/operators"
            )
        made = await client.create_automation(_on_trial(notify))
        try:
            for _ in range(_TRIAL_TRIES):
                await _emit_trial()
                await asyncio.sleep(_TRIAL_SECONDS)
                if (said := await _outcome(made, client)) is not None:
                    return said
        finally:
            await client.delete_automation(made)
    raise PipelineError(
        f"the server has sent nothing in {_TRIAL_TRIES * _TRIAL_SECONDS:.0f} s: do its automations run? Its log may say"
    )


async def _told_by_now(client: PrefectClient) -> UUID | None:
    """Return the block through which a failed run is told of."""
    found = await client.read_automations_by_name(f"{FLOW}: a run failed")
    actions = found[0].actions if found else []
    return next((each.block_document_id for each in actions if isinstance(each, SendNotification)), None)


def _on_trial(notify: UUID) -> AutomationCore:
    return AutomationCore(
        name=f"{FLOW}: a message on trial",
        description="Made by `make automations ARGS=--try`, which takes it away again.",
        trigger=EventTrigger(
            expect={_TRIAL},
            match={"prefect.resource.id": f"{_TRIAL}.*"},
            posture=Posture.Reactive,
            threshold=1,
        ),
        actions=[
            SendNotification(
                block_document_id=notify,
                subject=f"{FLOW}: a message on trial",
                body="Somebody tried whether messages arrive. This one did; there is nothing to do.",
            )
        ],
    )


async def _emit_trial() -> None:
    async with get_events_client() as events:
        resource = Resource({"prefect.resource.id": f"{_TRIAL}.{uuid4()}"})
        await events.emit(Event(event=_TRIAL, resource=resource))


async def _outcome(automation: UUID, client: PrefectClient) -> str | None:
    """Return that the message was sent, None while nothing is known; raise `PipelineError` when it could not be."""
    names = [f"prefect.automation.action.{end}" for end in ("executed", "failed")]
    asked = EventFilter(
        event=EventNameFilter(name=names),
        resource=EventResourceFilter(id=[f"prefect.automation.{automation}"]),
    )
    events = (await client.read_events(asked, limit=1)).events
    if not events:
        return None
    if events[0].event == names[1]:
        raise PipelineError(f"the message could not be sent: {events[0].payload.get('reason')}")
    return "a message was sent; look whether it has arrived"


def _whom_they_tell(put: list[AutomationCore], named: str) -> str:
    if named:
        return f"tells through {named}"
    if any(isinstance(action, SendNotification) for automation in put for action in automation.actions):
        return "tells whom it told before: NOTIFY_BLOCK is not set, so the block that stands there stays"
    return "tells nobody: set NOTIFY_BLOCK to a notification block, and run again"


def main(arguments: Sequence[str] = ()) -> int:
    """Put the automations on the server, or try a message; 0 done, 1 failed, 2 wrong use."""
    parser = argparse.ArgumentParser(prog="make automations", allow_abbrev=False)
    parser.add_argument("--try", dest="tries", action="store_true", help="send one message, and put nothing")
    tries = parser.parse_args(arguments).tries
    named = os.environ.get("NOTIFY_BLOCK", "").strip()
    try:
        if not PREFECT_API_URL.value():
            raise ConfigError("PREFECT_API_URL is not set: name the Prefect server")
        said = asyncio.run(try_message(named)) if tries else _said_of(asyncio.run(_put(named)), named)
    except PipelineError as error:
        sys.stderr.write(f"make automations: {error}\n")
        return 2 if isinstance(error, ConfigError) else 1
    sys.stdout.write(said + "\n")
    return 0


def _said_of(put: list[AutomationCore], named: str) -> str:
    return "\n".join([*(f"automation {automation.name}" for automation in put), _whom_they_tell(put, named)])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
