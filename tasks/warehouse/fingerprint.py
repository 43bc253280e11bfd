"""Fingerprints of what we hold, and the record of which months were last proven by census."""

from collections.abc import Collection
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Connection, Engine, text

from tasks.contract.fingerprint import Fingerprint, Fingerprints, Period
from tasks.warehouse.sql_files import execute


def read_fingerprints(
    engine: Engine, period: Period, start: datetime | None = None, end: datetime | None = None
) -> Fingerprints:
    """Return the fingerprint of each month or day of what we hold, in crimes or in quarantine.

    start, end: occurrence, Chicago wall clock, end excluded; nulls: all, and the rows without a time.
    """
    with engine.connect() as connection:
        rows = execute(connection, "load/fingerprint", period=period, range_start=start, range_end=end)
        return {
            row.period: Fingerprint(int(row.row_count), int(row.key_sum), row.newest, int(row.stamps))
            for row in rows
        }


def read_proven_months(engine: Engine) -> dict[date, datetime]:
    """Return when each month was last proven by census."""
    with engine.connect() as connection:
        rows = connection.execute(text("select month, proven_at from pipeline.proven_months"))
        return {row.month: row.proven_at for row in rows}


def record_proven_months(connection: Connection, run_id: UUID, months: Collection[date]) -> None:
    """Write that these months were proven by census just now."""
    if months:
        connection.execute(
            text(
                "insert into pipeline.proven_months (month, run_id)"
                " select unnest(cast(:months as date[])), :run_id"
                " on conflict (month) do update set proven_at = excluded.proven_at, run_id = excluded.run_id"
            ),
            {"months": list(months), "run_id": run_id},
        )
