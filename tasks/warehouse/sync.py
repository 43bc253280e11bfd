"""Sync: make our rows of one window equal to the source's, in one transaction. The heart of the project.

The set-based SQL is in `sql/load/`; this module knows its order, the guards, and nothing of the network. The
transaction also locks the run's row and writes the ledger, so that a kill leaves a window wholly or not at all.
"""

import math
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, Engine

from tasks.contract.crimes import REJECTED_COLUMNS, Transformed
from tasks.datasets import DatasetProfile
from tasks.errors import ContractError, LoadError
from tasks.warehouse import ledger
from tasks.warehouse.copy import copy_frame, copy_rows
from tasks.warehouse.ledger import WindowCounts
from tasks.warehouse.lock import await_turn
from tasks.warehouse.scope import Scope
from tasks.warehouse.sql_files import execute
from tasks.windows import Window

# Below this many rows a share says nothing: three of ten withdrawn is a quiet hour, not a broken source.
MIN_ROWS_OF_A_GUARD: Final = 20
CASES_SHOWN_BY_A_GUARD: Final = 20


@dataclass(frozen=True)
class Guards:
    """Shares of a window's rows, 0 to 1, above which it changes nothing and fails; None lifts a guard."""

    max_retire_share: float | None
    max_reject_share: float | None


@dataclass(frozen=True)
class SyncInput:
    """What one window's read brought.

    present_ids: ids that the source was asked about and still has. scope: which of our rows it would still hold.
    source_rows: rows of the whole source.
    """

    window: Window
    transformed: Transformed
    present_ids: Sequence[str]
    scope: Scope
    source_rows: int


@dataclass(frozen=True)
class Preview:
    """What a window would change: its counts, and one line for each row that it would retire or newly reject."""

    counts: WindowCounts
    retirements: tuple[str, ...]
    rejections: tuple[str, ...]


def sync_window(
    engine: Engine, run_id: UUID, profile: DatasetProfile, given: SyncInput, guards: Guards, began: float
) -> WindowCounts:
    """Make our rows of the window equal to the source's and return the counts; all of it or nothing.

    began: when its first request was sent, by the monotonic clock.

    Raises `LoadError` when the run has lost its place or would retire too much, `ContractError` when it would reject
    too much.
    """
    with engine.begin() as connection:
        ledger.assert_running(connection, run_id)
        _stage(connection, given)
        # A row may have moved from one window in flight to another: what we hold is looked at when no other changes it.
        await_turn(connection)
        done = ledger.read_counts(connection, run_id, given.window)
        if done is not None:
            # It was committed, and the answer to that was lost: done twice, it would count as nothing new.
            return done
        # Only a repair reads rows whose place another window of this run may have cleared.
        is_repair = given.window.kind == "repair"
        restored = execute(connection, "load/restore", run_id=run_id).all() if is_repair else []
        counts = _compare_and_count(connection, profile, given)
        counts = replace(counts, retired=counts.retired - len(restored))
        _guard_rejects(connection, given, counts, guards)
        _guard_retirements(connection, given.window, guards)
        execute(connection, "load/retire", run_id=run_id)
        execute(connection, "load/merge")
        execute(connection, "load/quarantine", run_id=run_id)
        counts = replace(counts, seconds=time.monotonic() - began)
        ledger.finish_window(connection, run_id, given.window, counts)
    return counts


def preview_window(engine: Engine, profile: DatasetProfile, given: SyncInput) -> Preview:
    """Return what `sync_window` would change, and change nothing."""
    with engine.connect() as connection:
        _stage(connection, given)
        counts = _compare_and_count(connection, profile, given)
        retirements = _retirements(connection)
        rejections = _rejections(execute(connection, "load/read_new_rejects").all())
        connection.rollback()
    return Preview(counts, tuple(retirements), tuple(rejections))


