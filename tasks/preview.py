"""Preview: what a run would change, window by window; reads, and changes nothing. The command `plan`."""

from collections.abc import Iterator, Sequence

from sqlalchemy import Engine

from tasks.check_database import decide, read_known
from tasks.claim import Request
from tasks.contract.crimes import to_crimes
from tasks.extract import read_window
from tasks.load import to_sync
from tasks.settings import Settings
from tasks.source.whole_read import SteadySource
from tasks.warehouse import ledger
from tasks.warehouse.migrations import read_schema_state, schema_problem
from tasks.warehouse.sync import preview_window

ROWS_SHOWN = 20


def preview_run(engine: Engine, source: SteadySource, request: Request, settings: Settings) -> Iterator[str]:
    """Yield, line by line, what a run would change. Takes no lock, so that it can look while a run works."""
    state = source.state()
    with engine.connect() as connection:
        problem = schema_problem(read_schema_state(connection))
        if problem is None:
            ledger.check_dataset(connection, source.portal.profile.dataset)
    if problem is not None:
        yield f"{problem} (the source holds {state.row_count:,})"
        return
    plan = decide(read_known(engine, state), source, request, settings, state)
    yield f"{plan.kind}: {len(plan.windows)} windows, because {plan.reason}"
    for window in plan.windows:
        extracted = read_window(source, engine, window)
        transformed = to_crimes(extracted.raw, source.portal.profile)
        given = to_sync(window, extracted, transformed)
        found = preview_window(engine, source.portal.profile, given)
        counts = found.counts
        yield (
            f"{window}: source {counts.source_rows}, would insert {counts.inserted}, re-key {counts.rekeyed}, "
            f"update {counts.updated}, leave {counts.unchanged}, reject {counts.rejected}, retire {counts.retired}"
        )
        yield from _shown("retire", found.retirements)
        yield from _shown("reject", found.rejections)


def _shown(what: str, lines: Sequence[str]) -> Iterator[str]:
    yield from (f"  {what} {line}" for line in lines[:ROWS_SHOWN])
    if len(lines) > ROWS_SHOWN:
        yield f"  and {len(lines) - ROWS_SHOWN} more to {what}"
