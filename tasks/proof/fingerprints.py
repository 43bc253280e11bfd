"""Fingerprints: sums of each month, then of each day, for a dataset too large to compare row by row every day.

A fingerprint does not say which rows differ; a census of the days that differ does. What could slip through, and why
each run also takes a census of some months, is in docs/decisions/0012. What a fingerprint is: tasks/source.
"""

from collections.abc import Collection, Mapping
from datetime import date, datetime

from sqlalchemy import Engine

from tasks.datasets import DatasetProfile
from tasks.source.fingerprint import Fingerprint, Fingerprints, Period
from tasks.warehouse.sql_files import execute


def read_fingerprints(
    engine: Engine,
    profile: DatasetProfile,
    period: Period,
    start: datetime | None = None,
    end: datetime | None = None,
) -> Fingerprints:
    """Return the fingerprint of each month or day of what we hold, in crimes or in quarantine.

    start, end: occurrence, Chicago wall clock, end excluded; None: all, with the rows without a time.
    """
    with engine.connect() as connection:
        rows = execute(
            connection,
            "proof/fingerprint",
            period=period,
            range_start=start,
            range_end=end,
            occurrence_field=profile.occurrence,
        )
        return {
            row.period: Fingerprint(int(row.row_count), int(row.key_sum), row.newest, int(row.stamps))
            for row in rows
        }


def differing_periods(theirs: Fingerprints, ours: Fingerprints) -> list[date]:
    """Return the first days of the periods that differ, in order; the rows without a time are not among them."""
    return sorted(
        period for period in {*theirs, *ours} if period is not None and theirs.get(period) != ours.get(period)
    )


def months_due(months: Collection[date], proven: Mapping[date, datetime], most: int) -> list[date]:
    """Return the months whose turn it is to be compared row by row: those never proven first, then the longest ago."""
    never = sorted(month for month in months if month not in proven)
    known = sorted((proven[month], month) for month in months if month in proven)
    return [*never, *(month for _, month in known)][:most]
