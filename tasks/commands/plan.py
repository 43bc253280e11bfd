"""The command `plan`: what a run would change, window by window; reads, and changes nothing."""

import asyncio
from collections.abc import Iterator, Sequence

from sqlalchemy import Engine

from tasks.contract.crimes import Transformed
from tasks.request import Request
from tasks.run.plan import decide, read_known
from tasks.settings import Settings
from tasks.source.whole_read import SteadySource
from tasks.sync.apply import PlannedChanges, SyncInput, read_planned_changes
from tasks.sync.judge import judge
from tasks.sync.read import Extracted, read_window
from tasks.sync.window import plain, sync_window
from tasks.warehouse import ledger
from tasks.warehouse.migrations import read_schema_state, schema_problem
from tasks.windows import ROWS_OF_A_WINDOW, Window

MAX_ROWS_SHOWN = 20
# Kinds of plans whose windows are a span divided.
_DIVIDED = ("backfill", "reconcile", "range")


def planned_changes(
    engine: Engine, source: SteadySource, request: Request, settings: Settings
) -> Iterator[str]:
    """Yield, line by line, what a run would change. Takes no lock, so it can be used while a run is at work."""
    state = source.state()
    with engine.connect() as connection:
        problem = schema_problem(read_schema_state(connection))
        if problem is None:
            ledger.check_dataset(connection, source.portal.profile.dataset)
    if problem is not None:
        yield f"{problem} (the source holds {state.row_count:,})"
        return
    plan = decide(read_known(engine, state), source, request, settings, state)
    sized = f" of about {ROWS_OF_A_WINDOW:,} rows" if request.by_rows and plan.kind in _DIVIDED else ""
    yield f"{plan.kind}: {len(plan.windows)} windows{sized}, because {plan.reason}"
    for window in plan.windows:
        found = _changes_of(engine, source, window)
        counts = found.counts
        mended = f" (repair {counts.repaired} of them)" if counts.repaired else ""
        yield (
            f"{window}: source {counts.source_rows}, would insert {counts.inserted}, re-key {counts.rekeyed}, "
            f"update {counts.updated}, leave {counts.unchanged}{mended}, reject {counts.rejected}, "
            f"retire {counts.retired}"
        )
        yield from _shown("retire", found.retirements)
        yield from _shown("reject", found.rejections)


def _changes_of(engine: Engine, source: SteadySource, window: Window) -> PlannedChanges:
    profile = source.portal.profile

    def load(window: Window, extracted: Extracted, transformed: Transformed) -> PlannedChanges:
        return read_planned_changes(engine, profile, SyncInput.of(window, extracted, transformed))

    return asyncio.run(
        sync_window(
            window,
            plain(lambda window: read_window(source, engine, window)),
            plain(lambda extracted: judge(extracted, profile)),
            plain(load),
        )
    )


def _shown(what: str, lines: Sequence[str]) -> Iterator[str]:
    yield from (f"  {what} {line}" for line in lines[:MAX_ROWS_SHOWN])
    if len(lines) > MAX_ROWS_SHOWN:
        yield f"  and {len(lines) - MAX_ROWS_SHOWN} more to {what}"
