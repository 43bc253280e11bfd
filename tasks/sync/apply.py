"""Apply: make our rows of one window equal to the source's, in one transaction. The heart of the project.

The set-based SQL is in `sql/load/`; this module knows its order and nothing of the network. The
transaction also locks the run's row and writes the ledger, so that a kill leaves a window done wholly or not at all.
"""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Self
from uuid import UUID

from sqlalchemy import Connection, Engine

from tasks.contract.crimes import REJECTED_COLUMNS, Transformed
from tasks.contract.drift import SourceColumn
from tasks.datasets import DatasetProfile
from tasks.sync.guards import (
    Guards,
    guard_rejects,
    guard_repairs,
    guard_retirements,
    read_retirement_lines,
    rejection_lines,
)
from tasks.sync.read import Extracted
from tasks.sync.scope import Scope
from tasks.warehouse import ledger
from tasks.warehouse.copy import copy_frame, copy_rows
from tasks.warehouse.faults import named_faults
from tasks.warehouse.ledger import WindowCounts
from tasks.warehouse.lock import await_turn
from tasks.warehouse.source_columns import record_columns
from tasks.warehouse.sql_files import execute
from tasks.windows import Window

log = logging.getLogger(__name__)

# Kinds of windows that hold every row of each of their days.
_WHOLE_DAYS: Final = ("occurrence", "repair")


@dataclass(frozen=True)
class SyncInput:
    """What the read of one window brought.

    present_ids: ids that the source was asked about and still has. scope: which of our rows the source would still
    hold. source_rows: rows of the whole source. columns: as the source states them.
    """

    window: Window
    transformed: Transformed
    present_ids: Sequence[str]
    scope: Scope
    source_rows: int
    columns: tuple[SourceColumn, ...] = ()

    @classmethod
    def of(cls, window: Window, extracted: Extracted, transformed: Transformed) -> Self:
        """Return what was read of a window, and how it was judged."""
        present = tuple(extracted.present["crime_id"])
        return cls(window, transformed, present, extracted.scope, extracted.source_rows, extracted.columns)


@dataclass(frozen=True)
class PlannedChanges:
    """What a window would change: its counts, and one line for each row that it would retire or newly reject."""

    counts: WindowCounts
    retirements: tuple[str, ...]
    rejections: tuple[str, ...]


def load_window(
    engine: Engine,
    profile: DatasetProfile,
    run_id: UUID,
    window: Window,
    extracted: Extracted,
    transformed: Transformed,
    guards: Guards,
) -> WindowCounts:
    """Sync a window and log one line of it. Raises `LoadError`, `ContractError`, or `PassingFaultError`."""
    with named_faults(engine, f"window {window}"):
        counts = apply_window(
            engine,
            run_id,
            profile,
            SyncInput.of(window, extracted, transformed),
            guards,
            extracted.began,
        )
    log.info("%s", _window_line(window, counts, extracted.seconds))
    if counts.repaired:
        log.warning(
            "window=%s repaired=%d: held with other content under the City's version", window, counts.repaired
        )
    return counts


def _window_line(window: Window, counts: WindowCounts, read_seconds: float) -> str:
    """Return a window's line in the log, key=value."""
    return (
        f"window={window} source={counts.source_rows} inserted={counts.inserted} rekeyed={counts.rekeyed} "
        f"updated={counts.updated} unchanged={counts.unchanged} rejected={counts.rejected} retired={counts.retired} "
        f"repaired={counts.repaired} "
        f"read_s={read_seconds:.2f} seconds={counts.seconds:.2f}"
    )


