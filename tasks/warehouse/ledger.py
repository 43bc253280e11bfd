"""The ledger: runs, their windows, the watermark; written in the transaction of the rows that it tells of.

Every decision about what to do next is read from here, never from "does a table exist" or from Prefect.
"""

import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Connection, text

from tasks.errors import ConfigError, LoadError
from tasks.windows import Window

DatabaseState = Literal["empty", "unfinished", "current"]
RunStatus = Literal["running", "done", "failed", "unequal", "stopped", "dead", "skipped"]


@dataclass(frozen=True)
class WindowCounts:
    """What a window did, in rows.

    source_rows = inserted + rekeyed + updated + unchanged + rejected; retired beside them.
    touched: of the unchanged, those whose version or stamps the source renewed. bad_coordinates: rows whose point
    became null. seconds: from the first request to the commit.
    """

    source_rows: int
    inserted: int
    rekeyed: int
    updated: int
    unchanged: int
    touched: int
    rejected: int
    retired: int
    bad_coordinates: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class WindowResult:
    """How a window ended, or stands: its status, and why it failed."""

    status: str
    error: str | None


@dataclass(frozen=True)
class UnfinishedRun:
    """A run over the whole span whose windows are not all done, and those that are left."""

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
) -> UUID:
    """Write a new running run and return its id. span: the range asked for, Chicago wall clock; nulls: the whole."""
    run_id: UUID = connection.execute(
        text(
            "insert into pipeline.runs"
            " (mode, status, range_start, range_end, accept_retirements, accept_span, host, process_id)"
            " values (:mode, 'running', :range_start, :range_end, :accept, :accept_span, :host, :process_id)"
            " returning run_id"
        ),
        {
            "mode": mode,
            "range_start": span[0],
            "range_end": span[1],
            "accept": accept_retirements,
            "accept_span": accept_span,
            "host": platform.node(),
            "process_id": os.getpid(),
        },
    ).scalar_one()
    return run_id


def record_skipped(connection: Connection, mode: str) -> None:
    """Write that a run was skipped because another one was at work, where there is a ledger already."""
    if connection.execute(text("select to_regclass('pipeline.runs')")).scalar() is None:
        return
    connection.execute(
        text(
            "insert into pipeline.runs (mode, status, ended_at, message, host, process_id)"
            " values (:mode, 'skipped', now(), 'another run is at work', :host, :process_id)"
        ),
        {"mode": mode, "host": platform.node(), "process_id": os.getpid()},
    )


def mark_dead_runs(connection: Connection) -> list[UUID]:
    """Mark runs that say they run although we hold the lock, and their windows in flight; return the runs."""
    dead = list(
        connection.execute(
            text(
                "update pipeline.runs set status = 'dead', ended_at = now(),"
                " message = 'it ended without a word; the next run found it'"
                " where status = 'running' returning run_id"
            )
        ).scalars()
    )
    _put_back(connection, dead)
    return dead


def _put_back(connection: Connection, run_ids: Sequence[UUID]) -> None:
    """Write that the windows that these runs had in hand wait again: nothing of them was stored."""
    connection.execute(
        text(
            "update pipeline.windows set status = 'pending' where status = 'running' and run_id = any(:ids)"
        ),
        {"ids": list(run_ids)},
    )


def close_run(
    connection: Connection, run_id: UUID, status: RunStatus, message: str | None
) -> ClosedRun | None:
    """Write how a run ended and return it; a run that was marked dead meanwhile stays so, and None is returned.

    A window that it still has in hand, because a signal came or a thread is not back yet, waits again: whoever works on
    it finds the run closed before it can store anything.
    """
    closed = connection.execute(
        text(
            "update pipeline.runs set status = :status, ended_at = now(), message = :message"
            " where run_id = :run_id and status = 'running'"
            " returning kind, range_start is null and range_end is null and kind is not null as is_whole, proof,"
            " cast(extract(epoch from ended_at - started_at) as double precision) as seconds"
        ),
        {"run_id": run_id, "status": status, "message": message},
    ).one_or_none()
    if closed is None:
        return None
    _put_back(connection, [run_id])
    return ClosedRun(**closed._asdict())


