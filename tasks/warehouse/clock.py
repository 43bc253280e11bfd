"""The database's clock: by it, and not by this machine's, a stamp of the source lies in the future or does not."""

from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import Engine, text

from tasks.warehouse.faults import named_faults

# The City makes single errors; more stamps than these that lie ahead say rather that the clock is behind.
MAX_STAMPS_AHEAD: Final = 10


def read_clock_offset(engine: Engine) -> timedelta:
    """Return how far the database's clock is ahead of this machine's; negative where it is behind."""
    with named_faults(engine, "reading the clock"), engine.connect() as connection:
        now: datetime = connection.execute(text("select clock_timestamp()")).scalar_one()
    return now - datetime.now(UTC)


def suspected_clock(stamps_ahead: int, database_now: datetime, now: datetime) -> str | None:
    """Return why the database's clock may be wrong, or None: as many stamps are no single errors of the source.

    now: instant, by this machine's clock.
    """
    if stamps_ahead <= MAX_STAMPS_AHEAD:
        return None
    return (
        f"{stamps_ahead:,} rows of the source have stamps beyond the database's now, too many for errors: is the "
        f"database's clock right? It says {database_now:%Y-%m-%d %H:%M} UTC, this machine's {now:%Y-%m-%d %H:%M} UTC"
    )
