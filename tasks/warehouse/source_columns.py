"""The columns of the source, as they were stated: written down with the rows, and which differ from what we know.

What a difference is, and which one stops a read, is in tasks/contract/drift.py.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, Engine

from tasks.contract.drift import KnownColumns, SourceColumn, drift_of
from tasks.datasets import DATASETS, LISTS
from tasks.warehouse.faults import named_faults
from tasks.warehouse.ledger import run_transaction
from tasks.warehouse.sql_files import execute

_PROFILES: Final[tuple[KnownColumns, ...]] = (*DATASETS.values(), *LISTS.values())
_KNOWN: Final = {known.dataset: known for known in _PROFILES}


@dataclass(frozen=True)
class Drifted:
    """A column that differs from what we know. said: how, in words. told_at: when an event told of it. Instants."""

    dataset: str
    name: str
    said: str
    first_seen_at: datetime
    told_at: datetime | None

    def __str__(self) -> str:
        """Return what a person is told of it, a line."""
        return f"{self.dataset}: {self.said}, seen since {self.first_seen_at:%Y-%m-%d}"


def record_columns(
    connection: Connection, known: KnownColumns, run_id: UUID, columns: Sequence[SourceColumn]
) -> list[str]:
    """Write down the columns of a read, and return what is to be said of those that this run had not seen yet."""
    if not columns:
        return []
    given = [{"column_name": each.name, "stated_type": each.type, "sample": each.sample} for each in columns]
    new = execute(
        connection, "load/source_columns", dataset=known.dataset, run_id=run_id, columns=json.dumps(given)
    )
    said = (drift_of(known, SourceColumn(row.column_name, row.stated_type, tuple(row.sample))) for row in new)
    return [line for line in said if line is not None]


def read_drift(connection: Connection) -> tuple[Drifted, ...]:
    """Return the columns that were new or of another type when their dataset was read last, by today's profiles."""
    rows = execute(connection, "shown/source_columns").all()
    found = (
        (
            row,
            drift_of(_KNOWN[row.dataset], SourceColumn(row.column_name, row.stated_type, tuple(row.sample))),
        )
        for row in rows
        if row.dataset in _KNOWN
    )
    return tuple(
        Drifted(row.dataset, row.column_name, said, row.first_seen_at, row.told_at)
        for row, said in found
        if said is not None
    )


def tell_once(engine: Engine, run_id: UUID, tell: Callable[[Sequence[Drifted]], Sequence[Drifted]]) -> None:
    """Let `tell` tell of what differs, and write down which of it was told, so that it is not told again."""
    with (
        named_faults(engine, "telling of the source's columns"),
        run_transaction(engine, run_id) as connection,
    ):
        told = tell(read_drift(connection))
        for dataset in sorted({each.dataset for each in told}):
            names = [each.name for each in told if each.dataset == dataset]
            execute(connection, "load/source_columns_told", dataset=dataset, names=names)