def closing_line(status: RunStatus, closed: ClosedRun | None, run_id: UUID | None) -> str:
    """Return the line of the log that says how a run ended; an alarm counts it (deploy/stack.yaml)."""
    found = closed or ClosedRun(None, is_whole=False, proof=None, seconds=0.0)
    return (
        f"run_closed status={status} kind={found.kind or 'none'} whole={'yes' if found.is_whole else 'no'} "
        f"proof={found.proof or 'none'} seconds={found.seconds:.1f} run={run_id or 'none'}"
    )


def assert_running(connection: Connection, run_id: UUID) -> None:
    """Lock the run's row for this transaction, shared, and raise `LoadError` if it is not the running one any more.

    First thing in each transaction of a run that writes: what it would write is then rolled back.
    """
    status = connection.execute(
        text("select status from pipeline.runs where run_id = :run_id for share"), {"run_id": run_id}
    ).scalar()
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
    """Return the dataset that the warehouse holds, or None before its first run."""
    dataset: str | None = connection.execute(text("select dataset from pipeline.dataset")).scalar()
    return dataset


def check_dataset(connection: Connection, dataset: str) -> None:
    """Raise `ConfigError` if the warehouse is of another dataset than the one that the settings name."""
    held = read_dataset(connection)
    if held is not None and held != dataset:
        raise ConfigError(
            f"CRIMES_DATASET is {dataset}, but this warehouse holds {held}; nothing was changed. "
            "Use another DATABASE_NAME for it, or empty this one first: python flows/main.py start-anew"
        )


