"""Reasons: why a row left the source, settled when all windows of a run are in.

The City changes a case by deleting its row and inserting another, perhaps in another week. So the gone rows of a case
are paired one to one with its newer rows: `revised` with `replaced_by`, else `withdrawn`. Of all pairings the one with
the most pairs is taken, and of those the one whose rows are least unlike. This module knows when a row may replace
another and how unlike two are; `pairing` finds the pairing.

Where rows keep their id, nothing but the same id replaces a row: it went from one window and came in another.
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
    before the first run since then read anything. loaded_at, retired_at: our instants. content: column to value of what
    else a crime says.
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
    """A retired row and what replaced it; None: it was withdrawn."""

    crime_id: str
    retired_at: datetime | None
    replaced_by: str | None


@dataclass(frozen=True)
class SettleCounts:
    """History rows settled: revised, withdrawn."""

    revised: int
    withdrawn: int


def settle(engine: Engine, run_id: UUID, profile: DatasetProfile, *, is_whole: bool) -> SettleCounts:
    """Settle the reasons of all retired rows that have none, in one transaction.

    is_whole: the run has synced the whole span; else only pairs are settled, and "withdrawn" is left to a run that has.
    """
    with engine.begin() as connection:
        ledger.assert_running(connection, run_id)
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
    """Pair each gone row with the same row come again later, whatever its case says now. Pure."""
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
    # In the order of their coming, so that what is left to chance is the same each time.
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
    # that merely was read later.
    return not (old.is_come and new.was_there_before)


def _difference(new: UnsettledRow, old: UnsettledRow) -> int:
    """Return in how many columns two rows of a case differ; so of several victims each gets its own successor."""
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
            " settled_at = case when :is_whole then now() else settled_at end where run_id = :run_id"
        ),
        {"run_id": run_id, "revised": counts.revised, "withdrawn": counts.withdrawn, "is_whole": is_whole},
    )
