"""What a run leaves in the Prefect UI: name and tags, its progress, windows and report, the dashboard's address.

The figures come from the ledger and the views. Without a flow run (a step called as a function) nothing is left.
"""

import asyncio
import logging
import statistics
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import httpx
import prefect.runtime
from prefect.artifacts import (
    acreate_link_artifact,
    acreate_markdown_artifact,
    acreate_progress_artifact,
    acreate_table_artifact,
    aupdate_progress_artifact,
)
from prefect.client.orchestration import get_client
from prefect.events import emit_event
from prefect.logging.handlers import APILogHandler
from sqlalchemy import Engine, text

from tasks.run import connections
from tasks.run.cockpit import is_lost
from tasks.shown.names import moment, window_name
from tasks.shown.progress import Progressed
from tasks.shown.report import RunReport, to_lines
from tasks.warehouse.engine import first_line
from tasks.warehouse.source_columns import Drifted
from tasks.warehouse.sql_files import execute
from tasks.windows import Window

log = logging.getLogger(__name__)

LOOK_EVERY_SECONDS: Final = 2.0
# What the automation waits for (deploy/automations.py).
DRIFT_EVENT: Final = "chicago-crime.columns-changed"
_BAR_WIDTH: Final = 30
_MAX_WINDOWS_DRAWN: Final = 60
# Of the middle one: weeks of a city are within this of each other, and a bar for each would say so fifty times.
_MAX_SPREAD: Final = 0.25
# The columns of chicago.data_freshness, as a page says them.
_FRESHNESS: Final = {
    "newest_occurrence": "newest crime",
    "newest_update": "newest stamp held",
    "source_loaded_at": "the City published last",
    "last_run_at": "this run began",
    "last_run_status": "this run is",
    "last_equal_at": "last proven equal",
    "load_state": "the load is",
    "unfinished_windows": "windows still to come",
    "is_stale": "stale",
    "stale_because": "because",
    "freshness_days": "stale after days without news",
    "source_age_days": "days since the City published",
}


@dataclass(frozen=True)
class RunDetails:
    """What the ledger says of a run beyond its report.

    windows: one row a window, as a table shows it. seconds: of each step, by name. reasons: why this run put rows in
    quarantine, with their number. freshness: columns of chicago.data_freshness, by name.
    """

    windows: tuple[dict[str, Any], ...]
    seconds: dict[str, float]
    reasons: dict[str, int]
    freshness: dict[str, Any]


def add_prefect_handler() -> None:
    """Send this project's log lines to Prefect's server too; a deployed run has a handler from its settings."""
    logging.getLogger("tasks").addHandler(APILogHandler())


async def label_run(name: str, tags: Sequence[str]) -> None:
    """Name the flow run by what it does, and add tags, so that ten days of runs can be read at a glance."""
    run_id = prefect.runtime.flow_run.id
    if run_id is None or is_lost():
        return
    with no_reason_to_fail("the name of the run"):
        async with get_client() as client:
            run = await client.read_flow_run(UUID(run_id))
            await client.update_flow_run(run.id, name=name, tags=sorted({*run.tags, *tags}))


@asynccontextmanager
async def shown_progress() -> AsyncIterator[None]:
    """Keep a progress artifact up to date while the body runs."""
    watcher = asyncio.create_task(_watch(connections.warehouse(), over := asyncio.Event()))
    try:
        yield
    finally:
        over.set()
        await watcher


async def _watch(engine: Engine, over: asyncio.Event) -> None:
    with no_reason_to_fail("the progress"):
        artifact = await acreate_progress_artifact(
            0.0, key="run-progress", description="Windows that are done"
        )
        while not over.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(over.wait(), LOOK_EVERY_SECONDS)
            await _show(engine, artifact)


async def _show(engine: Engine, artifact: UUID) -> None:
    seen = await asyncio.to_thread(Progressed.read, engine)
    if seen is not None:
        said = f"{seen.done} of {seen.windows} windows done, {seen.running} in flight, {seen.rows_read:,} rows read."
        await aupdate_progress_artifact(artifact, seen.percent, description=said)


async def leave_artifacts(
    name: str, found: RunReport, details: RunDetails, dashboard_url: str | None
) -> None:
    """Leave the report, the table of windows, and the link to the dashboard where one is set.

    name: the run in words, with its outcome; the list of artifacts shows it.
    """
    if is_lost():
        return
    with no_reason_to_fail("the report"):
        await acreate_markdown_artifact(to_markdown(found, details), key="run-report", description=name)
        if details.windows:
            await acreate_table_artifact(
                list(details.windows),
                key="run-windows",
                description=f"Windows of {name}",
            )
        if dashboard_url:
            await acreate_link_artifact(
                dashboard_url,
                link_text="The city, as of this run",
                key="dashboard",
                description="The dashboard, on what this run has left",
            )


