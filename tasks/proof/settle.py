"""Reasons: why a row left the source, settled once all windows of a run are done.

The City changes a case by deleting its row and inserting another, perhaps in another week. So the gone rows of a case
are paired one to one with its newer rows: a paired row is `revised` and has `replaced_by`, any other is `withdrawn`.
The pairing with the most pairs is taken, and of several the one whose rows are most alike. This module knows when a
row may replace another and how unlike two are; `pairing` finds the pairing.

Where rows keep their id, only a row of the same id replaces a row: it left one window and came in another.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, Engine, text

from tasks.contract.crimes import to_content
from tasks.datasets import DatasetProfile
from tasks.proof.pairing import cheapest_pairs
from tasks.warehouse import ledger
from tasks.warehouse.copy import copy_rows
from tasks.warehouse.sql_files import execute


@dataclass(frozen=True)
class UnsettledRow:
    """A row of a case with something to settle.

    is_gone: retired, reason open. is_come: came since reasons were last settled. was_there_before: the source had it
    before the first run after that read anything. loaded_at, retired_at: our instants. content: column to value, of the
    other columns of a crime.
    """

    crime_id: str
    case_number: str
    date_of_occurrence: datetime | None
    content: Mapping[str, object]
    loaded_at: datetime
    retired_at: datetime | None
    is_gone: bool
    is_come: bool
    was_there_before: bool | None


@dataclass(frozen=True)
class Settlement:
    """A retired row and the id of the row that replaced it; None: it was withdrawn."""

    crime_id: str
    retired_at: datetime | None
    replaced_by: str | None


@dataclass(frozen=True)
class SettleCounts:
    """History rows settled: revised, withdrawn."""

    revised: int
    withdrawn: int


def settle(engine: Engine, run_id: UUID, profile: DatasetProfile, *, is_whole: bool) -> SettleCounts:
    """Settle the reason of every retired row that has none yet, in one transaction.

    is_whole: the run has synced the whole span; otherwise only pairs are settled, and "withdrawn" waits for such a run.
    """
    with ledger.run_transaction(engine, run_id) as connection:
        unsettled = _read_unsettled(connection, profile)
        settlements = pair_same_keys(unsettled) if profile.has_stable_keys else pair_revisions(unsettled)
        if not is_whole:
            settlements = [settlement for settlement in settlements if settlement.replaced_by is not None]
        execute(connection, "proof/stage_settled")
        copy_rows(
            connection,
            "settled",
            ["crime_id", "retired_at", "replaced_by"],
            ((row.crime_id, row.retired_at, row.replaced_by) for row in settlements),
        )
        execute(connection, "proof/settle")
        revised = sum(settlement.replaced_by is not None for settlement in settlements)
        counts = SettleCounts(revised, len(settlements) - revised)
        _record(connection, run_id, counts, is_whole=is_whole)
    return counts


def pair_revisions(rows: Sequence[UnsettledRow]) -> list[Settlement]:
    """Pair the gone rows of each case one to one with its newer rows. Pure; the order of `rows` does not matter."""
    cases: defaultdict[str, list[UnsettledRow]] = defaultdict(list)
    for row in rows:
        cases[row.case_number].append(row)
    return [settlement for case in sorted(cases) for settlement in _pair_case(cases[case])]


def pair_same_keys(rows: Sequence[UnsettledRow]) -> list[Settlement]:
    """Pair each gone row with the row of the same id that came later, whatever its case number is now. Pure."""
    newest: dict[str, datetime] = {}
    for row in rows:
        if row.is_come:
            newest[row.crime_id] = max(row.loaded_at, newest.get(row.crime_id, row.loaded_at))
    return [
        Settlement(
            row.crime_id,
            row.retired_at,
            row.crime_id if newest.get(row.crime_id, row.loaded_at) > row.loaded_at else None,
        )
        for row in sorted(rows, key=lambda row: (row.crime_id, row.loaded_at))
        if row.is_gone
    ]


def _pair_case(rows: list[UnsettledRow]) -> Iterable[Settlement]:
    # In the order in which they came, so that a tie is broken the same way each time.
    rows = sorted(rows, key=lambda row: (row.loaded_at, row.crime_id))
    gone, come = [row for row in rows if row.is_gone], [row for row in rows if row.is_come]
    differences = [
        [_difference(new, old) if _can_replace(new, old) else None for new in come] for old in gone
    ]
    for old, place in zip(gone, cheapest_pairs(differences), strict=True):
        yield Settlement(old.crime_id, old.retired_at, None if place is None else come[place].crime_id)


def _can_replace(new: UnsettledRow, old: UnsettledRow) -> bool:
    if new is old or new.loaded_at <= old.loaded_at:
        return False
    # Both came since reasons were last settled: then only the source's stamp tells a newer row from a sibling
    # that was merely read later.
    return not (old.is_come and new.was_there_before)


def _difference(new: UnsettledRow, old: UnsettledRow) -> int:
    """Return in how many columns two rows of a case differ: so each of several victims gets its own successor."""
    columns = new.content.keys() | old.content.keys()
    return (new.date_of_occurrence != old.date_of_occurrence) + sum(
        new.content.get(column) != old.content.get(column) for column in columns
    )


def _read_unsettled(connection: Connection, profile: DatasetProfile) -> list[UnsettledRow]:
    rows = [row._asdict() for row in execute(connection, "proof/read_unsettled")]
    rejected = iter(to_content([row["raw"] for row in rows if row["raw"] is not None], profile))
    return [
        UnsettledRow(content=next(rejected) if raw is not None else said, **row)
        for row in rows
        for raw, said in [(row.pop("raw"), row.pop("said"))]
    ]


def _record(connection: Connection, run_id: UUID, counts: SettleCounts, *, is_whole: bool) -> None:
    connection.execute(
        text(
            "update pipeline.runs set revised = coalesce(revised, 0) + :revised,"
            " withdrawn = coalesce(withdrawn, 0) + :withdrawn,"
            " settled_at = case when :is_whole then pipeline.moment() else settled_at end where run_id = :run_id"
        ),
        {"run_id": run_id, "revised": counts.revised, "withdrawn": counts.withdrawn, "is_whole": is_whole},
    )
