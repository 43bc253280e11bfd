"""Read: the rows of one window from the portal, whole, as a frame of text; and which of ours it would still hold.

The frame is made here, because rows cross a task border only as a frame: Prefect walks every list and dict it is given.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import pandas as pd
from sqlalchemy import Engine

from tasks.contract.crimes import is_storable, to_raw_frame
from tasks.contract.drift import (
    SourceColumn,
    check_drift,
    check_objects,
    drift_of,
    refuse_emptied,
    retyped_fields,
    to_columns,
)
from tasks.contract.twins import published_key
from tasks.datasets import DatasetProfile, SourceState
from tasks.errors import SourceError
from tasks.masked import masked
from tasks.source import soql
from tasks.source.portal import Portal
from tasks.source.twins import name_twins
from tasks.source.whole_read import SteadySource, WholeRead, read_ids_still_held, read_rows
from tasks.sync.guards import MIN_ROWS_OF_A_GUARD
from tasks.sync.scope import Scope, misdated_before, to_scope
from tasks.warehouse import ledger
from tasks.warehouse.audits import read_proven_span
from tasks.warehouse.faults import named_faults
from tasks.warehouse.sql_files import execute
from tasks.windows import Window

ALL_FIELDS: Final = ":*,*"
# Below one half: such a share of rows with a wrong year is taken for errors, and not for the source's way of dating.
_FEW: Final = 0.49


@dataclass(frozen=True)
class Extracted:
    """One window as read.

    raw: one row for each row of the source, as text, under our column names. present: ids asked about that the source
    still has, one column crime_id. scope: which of our rows the source would still hold. source_rows: rows of the whole
    source after the read. began: when the first request was sent, by the monotonic clock. seconds: how long the read
    took. columns: as the source states them.
    """

    raw: pd.DataFrame
    present: pd.DataFrame
    scope: Scope
    source_rows: int
    began: float
    seconds: float
    columns: tuple[SourceColumn, ...] = ()


@dataclass(frozen=True)
class _Once:
    """One read of a window, of which it is not known yet whether the source moved meanwhile.

    seen: the fields that its rows have. whole: with its rows only where a column is not as we know it. The frame of all
    rows takes an eighth of their memory, and a window may wait long for the source's state, and for its turn.
    """

    raw: pd.DataFrame
    present: set[str]
    seen: set[str]
    whole: WholeRead


def extract_window(engine: Engine, source: SteadySource, run_id: UUID, window: Window) -> Extracted:
    """Write to the ledger that a window is being worked on, and read it. Raises like `read_window`."""
    with named_faults(engine, f"window {window}"), ledger.run_transaction(engine, run_id) as connection:
        ledger.start_window(connection, run_id, window)
    return read_window(source, engine, window)


def read_window(source: SteadySource, engine: Engine, window: Window) -> Extracted:
    """Read a window whole. Raises `SourceError` naming window and request, `ContractError` for drift."""
    began = time.monotonic()
    try:
        once, state = source.read(f"window {window}", lambda: _read_once(source, engine, window))
    except SourceError as error:
        raise type(error)(f"window {window}: {error}") from error
    check_drift(source.portal.profile, once.whole.fields, once.seen, len(once.raw))
    return Extracted(
        columns=read_columns(source.portal, once.whole),
        raw=once.raw,
        present=pd.DataFrame({"crime_id": sorted(once.present)}),
        scope=read_scope(engine, source, state),
        source_rows=state.row_count,
        began=began,
        seconds=time.monotonic() - began,
    )


def read_columns(portal: Portal, whole: WholeRead) -> tuple[SourceColumn, ...]:
    """Return the columns of a read.

    Raises `ContractError` for one that is stated with another type and of which no value can be judged: it has objects,
    or no value in the whole source, as if it was gone.
    """
    profile, rows = portal.profile, whole.rows
    columns = to_columns(profile, whole.fields, rows, masked)
    check_objects(profile, columns, rows)
    unseen = [
        (field, stated)
        for field, stated in retyped_fields(profile, columns)
        if rows and all(row.get(field.name) is None for row in rows)
    ]
    # Only where a type is another one: a row, a day or a year without a ward is nothing odd.
    refuse_emptied(
        profile,
        [
            (field, stated)
            for field, stated in unseen
            if portal.fetch_count(soql.has_value(profile, field.name)) == 0
        ],
    )
    return columns


def read_scope(engine: Engine, source: SteadySource, state: SourceState) -> Scope:
    """Return which of our rows the source would still hold in this state."""
    profile, oldest = source.portal.profile, state.oldest_occurrence
    if profile.retention is None or oldest is None:
        return to_scope(profile, oldest, state.newest_update, None, 0)
    with named_faults(engine, "reading the last proof"), engine.connect() as connection:
        proven = read_proven_span(connection)
    start = proven.start if proven else None
    before = misdated_before(profile, state.newest_update)
    if before is not None and oldest < before:
        share = _misdated_share(source, state, before)
        return to_scope(profile, oldest, state.newest_update, start, share)
    reaches_back = start is None or oldest >= start or _reaches_back(engine, source, oldest, start)
    return to_scope(profile, oldest, state.newest_update, start, 0, reaches_back=reaches_back)


def _misdated_share(source: SteadySource, state: SourceState, before: datetime) -> float:
    """Return which share of the source's rows occurred before a moment; of a few rows, never half."""
    rows = _count_before(source, before)
    share = rows / max(state.row_count, 1)
    return share if rows >= MIN_ROWS_OF_A_GUARD else min(share, _FEW)


