"""The reference lists, kept fresh: stations, wards, codes, beats, and the dates with their holidays.

Bundled lists first, so that the first run needs nothing; then the portal's, weekly at most. A refresh that fails, whose
columns are gone, or that breaks its model, is a warning, and the table stands. A new column, or one of another type
whose values pass, is named, and the list is taken.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

import pandas as pd
from sqlalchemy import Engine

from tasks.contract.dates import dates
from tasks.contract.drift import SourceColumn, check_drift, to_columns
from tasks.contract.reference import CONVERSIONS, read_bundled
from tasks.datasets import LISTS
from tasks.errors import ContractError, SourceError
from tasks.masked import masked
from tasks.source.portal import Portal
from tasks.warehouse.faults import named_faults
from tasks.warehouse.ledger import run_transaction
from tasks.warehouse.reference import (
    Origin,
    ReferenceLoad,
    read_calendar_span,
    read_date_span,
    read_last_loads,
    record_load,
    replace_table,
)
from tasks.warehouse.source_columns import record_columns
from tasks.windows import FIRST_OF_RECORD

REFRESH_AFTER: Final = timedelta(days=7)
ALL_LISTS: Final = (*LISTS, "fbi_codes", "beats", "population", "watches")


@dataclass(frozen=True)
class ReferenceReport:
    """What became of the lists: names loaded, and a line for each that could not be, or whose columns are others."""

    loaded: tuple[str, ...]
    warnings: tuple[str, ...]


def refresh_reference(
    engine: Engine, run_id: UUID, portal: Portal, now: datetime, span: tuple[date, date] | None
) -> ReferenceReport:
    """Load what is missing or older than a week.

    run_id: the run in the ledger. now: instant. span: days of occurrence that the source has, if known.
    """
    with named_faults(engine, "the reference lists"), engine.connect() as connection:
        last = read_last_loads(connection)
    loaded, warnings = [], []
    for name in ALL_LISTS:
        if name not in last:
            _store(engine, run_id, name, read_bundled(name), "bundled", now)
            loaded.append(name)
    for name in LISTS:
        if not _is_due(last.get(name), now):
            continue
        try:
            frame, columns = read_list(portal, name)
        except (SourceError, ContractError) as error:
            warnings.append(f"{name}: the list stays as it is: {error}")
            continue
        _store(engine, run_id, name, frame, "portal", now)
        warnings += _record(engine, name, run_id, columns)
        loaded.append(name)
    if _store_dates(engine, run_id, last.get("dates"), span, now):
        loaded.append("dates")
    return ReferenceReport(tuple(dict.fromkeys(loaded)), tuple(warnings))


def read_list(portal: Portal, name: str) -> tuple[pd.DataFrame, tuple[SourceColumn, ...]]:
    """Return a list of the portal as its table's rows, and its columns as they are stated.

    Raises `SourceError`, and `ContractError` where a column is gone or the list breaks its model.
    """
    profile = LISTS[name]
    answer = portal.fetch_list(profile.dataset, profile.key)
    check_drift(profile, answer.fields, set().union(*answer.rows), len(answer.rows))
    columns = to_columns(profile, answer.fields, answer.rows, masked)
    return CONVERSIONS[name](answer.rows), columns


def _record(engine: Engine, name: str, run_id: UUID, columns: Sequence[SourceColumn]) -> list[str]:
    with named_faults(engine, f"the columns of {name}"), run_transaction(engine, run_id) as connection:
        said = record_columns(connection, LISTS[name], run_id, columns)
    return [f"{name}: {line}" for line in said]


def _is_due(last: ReferenceLoad | None, now: datetime) -> bool:
    return last is None or last.loaded_from != "portal" or now - last.loaded_at >= REFRESH_AFTER


def _store(
    engine: Engine, run_id: UUID, name: str, frame: pd.DataFrame, origin: Origin, now: datetime
) -> None:
    with named_faults(engine, f"list {name}"), run_transaction(engine, run_id) as connection:
        changed = replace_table(connection, name, frame)
        record_load(connection, ReferenceLoad(name, origin, len(frame), changed, now))


def _store_dates(
    engine: Engine, run_id: UUID, last: ReferenceLoad | None, span: tuple[date, date] | None, now: datetime
) -> bool:
    """Make the calendar cover what we hold, what the source has, and the next year; return whether it was rebuilt."""
    with named_faults(engine, "the calendar"), engine.connect() as connection:
        held = read_date_span(connection)
        calendar = read_calendar_span(connection)
    days = [day for known in (held, span) if known for day in known] or [now.date()]
    # So a typing error in a year does not make a calendar of a thousand years.
    days = [min(max(day, FIRST_OF_RECORD.date()), date(now.year + 1, 12, 31)) for day in days]
    is_covered = calendar is not None and calendar[0] <= min(days) and calendar[1].year > max(days).year
    if is_covered and last is not None and now - last.loaded_at < REFRESH_AFTER:
        return False
    _store(engine, run_id, "dates", dates(min(days), max(days)), "generated", now)
    return True
