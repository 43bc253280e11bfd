"""Progress: how far the run at work is by the ledger: what is committed, not what was promised."""

from dataclasses import dataclass
from typing import Self

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from tasks.warehouse.sql_files import execute


@dataclass(frozen=True)
class Progressed:
    """How far the running run is: windows in all, done, in flight; rows_read: of the source."""

    windows: int
    done: int
    running: int
    rows_read: int

    @classmethod
    def read(cls, engine: Engine) -> Self | None:
        """Return the progress of the running run; None when there is none, or no ledger yet."""
        try:
            with engine.connect() as connection:
                row = execute(connection, "shown/progress").one_or_none()
        except DBAPIError:
            return None
        return None if row is None else cls(**row._asdict())

    @property
    def percent(self) -> float:
        """Return the share of the windows that are done, 0 to 100."""
        return 100.0 * self.done / self.windows if self.windows else 0.0
