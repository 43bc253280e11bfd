"""Guards: what must not happen to a window or to all that we hold, whatever the source says.

A guard changes nothing: it raises, and says what would have been done and what a person does if that is right.
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final, Self

from sqlalchemy import Connection, Engine, text

from tasks.datasets import SourceState
from tasks.errors import ContractError, LoadError, SourceError
from tasks.settings import MAX_WINDOW_DAYS, Settings
from tasks.warehouse.faults import named_faults
from tasks.warehouse.ledger import WindowCounts
from tasks.warehouse.sql_files import execute
from tasks.windows import Window

# Below this many rows a share says nothing: three of ten withdrawn is a quiet hour, not a broken source.
MIN_ROWS_OF_A_GUARD: Final = 20
MAX_CASES_SHOWN: Final = 20


@dataclass(frozen=True)
class Guards:
    """Shares of a window's rows, 0 to 1, above which it changes nothing and fails; None lifts a guard."""

    max_retire_share: float | None
    max_reject_share: float | None

    @classmethod
    def of(cls, settings: Settings, *, accept_retirements: bool) -> Self:
        """Return the guards that the settings set; a person may lift the one on retirements for a run."""
        return cls(None if accept_retirements else settings.max_retire_share, settings.max_reject_share)


def refuse_emptied_source(engine: Engine, state: SourceState) -> None:
    """Raise `SourceError` where the source says that it has no row, or no date of any, and we hold crimes."""
    if state.oldest_occurrence is not None:
        return
    with named_faults(engine, "reading whether rows are held"), engine.connect() as connection:
        held = connection.execute(text("select exists (select 1 from chicago.crimes)")).scalar_one()
    if held:
        what = "a date in none of its rows" if state.row_count else "no row at all"
        raise SourceError(
            f"the source says that it holds {what}, and we hold crimes. Nothing more was changed. "
            "Look at the dataset's page; if it was moved, set CRIMES_DATASET or PORTAL_URL."
        )


def guard_rejects(
    connection: Connection, window: Window, counts: WindowCounts, total_rows: int, guards: Guards
) -> None:
    """Stop a window that would newly reject too much; what is in quarantine already does not count.

    total_rows: rows of the whole source.
    """
    limit = guards.max_reject_share
    if limit is None:
        return
    new = execute(connection, "load/read_new_rejects").all()
    rows = total_rows if _holds_errors(window) else counts.source_rows
    if (limit and len(new) < MIN_ROWS_OF_A_GUARD) or len(new) <= limit * rows:
        return
    reasons = Counter(reason for row in new for reason in row.reasons)
    said = "; ".join(f"{reason} ({count})" for reason, count in reasons.most_common(5))
    lines = rejection_lines(new)
    shown = "\n  ".join(lines[:MAX_CASES_SHOWN])
    raise ContractError(
        f"window {window}: {len(new)} of {rows} rows newly break the contract, "
        f"more than MAX_REJECT_SHARE {limit:g}: {said}. Nothing was stored. It would have rejected {len(lines)}:\n"
        f"  {_by_day(row.occurred[:10] for row in new)}\n  {shown}\n"
        "Look: python flows/main.py plan --mode reconcile. If the rows are right, mend tasks/contract/crimes.py; if "
        f"these are to wait in quarantine, let them: {_let_pass(connection, window, new, rows)}"
    )


def _holds_errors(window: Window) -> bool:
    """Return whether a window is where the source's errors gather, so that they are a share of all its rows.

    Rows without an occurrence time are a window of their own, and all of it is rejected; so are those of a year before
    or after all others.
    """
    is_open = window.kind in {"occurrence", "repair"} and (window.start is None or window.end is None)
    return window.kind == "undated" or is_open


def _let_pass(connection: Connection, window: Window, new: Sequence[Any], rows: int) -> str:
    """Return the command that lets these rows into the quarantine: over their days alone, where they have some."""
    days = [row.day for row in new]
    share = _enough(len(new) / rows)
    if None in days or date.max in days or _holds_errors(window) or _span_days(days) > MAX_WINDOW_DAYS:
        return f"MAX_REJECT_SHARE={share} python flows/main.py"
    first, end = min(days), max(days) + timedelta(days=1)
    of_days = execute(connection, "load/count_staged_days", first_day=first, end_day=end).scalar_one()
    share = _enough(len(new) / int(of_days))
    # One window, so that its share is theirs.
    return f"MAX_REJECT_SHARE={share} python flows/main.py --start {first} --end {end} --window-days {_span_days(days)}"


def _span_days(days: Sequence[date]) -> int:
    return (max(days) - min(days)).days + 1


def guard_retirements(connection: Connection, window: Window, guards: Guards) -> None:
    """Stop a window that would retire too many rows with nothing in their place."""
    limit = guards.max_retire_share
    if limit is None:
        return
    row = execute(connection, "load/retirement_guard", window_start=window.start, window_end=window.end).one()
    held, unreplaced = int(row.held_rows), int(row.unreplaced_rows)
    if unreplaced < MIN_ROWS_OF_A_GUARD or unreplaced <= limit * held:
        return
    lines = read_retirement_lines(connection)
    shown = "\n  ".join(lines[:MAX_CASES_SHOWN])
    raise LoadError(
        f"window {window}: {unreplaced} of {held} rows that we hold are gone from the source with nothing in their "
        f"place, more than MAX_RETIRE_SHARE {limit:g}. Nothing was changed. It would have retired {len(lines)}:\n"
        f"  {_by_day(line[:10] for line in lines)}\n  {shown}\n"
        "Look: python flows/main.py plan --mode reconcile. If the City did withdraw them, let it pass: "
        "python flows/main.py --mode reconcile --accept-retirements"
    )


def guard_repairs(window: Window, counts: WindowCounts, guards: Guards) -> None:
    """Stop a window that would overwrite many rows of which the City has changed nothing: a repair keeps no history."""
    limit, repaired = guards.max_retire_share, counts.repaired
    if limit is None or repaired < MIN_ROWS_OF_A_GUARD or repaired <= limit * counts.source_rows:
        return
    raise LoadError(
        f"window {window}: {repaired} of {counts.source_rows} rows have other content than we hold, in the same "
        f"version, more than MAX_RETIRE_SHARE {limit:g}. Nothing was changed: a repair keeps nothing of what we held, "
        "and the source may leave a column out of its answers. Look: python flows/main.py plan --mode reconcile. If "
        "ours are wrong (an encoding, a contract that was changed), let them be repaired: "
        "python flows/main.py --mode reconcile --accept-retirements"
    )


def rejection_lines(rejected: Sequence[Any]) -> list[str]:
    """Return one line for each rejected row: when, case, reasons, id."""
    return [f"{row.occurred} {row.case_number} {'; '.join(row.reasons)} ({row.crime_id})" for row in rejected]


def read_retirement_lines(connection: Connection) -> list[str]:
    """Return one line for each row that the window would retire: when, case, kind, id."""
    rows = execute(connection, "load/retirement_sample")
    return [
        f"{row.date_of_occurrence:%Y-%m-%d %H:%M} {row.case_number} {row.primary_description} ({row.crime_id})"
        for row in rows
    ]


def _enough(share: float) -> str:
    """Return the share as a setting that lets it pass: rounded up."""
    return f"{min(math.ceil(share * 100) / 100, 1):g}"


def _by_day(days: Iterable[str]) -> str:
    return "by day: " + ", ".join(f"{day} {count}" for day, count in sorted(Counter(days).items()))