@contextmanager
def no_reason_to_fail(what: str) -> Iterator[None]:
    """Only warn where Prefect's server refuses something for display: the rows and their proof are stored."""
    try:
        yield
    except httpx.HTTPError as error:
        log.warning("%s could not be left in Prefect: %s: %s", what, type(error).__name__, first_line(error))


def tell_of_drift(drifted: Sequence[Drifted]) -> list[Drifted]:
    """Emit an event for each column that none told of yet, and return those; without a flow run nobody listens.

    An automation tells a person by it, once; reports and `status` name the column as long as it stands.
    """
    if prefect.runtime.flow_run.id is None or is_lost():
        return []
    told = [each for each in drifted if each.told_at is None]
    for each in told:
        resource = {
            "prefect.resource.id": f"chicago-crime.column.{each.dataset}.{each.name}",
            "prefect.resource.name": each.name,
        }
        emit_event(DRIFT_EVENT, resource=resource, payload={"said": str(each)})
    return told


def read_details(engine: Engine, run_id: UUID) -> RunDetails:
    """Read what the artifacts show of a run."""
    with engine.connect() as connection:
        windows = execute(connection, "shown/windows_of_run", run_id=run_id).mappings().all()
        seconds = execute(connection, "shown/seconds_of_run", run_id=run_id).mappings().one()
        reasons = execute(connection, "shown/reasons_of_run", run_id=run_id).all()
        freshness = connection.execute(text("select * from chicago.data_freshness")).mappings().one_or_none()
    return RunDetails(
        windows=tuple(_table_row(row) for row in windows),
        seconds={name: float(value) for name, value in seconds.items() if value is not None},
        reasons={str(row.reason): int(row.row_count) for row in reasons},
        freshness=dict(freshness or {}),
    )


def to_markdown(found: RunReport, details: RunDetails) -> str:
    """Return the report as a page for the Prefect UI."""
    head, *lines = to_lines(found)
    changed = {
        "new": found.inserted,
        "renewed": found.updated + found.rekeyed,
        "revised": found.revised,
        "withdrawn": found.withdrawn,
        "rejected": found.rejected,
    }
    fresh = {
        _FRESHNESS[name]: moment(value) if isinstance(value, datetime) else _said(value)
        for name, value in details.freshness.items()
        if value is not None
    }
    parts = [
        f"## {head}",
        _table(dict(line.split(maxsplit=1) for line in lines if not line.startswith(("answer", "drift")))),
        "### What changed, in rows",
        _chart(changed),
        "### Seconds by step",
        _chart({name.replace("_", " "): round(seconds, 1) for name, seconds in details.seconds.items()}),
    ]
    if found.drift:
        parts += [
            "### Columns of the source that are not as we know them",
            "\n".join(f"- {said}" for said in found.drift),
        ]
    if details.reasons:
        parts += ["### Why rows were rejected", _table(details.reasons)]
    if len(details.windows) > 1:
        parts += ["### Rows of the windows", *_windows(details.windows)]
    parts += ["### Freshness", _table(fresh)]
    if found.answers:
        parts += ["### First answers", "\n".join(f"- {answer}" for answer in found.answers)]
    parts.append(f"Run `{found.run_id}` in `pipeline.runs`.")
    return "\n\n".join(parts) + "\n"


def _windows(windows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return what a page says of the windows: those like most others in a sentence, the rest as bars."""
    rows = {row["window"]: row["source"] or 0 for row in windows}
    middle = statistics.median_low(rows.values())
    odd = {name: count for name, count in rows.items() if abs(count - middle) > _MAX_SPREAD * middle}
    alike = [count for name, count in rows.items() if name not in odd]
    said = (
        f"{len(alike):,} of {len(rows):,} windows have {min(alike):,} to {max(alike):,} rows of the source."
    )
    newest = dict(list(odd.items())[-_MAX_WINDOWS_DRAWN:])
    return [said, "These differ:", _chart(newest)] if newest else [said]


def _said(value: Any) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _table(values: dict[str, Any]) -> str:
    rows = (f"| {name} | {str(value).replace('|', chr(92) + '|')} |" for name, value in values.items())
    return "\n".join(["| | |", "|---|---|", *rows])


def _chart(values: Mapping[str, float]) -> str:
    """Return bars made of text, which show wherever Markdown does."""
    most = max([*values.values(), 1])
    width = max((len(name) for name in values), default=0)
    rows = (
        f"{name:<{width}}  {value:>9,}  {'█' * round(_BAR_WIDTH * value / most)}".rstrip()
        for name, value in values.items()
    )
    return "\n".join(["```text", *rows, "```"])


def _table_row(row: Any) -> dict[str, Any]:
    window = window_name(Window(row["kind"], row["start"], row["end"], row["since"]))
    told = ("kind", "start", "end", "since", "source_rows")
    rest = {name: value for name, value in row.items() if name not in told}
    return {"window": window, "source": row["source_rows"]} | rest
