"""The census: the source's rows, id by id, against ours.

Ours are `chicago.crimes` and the open `pipeline.rejected_rows`, from the source's oldest occurrence on.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import pandas as pd
from sqlalchemy import Engine

from tasks.datasets import DatasetProfile, Proof
from tasks.proof.outside import Outside
from tasks.sync.scope import Scope
from tasks.warehouse import ledger
from tasks.warehouse.audits import Audit
from tasks.warehouse.copy import copy_frame
from tasks.warehouse.sql_files import execute


@dataclass(frozen=True)
class Span:
    """What is compared: all that is in scope, or a range of it by occurrence (Chicago wall clock, end excluded).

    is_undated: only the rows without a time, instead.
    """

    scope: Scope
    range_start: datetime | None = None
    range_end: datetime | None = None
    is_undated: bool = False

    @property
    def is_whole(self) -> bool:
        """Return whether all is compared, the undated rows too."""
        return self.range_start is None and self.range_end is None and not self.is_undated

    @property
    def start(self) -> datetime:
        """Return the start of the compared rows."""
        return max(self.range_start or self.scope.start, self.scope.start)

    @property
    def end(self) -> datetime | None:
        """Return the end; None: there is none. A range that has aged out as a whole is empty."""
        return None if self.is_whole else max(self.range_end or datetime.max, self.start)


@dataclass(frozen=True)
class Comparison:
    """One comparison, in rows. differing_days: days to sync again; undated_differs: so do rows without a day.

    damaged: rows that we hold in the source's version, and not as published.
    """

    source_rows: int
    our_rows: int
    missing: int
    surplus: int
    outdated: int
    damaged: int
    differing_days: tuple[date, ...]
    undated_differs: bool
    stray_ids: tuple[str, ...]

    @property
    def equal(self) -> bool:
        """Return whether every row of the source is held in its version, as published, and no other."""
        return not (self.missing or self.surplus or self.outdated or self.damaged)

    def to_audit(
        self, round_: int, proof: Proof, span: Span, outside: Outside, *, is_accepted: bool
    ) -> Audit:
        """Return the comparison as the record of an audit. is_accepted: the span is, whatever is outside of it."""
        return Audit(
            round=round_,
            proof=proof,
            span_start=span.start,
            span_end=span.end,
            source_rows=self.source_rows,
            our_rows=self.our_rows,
            missing=self.missing,
            surplus=self.surplus,
            outdated=self.outdated,
            damaged=self.damaged,
            days=len(self.differing_days) + self.undated_differs,
            outside_rows=outside.rows,
            unexplained_rows=outside.unexplained,
            equal=self.equal and (is_accepted or outside.is_explained),
        )


def add_up(parts: Sequence[Comparison]) -> Comparison:
    """Return as one the comparisons of parts that have no row in common."""
    return Comparison(
        source_rows=sum(part.source_rows for part in parts),
        our_rows=sum(part.our_rows for part in parts),
        missing=sum(part.missing for part in parts),
        surplus=sum(part.surplus for part in parts),
        outdated=sum(part.outdated for part in parts),
        damaged=sum(part.damaged for part in parts),
        differing_days=tuple(sorted({day for part in parts for day in part.differing_days})),
        undated_differs=any(part.undated_differs for part in parts),
        stray_ids=tuple(row_id for part in parts for row_id in part.stray_ids),
    )


def compare(
    engine: Engine, run_id: UUID, profile: DatasetProfile, census: pd.DataFrame, span: Span
) -> Comparison:
    """Compare a census with what we hold, as the run that is at work.

    census: one row for each row of the source; crime_id, version, date_of_occurrence.
    """
    with ledger.run_transaction(engine, run_id) as connection:
        execute(connection, "proof/stage_census")
        copy_frame(connection, "census", census)
        differences = execute(
            connection,
            "proof/compare_census",
            occurrence_field=profile.occurrence,
            # A span that starts at the end of time has no row with a time.
            range_start=datetime.max if span.is_undated else span.range_start,
            range_end=span.range_end,
            is_whole=span.is_whole or span.is_undated,
            **span.scope.parameters(),
        ).all()
    return _summarise(len(census), differences)


def drop_strays(engine: Engine, run_id: UUID, crime_ids: Sequence[str]) -> None:
    """Take out of the quarantine rows that the source has dropped and that no window reaches."""
    if crime_ids:
        with ledger.run_transaction(engine, run_id) as connection:
            execute(connection, "proof/drop_strays", crime_ids=list(crime_ids))


def _summarise(source_rows: int, differences: Sequence[Any]) -> Comparison:
    days: set[date] = set()
    undated = False
    for row in differences:
        # A row that moved between days stands in both.
        row_days = {day for day in (row.source_day, row.our_day) if day is not None}
        days |= row_days
        undated = undated or (not row_days and not (row.is_stray and row.is_surplus))
    missing = sum(row.is_missing for row in differences)
    surplus = sum(row.is_surplus for row in differences)
    damaged = sum(row.is_damaged for row in differences)
    return Comparison(
        source_rows=source_rows,
        our_rows=source_rows - missing + surplus,
        missing=missing,
        surplus=surplus,
        outdated=len(differences) - missing - surplus - damaged,
        damaged=damaged,
        differing_days=tuple(sorted(days)),
        undated_differs=undated,
        stray_ids=tuple(row.crime_id for row in differences if row.is_stray and row.is_surplus),
    )
