"""The ledger: runs, their windows, the watermark; written in the same transaction as the rows.

Every decision about what to do next is read from here, never from "does a table exist" or from Prefect.
"""

import os
import platform
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import Connection, Engine, text

from tasks.errors import ConfigError, LoadError
from tasks.warehouse.sql_files import execute
from tasks.windows import Window

DatabaseState = Literal["empty", "unfinished", "current"]
RunStatus = Literal["running", "done", "failed", "unequal", "stopped", "dead", "skipped"]


@dataclass(frozen=True)
class WindowCounts:
    """What a window did, in rows.

    source_rows = inserted + rekeyed + updated + unchanged + rejected; retired beside them.
    touched: of the unchanged, those whose version or stamps the source renewed. repaired: of the unchanged, those that
    we held with other content under the same version. bad_coordinates: rows whose point became null. seconds: from the
    first request to the commit.
    """

    source_rows: int
    inserted: int
    rekeyed: int
    updated: int
    unchanged: int
    touched: int
    rejected: int
    retired: int
    repaired: int = 0
    bad_coordinates: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class WindowResult:
    """How a window ended, or where it stands: its status, and why it failed."""

    status: str
    error: str | None


@dataclass(frozen=True)
class UnfinishedRun:
    """A run over the whole span whose windows are not all done, with the windows that are left."""

    run_id: UUID
    candidate_watermark: datetime | None
    windows: tuple[Window, ...]


@dataclass(frozen=True)
class ClosedRun:
    """A run that has ended: its kind, None where it made no plan. is_whole: it was over the whole span."""

    kind: str | None
    is_whole: bool
    proof: str | None
    seconds: float


def insert_run(
    connection: Connection,
    mode: str,
    span: tuple[datetime | None, datetime | None],
    *,
    accept_retirements: bool,
    accept_span: bool = False,
    flow_run_id: UUID | None = None,
) -> UUID:
    """Write a new running run and return its id. span: the range asked for, Chicago wall clock; nulls: the whole.

    flow_run_id: the flow run of Prefect that it is, None where there is none.
    """
    run_id: UUID = execute(
        connection,
        "ledger/insert_run",
        mode=mode,
        range_start=span[0],
        range_end=span[1],
        accept_retirements=accept_retirements,
        accept_span=accept_span,
        flow_run_id=flow_run_id,
        **_process(),
    ).scalar_one()
    return run_id


def record_skipped(connection: Connection, mode: str) -> None:
    """Write that a run was skipped because another one was at work, where there is a ledger already."""
    if connection.execute(text("select to_regclass('pipeline.runs')")).scalar() is not None:
        execute(connection, "ledger/insert_skipped_run", mode=mode, **_process())


def mark_dead_runs(connection: Connection) -> list[UUID]:
    """Mark runs that say they run although we hold the lock, and their windows in flight; return the runs."""
    dead = list(execute(connection, "ledger/mark_dead_runs").scalars())
    execute(connection, "ledger/put_back_windows", run_ids=dead)
    return dead


def _process() -> dict[str, object]:
    """Return which process this is, as `pipeline.runs` has it."""
    return {"host": platform.node(), "process_id": os.getpid()}


def close_run(
    connection: Connection, run_id: UUID, status: RunStatus, message: str | None
) -> ClosedRun | None:
    """Write how a run ended and return it; a run that was marked dead meanwhile stays so, and None is returned.

    A window that it is still working on, because a signal came or a thread is not back yet, waits again: that thread
    finds the run closed before it can store anything.
    """
    closed = execute(
        connection, "ledger/close_run", run_id=run_id, status=status, message=message
    ).one_or_none()
    if closed is None:
        return None
    execute(connection, "ledger/put_back_windows", run_ids=[run_id])
    return ClosedRun(**closed._asdict())


def closing_line(status: RunStatus, closed: ClosedRun | None, run_id: UUID | None) -> str:
    """Return the line of the log that says how a run ended; an alarm counts it (deploy/stack.yaml)."""
    found = closed or ClosedRun(None, is_whole=False, proof=None, seconds=0.0)
    return (
        f"run_closed status={status} kind={found.kind or 'none'} whole={'yes' if found.is_whole else 'no'} "
        f"proof={found.proof or 'none'} seconds={found.seconds:.1f} run={run_id or 'none'}"
    )


@contextmanager
def run_transaction(engine: Engine, run_id: UUID | None) -> Iterator[Connection]:
    """Give a transaction of a run, fenced before anything else: the only way in which a run writes.

    None: outside of a run, under the writer's lock (start-anew) or by a person (an analyst's rights).
    """
    with engine.begin() as connection:
        if run_id is not None:
            assert_running(connection, run_id)
        yield connection


def assert_running(connection: Connection, run_id: UUID) -> None:
    """Fence the transaction: lock the run's row, shared, and raise `LoadError` if it is not the running one any more.

    What the transaction would write is then rolled back; and no other run takes the place before it ends.
    """
    status = execute(connection, "ledger/fence", run_id=run_id).scalar()
    if status != "running":
        raise LoadError(
            f"run {run_id} is {status or 'unknown'}: another run has taken its place. "
            "What this one had in hand was not stored."
        )


def write_proof(connection: Connection, run_id: UUID, proof: str) -> None:
    """Write by which proof a run was found equal."""
    connection.execute(
        text("update pipeline.runs set proof = :proof where run_id = :run_id"),
        {"proof": proof, "run_id": run_id},
    )


def read_dataset(connection: Connection) -> str | None:
    """Return the dataset that the warehouse holds, None before its first run."""
    dataset: str | None = connection.execute(text("select dataset from pipeline.dataset")).scalar()
    return dataset