def _count_before(source: SteadySource, moment: datetime) -> int:
    """Ask how many of the source's rows occurred before a moment."""
    portal = source.portal
    return portal.fetch_count(soql.in_window(portal.profile, Window("occurrence", None, moment)))


def _reaches_back(engine: Engine, source: SteadySource, oldest: datetime, proven_start: datetime) -> bool:
    """Say whether the source's rows before the last span speak for all that time, and not each for itself.

    We hold rows of that time that have aged out; a few misdated ones are no sign that the source keeps those again.
    """
    theirs = _count_before(source, proven_start)
    with named_faults(engine, "counting what has aged out"), engine.connect() as connection:
        ours = int(
            execute(connection, "load/count_between", range_start=oldest, range_end=proven_start).scalar_one()
        )
    return ours - theirs < MIN_ROWS_OF_A_GUARD or 2 * theirs >= ours


def _read_held_ids(
    engine: Engine, case_numbers: Sequence[str], read_ids: Sequence[str], scope: Scope
) -> list[str]:
    """Return the ids that we hold of these cases and that were not among the ids just read."""
    with engine.connect() as connection:
        rows = execute(
            connection,
            "load/read_held_ids_of_cases",
            case_numbers=list(case_numbers),
            read_ids=list(read_ids),
            **scope.parameters(),
        )
        return [str(row[0]) for row in rows]


def _read_once(source: SteadySource, engine: Engine, window: Window) -> _Once:
    whole, present = _read_rows_and_held(source, engine, window)
    profile, seen = source.portal.profile, set().union(*whole.rows)
    columns = to_columns(profile, dict.fromkeys(seen, "") | whole.fields, ())
    is_as_known = all(drift_of(profile, column) is None for column in columns)
    raw = to_raw_frame(whole.rows, profile)
    return _Once(raw, present, seen, WholeRead([], whole.fields) if is_as_known else whole)


def _read_rows_and_held(source: SteadySource, engine: Engine, window: Window) -> tuple[WholeRead, set[str]]:
    portal = source.portal
    profile = portal.profile
    whole = read_rows(portal, soql.in_window(profile, window), ALL_FIELDS)
    if profile.has_stable_keys:
        name_twins(portal, whole.rows, _suspected_twins(engine, profile, window, whole))
    if window.kind != "incremental":
        return whole, set()
    # A case number that no database can hold belongs to a rejected row, and to none that we hold.
    cases = sorted({case for row in whole.rows if is_storable(case := str(row.get(profile.case) or ""))})
    ids = [str(row[profile.key]) for row in whole.rows]
    scope = read_scope(engine, source, source.last_seen())
    with named_faults(engine, f"window {window}"):
        ours = _read_held_ids(engine, cases, ids, scope)
    return whole, read_ids_still_held(portal, ours)


def _suspected_twins(engine: Engine, profile: DatasetProfile, window: Window, whole: WholeRead) -> list[str]:
    """Return the keys just read of which the source may have another row, outside of the window."""
    with named_faults(engine, f"window {window}"), engine.connect() as connection:
        rows = execute(
            connection,
            "load/read_suspected_twins",
            read_ids=[published_key(str(row[profile.key])) for row in whole.rows],
            is_by_time=window.kind != "incremental",
            window_start=window.start,
            window_end=window.end,
        )
        return [str(row.crime_id) for row in rows]