def apply_window(
    engine: Engine, run_id: UUID, profile: DatasetProfile, given: SyncInput, guards: Guards, began: float
) -> WindowCounts:
    """Make our rows of the window equal to the source's and return the counts; all of it or nothing.

    began: when its first request was sent, by the monotonic clock.

    Raises `LoadError` when the run has lost its place or would retire too much, `ContractError` when it would reject
    too much.
    """
    with ledger.run_transaction(engine, run_id) as connection:
        _stage(connection, given)
        # A row may have moved from one window in flight to another: what we hold is looked at when no other changes it.
        await_turn(connection)
        done = ledger.read_counts(connection, run_id, given.window)
        if done is not None:
            # It was committed, and the answer was lost. Done a second time, it would count as nothing new.
            return done
        # Only a repair reads rows whose place another window of this run may have cleared.
        is_repair = given.window.kind == "repair"
        restored = execute(connection, "load/restore", run_id=run_id).all() if is_repair else []
        counts = _compare_and_count(connection, profile, given)
        counts = replace(counts, retired=counts.retired - len(restored))
        guard_rejects(connection, given.window, counts, given.source_rows, guards)
        guard_retirements(connection, given.window, guards)
        guard_repairs(given.window, counts, guards)
        execute(connection, "load/retire", run_id=run_id)
        execute(connection, "load/repair")
        execute(connection, "load/merge")
        execute(connection, "load/quarantine", run_id=run_id)
        if given.window.kind in _WHOLE_DAYS:
            execute(connection, "load/record_compared_days", run_id=run_id)
        drift = record_columns(connection, profile, run_id, given.columns)
        counts = replace(counts, seconds=time.monotonic() - began)
        ledger.finish_window(connection, run_id, given.window, counts)
    for said in drift:
        log.warning("dataset=%s drift: %s", profile.dataset, said)
    return counts


def read_planned_changes(engine: Engine, profile: DatasetProfile, given: SyncInput) -> PlannedChanges:
    """Return what `apply_window` would change, and change nothing."""
    with engine.connect() as connection:
        _stage(connection, given)
        counts = _compare_and_count(connection, profile, given)
        retirements = read_retirement_lines(connection)
        rejections = rejection_lines(execute(connection, "load/read_new_rejects").all())
        connection.rollback()
    return PlannedChanges(counts, tuple(retirements), tuple(rejections))


def read_rejected(engine: Engine, profile: DatasetProfile) -> list[dict[str, object]]:
    """Return the open rows of the quarantine as published: field to value, nulls left out; under the id held."""
    with engine.connect() as connection:
        return [dict(row[0]) for row in execute(connection, "load/read_rejected", key_field=profile.key)]


def stage_rows(connection: Connection, transformed: Transformed) -> None:
    """Copy judged rows into the temporary tables that `sql/load/stage.sql` makes."""
    copy_frame(connection, "staged_crimes", transformed.accepted)
    if len(transformed.rejected):
        copy_rows(connection, "staged_rejects", REJECTED_COLUMNS, _rejected_rows(transformed))


def _stage(connection: Connection, given: SyncInput) -> None:
    execute(connection, "load/stage")
    stage_rows(connection, given.transformed)
    if given.present_ids:
        copy_rows(connection, "present_ids", ["crime_id"], ([row_id] for row_id in given.present_ids))


def _compare_and_count(connection: Connection, profile: DatasetProfile, given: SyncInput) -> WindowCounts:
    _hold(connection, profile, given)
    execute(connection, "load/compare", has_stable_keys=profile.has_stable_keys)
    row = execute(connection, "load/count_changes").one()
    return WindowCounts(**row._asdict(), bad_coordinates=given.transformed.bad_coordinates)


def _rejected_rows(transformed: Transformed) -> list[list[object]]:
    frame = transformed.rejected.astype(object)
    return frame.where(frame.notna(), None).to_numpy().tolist()


def _hold(connection: Connection, profile: DatasetProfile, given: SyncInput) -> None:
    window = given.window
    if window.kind == "replay":
        execute(connection, "load/hold_nothing")
    elif window.kind == "undated":
        execute(connection, "load/hold_undated", occurrence_field=profile.occurrence)
    elif window.kind == "incremental":
        execute(connection, "load/hold_cases", **given.scope.parameters())
    else:
        execute(
            connection,
            "load/hold_window",
            window_start=window.start,
            window_end=window.end,
            occurrence_field=profile.occurrence,
            **given.scope.parameters(),
        )