def check_dataset(connection: Connection, dataset: str) -> None:
    """Raise `ConfigError` if the warehouse holds another dataset than the one that the settings name."""
    held = read_dataset(connection)
    if held is not None and held != dataset:
        raise ConfigError(
            f"CRIMES_DATASET is {dataset}, but this warehouse holds {held}; nothing was changed. "
            "Use another DATABASE_NAME for it, or empty this one first: python flows/main.py start-anew"
        )


def take_dataset(connection: Connection, dataset: str) -> None:
    """Make the warehouse this dataset's, if it is no other's yet; raise `ConfigError` if it holds another.

    The first run does this before it plans, so that it holds also for a first load that is killed half way.
    """
    check_dataset(connection, dataset)
    connection.execute(
        text("insert into pipeline.dataset (dataset) values (:dataset) on conflict do nothing"),
        {"dataset": dataset},
    )


def read_watermark(connection: Connection) -> datetime | None:
    """Return the `:updated_at` up to which the source was read, or None before the first whole load."""
    watermark: datetime | None = connection.execute(text("select watermark from pipeline.watermark")).scalar()
    return watermark


def read_unfinished(connection: Connection) -> UnfinishedRun | None:
    """Return the newest run over the whole span if its planned windows are not all done."""
    run = execute(connection, "ledger/read_newest_whole_plan").one_or_none()
    if run is None or run.is_finished:
        return None
    windows = tuple(
        planned.window for planned in _read_windows(connection, run.run_id) if planned.status != "done"
    )
    return UnfinishedRun(run.run_id, run.candidate_watermark, windows)


def read_state(connection: Connection) -> DatabaseState:
    """Return what the ledger says of the warehouse: empty, unfinished, or current."""
    if read_unfinished(connection) is not None:
        return "unfinished"
    return "empty" if read_watermark(connection) is None else "current"


def write_plan(
    connection: Connection,
    run_id: UUID,
    kind: str,
    windows: Sequence[Window],
    candidate_watermark: datetime | None,
    resumes: UUID | None = None,
) -> None:
    """Write the list of windows and the candidate watermark, before the first window is read."""
    execute(
        connection,
        "ledger/write_plan",
        run_id=run_id,
        kind=kind,
        candidate_watermark=candidate_watermark,
        resumes=resumes,
    )
    for window in windows:
        add_window(connection, run_id, window)


def add_window(connection: Connection, run_id: UUID, window: Window) -> None:
    """Write a window as pending; one that stands already is left as it is."""
    execute(connection, "ledger/add_window", run_id=run_id, **_key(window))


def start_window(connection: Connection, run_id: UUID, window: Window) -> None:
    """Write that a window is being worked on."""
    add_window(connection, run_id, window)
    _write_window(connection, run_id, window, "running")


def finish_window(connection: Connection, run_id: UUID, window: Window, counts: WindowCounts) -> None:
    """Write that a window is done, with its counts; in the transaction of its rows."""
    _write_window(connection, run_id, window, "done", counts=counts)


def read_counts(connection: Connection, run_id: UUID, window: Window) -> WindowCounts | None:
    """Return what a window of this run did, or None where it is not done."""
    row = execute(connection, "ledger/read_window_counts", run_id=run_id, **_key(window)).one_or_none()
    return None if row is None else WindowCounts(**row._asdict())


def fail_window(connection: Connection, run_id: UUID, window: Window, error: str) -> None:
    """Write why a window failed."""
    _write_window(connection, run_id, window, "failed", error=error)


def read_open_windows(connection: Connection, run_id: UUID) -> list[tuple[int, Window]]:
    """Return the planned windows that are neither done nor failed, by number; none where the run is over."""
    return [
        (planned.number, planned.window)
        for planned in _read_windows(connection, run_id)
        if planned.is_at_work and planned.status in {"pending", "running"}
    ]


def read_window_results(connection: Connection, run_id: UUID) -> dict[Window, WindowResult]:
    """Return status and error of each planned window of a run."""
    return {
        planned.window: WindowResult(planned.status, planned.error)
        for planned in _read_windows(connection, run_id)
    }


def finish_windows(connection: Connection, run_id: UUID, dataset: str) -> bool:
    """If all planned windows are done, write so and let the candidate watermark take effect, also a lower one.

    What was too high, by a stamp that was an error, does not stay for good. Returns whether they are.
    """
    finished = execute(connection, "ledger/finish_windows", run_id=run_id).one_or_none()
    if finished is None:
        return False
    if finished.watermark is not None:
        execute(
            connection, "ledger/set_watermark", dataset=dataset, watermark=finished.watermark, run_id=run_id
        )
    return True


@dataclass(frozen=True)
class _PlannedWindow:
    number: int
    window: Window
    status: str
    error: str | None
    is_at_work: bool


def _read_windows(connection: Connection, run_id: UUID) -> list[_PlannedWindow]:
    return [
        _PlannedWindow(
            row.window_id,
            Window(row.kind, row.start, row.end, row.since),
            row.status,
            row.error,
            row.is_at_work,
        )
        for row in execute(connection, "ledger/read_windows", run_id=run_id)
    ]


def _write_window(
    connection: Connection,
    run_id: UUID,
    window: Window,
    status: str,
    *,
    error: str | None = None,
    counts: WindowCounts | None = None,
) -> None:
    said = dict.fromkeys(field.name for field in fields(WindowCounts)) if counts is None else asdict(counts)
    execute(
        connection,
        "ledger/write_window",
        run_id=run_id,
        status=status,
        error=error,
        **_key(window),
        **said,
    )


def _key(window: Window) -> dict[str, object]:
    """Return a window as the ledger finds it."""
    return {
        "kind": window.kind,
        "window_start": window.start,
        "window_end": window.end,
        "since": window.since,
        "round": window.round,
    }