def read_held_ids(
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


def read_rejected(engine: Engine) -> list[dict[str, object]]:
    """Return the open rows of the quarantine as published: field to value, nulls left out."""
    with engine.connect() as connection:
        return [dict(row[0]) for row in execute(connection, "load/read_rejected")]


def _stage(connection: Connection, given: SyncInput) -> None:
    accepted, rejected = given.transformed.accepted, given.transformed.rejected
    execute(connection, "load/stage")
    copy_frame(connection, "staged_crimes", accepted)
    if len(rejected):
        copy_rows(connection, "staged_rejects", REJECTED_COLUMNS, _rejected_rows(given.transformed))
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
            **given.scope.parameters(),
        )


def _guard_rejects(connection: Connection, given: SyncInput, counts: WindowCounts, guards: Guards) -> None:
    """Stop a window that would newly reject too much; what stands in quarantine already says nothing new."""
    limit = guards.max_reject_share
    if limit is None:
        return
    new = execute(connection, "load/read_new_rejects").all()
    # Rows without an occurrence time are a window of their own, and all of it is rejected: a share of all rows.
    rows = given.source_rows if given.window.kind == "undated" else counts.source_rows
    if len(new) <= max(limit * rows, 1 if limit else 0):
        return
    reasons = Counter(reason for row in new for reason in row.reasons)
    said = "; ".join(f"{reason} ({count})" for reason, count in reasons.most_common(5))
    lines = _rejections(new)
    shown = "\n  ".join(lines[:CASES_SHOWN_BY_A_GUARD])
    raise ContractError(
        f"window {given.window}: {len(new)} of {rows} rows newly break the contract, "
        f"more than MAX_REJECT_SHARE {limit:g}: {said}. Nothing was stored. It would have rejected {len(lines)}:\n"
        f"  {_by_day(row.occurred[:10] for row in new)}\n  {shown}\n"
        "Look: python flows/main.py plan --mode reconcile. If the rows are right, mend tasks/contract/crimes.py; if "
        f"they are to wait in quarantine, let them: MAX_REJECT_SHARE={_enough(len(new) / rows)} python flows/main.py"
    )


def _rejections(rejected: Sequence[Any]) -> list[str]:
    return [f"{row.occurred} {row.case_number} {'; '.join(row.reasons)} ({row.crime_id})" for row in rejected]


def _enough(share: float) -> str:
    """Return the share as a setting that lets it pass: rounded up."""
    return f"{min(math.ceil(share * 100) / 100, 1):g}"


def _guard_retirements(connection: Connection, window: Window, guards: Guards) -> None:
    limit = guards.max_retire_share
    if limit is None:
        return
    row = execute(connection, "load/retirement_guard", window_start=window.start, window_end=window.end).one()
    held, unreplaced = int(row.held_rows), int(row.unreplaced_rows)
    if unreplaced < MIN_ROWS_OF_A_GUARD or unreplaced <= limit * held:
        return
    lines = _retirements(connection)
    shown = "\n  ".join(lines[:CASES_SHOWN_BY_A_GUARD])
    raise LoadError(
        f"window {window}: {unreplaced} of {held} rows that we hold are gone from the source with nothing in their "
        f"place, more than MAX_RETIRE_SHARE {limit:g}. Nothing was changed. It would have retired {len(lines)}:\n"
        f"  {_by_day(line[:10] for line in lines)}\n  {shown}\n"
        "Look: python flows/main.py plan --mode reconcile. If the City did withdraw them, let it pass: "
        "python flows/main.py --mode reconcile --accept-retirements"
    )


def _by_day(days: Iterable[str]) -> str:
    return "by day: " + ", ".join(f"{day} {count}" for day, count in sorted(Counter(days).items()))


def _retirements(connection: Connection) -> list[str]:
    rows = execute(connection, "load/retirement_sample")
    return [
        f"{row.date_of_occurrence:%Y-%m-%d %H:%M} {row.case_number} {row.primary_description} ({row.crime_id})"
        for row in rows
    ]