def take_dataset(connection: Connection, dataset: str) -> None:
    """Let the warehouse be of this dataset from now on, if it is of none yet; `ConfigError` if it is of another.

    By the first run, before it plans: a first load that is killed half way has taken it.
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
    run = connection.execute(
        text(
            "select run_id, candidate_watermark, windows_done_at from pipeline.runs"
            " where planned_at is not null and kind in ('backfill', 'resume', 'reconcile')"
            " order by planned_at desc limit 1"
        )
    ).one_or_none()
    if run is None or run.windows_done_at is not None:
        return None
    rows = connection.execute(
        text(
            'select kind, "start", "end", since from pipeline.windows'
            " where run_id = :run_id and status <> 'done' and round = 0 order by window_id"
        ),
        {"run_id": run.run_id},
    )
    windows = tuple(Window(row.kind, row.start, row.end, row.since) for row in rows)
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
    connection.execute(
        text(
            "update pipeline.runs set kind = :kind, candidate_watermark = :candidate, resumes = :resumes,"
            " planned_at = now() where run_id = :run_id"
        ),
        {"run_id": run_id, "kind": kind, "candidate": candidate_watermark, "resumes": resumes},
    )
    for window in windows:
        add_window(connection, run_id, window)


def add_window(connection: Connection, run_id: UUID, window: Window) -> None:
    """Write a window as pending; one that stands already is left as it is."""
    connection.execute(
        text(
            'insert into pipeline.windows (run_id, kind, "start", "end", since, round)'
            " values (:run_id, :kind, :start, :end, :since, :round) on conflict do nothing"
        ),
        {"run_id": run_id, **_key(window)},
    )


def start_window(connection: Connection, run_id: UUID, window: Window) -> None:
    """Write that a window is being worked on."""
    add_window(connection, run_id, window)
    connection.execute(
        text(
            "update pipeline.windows set status = 'running', started_at = now(), error = null where"  # noqa: S608 - a constant
            + _THIS_WINDOW
        ),
        {"run_id": run_id, **_key(window)},
    )


def finish_window(connection: Connection, run_id: UUID, window: Window, counts: WindowCounts) -> None:
    """Write that a window is done, with its counts; in the transaction of its rows."""
    connection.execute(
        text(
            "update pipeline.windows set status = 'done', ended_at = now(), source_rows = :source_rows,"  # noqa: S608 - a constant is added
            " inserted = :inserted, rekeyed = :rekeyed, updated = :updated, unchanged = :unchanged,"
            " touched = :touched, rejected = :rejected, retired = :retired, bad_coordinates = :bad_coordinates,"
            " seconds = :seconds where" + _THIS_WINDOW
        ),
        {"run_id": run_id, **_key(window), **asdict(counts)},
    )


def read_counts(connection: Connection, run_id: UUID, window: Window) -> WindowCounts | None:
    """Return what a window of this run did, or None where it is not done."""
    names = ", ".join(field.name for field in fields(WindowCounts))
    row = connection.execute(
        text(f"select {names} from pipeline.windows where status = 'done' and" + _THIS_WINDOW),  # noqa: S608 - constants
        {"run_id": run_id, **_key(window)},
    ).one_or_none()
    return None if row is None else WindowCounts(**row._asdict())


def fail_window(connection: Connection, run_id: UUID, window: Window, error: str) -> None:
    """Write why a window failed."""
    connection.execute(
        text(
            "update pipeline.windows set status = 'failed', ended_at = now(), error = :error where"  # noqa: S608 - a constant
            + _THIS_WINDOW
        ),
        {"run_id": run_id, **_key(window), "error": error},
    )


def read_open_windows(connection: Connection, run_id: UUID) -> list[tuple[int, Window]]:
    """Return the planned windows that are neither done nor failed, by number; none where the run is over."""
    rows = connection.execute(
        text(
            'select windows.window_id, windows.kind, windows."start", windows."end", windows.since'
            " from pipeline.windows inner join pipeline.runs on windows.run_id = runs.run_id"
            " where runs.run_id = :run_id and runs.status = 'running' and windows.round = 0"
            " and windows.status in ('pending', 'running') order by windows.window_id"
        ),
        {"run_id": run_id},
    )
    return [(row.window_id, Window(row.kind, row.start, row.end, row.since)) for row in rows]


def read_window_results(connection: Connection, run_id: UUID) -> dict[Window, WindowResult]:
    """Return status and error of each planned window of a run."""
    rows = connection.execute(
        text(
            'select kind, "start", "end", since, status, error from pipeline.windows'
            " where run_id = :run_id and round = 0"
        ),
        {"run_id": run_id},
    )
    return {
        Window(row.kind, row.start, row.end, row.since): WindowResult(row.status, row.error) for row in rows
    }


def finish_windows(connection: Connection, run_id: UUID, dataset: str) -> bool:
    """If all planned windows are done, write so and let the candidate watermark take effect, also a lower one.

    What was too high, by a stamp that was an error, does not stay for good. Returns whether they are.
    """
    open_windows = connection.execute(
        text(
            "select count(*) from pipeline.windows where run_id = :run_id and round = 0 and status <> 'done'"
        ),
        {"run_id": run_id},
    ).scalar_one()
    if open_windows:
        return False
    candidate = connection.execute(
        text(
            "update pipeline.runs set windows_done_at = now() where run_id = :run_id"
            " returning case when range_start is null and range_end is null then candidate_watermark end"
        ),
        {"run_id": run_id},
    ).scalar()
    if candidate is not None:
        connection.execute(
            text(
                "insert into pipeline.watermark (dataset, watermark, run_id) values (:dataset, :candidate, :run_id)"
                " on conflict (dataset) do update set watermark = excluded.watermark,"
                " run_id = excluded.run_id, set_at = now()"
            ),
            {"dataset": dataset, "candidate": candidate, "run_id": run_id},
        )
    return True


_THIS_WINDOW = (
    ' run_id = :run_id and kind = :kind and "start" is not distinct from :start'
    ' and "end" is not distinct from :end and since is not distinct from :since and round = :round'
)


def _key(window: Window) -> dict[str, Any]:
    return {
        "kind": window.kind,
        "start": window.start,
        "end": window.end,
        "since": window.since,
        "round": window.round,
    }
