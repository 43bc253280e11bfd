"""Progress: how far the run at work is by the ledger: what is committed, not what was promised."""

from dataclasses import dataclass
from typing import Self

from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError


@dataclass(frozen=True)
class Progressed:
    """How far the running run is: windows in all, done, in flight; rows read."""

    windows: int
    done: int
    running: int
    rows: int

    @classmethod
    def read(cls, engine: Engine) -> Self | None:
        """Return the progress of the running run; None when there is none, or no ledger yet."""
        try:
            with engine.connect() as connection:
                row = connection.execute(text(_PROGRESS)).one_or_none()
        except DBAPIError:
            return None
        return None if row is None else cls(**row._asdict())

    @property
    def percent(self) -> float:
        """Return the share of the windows that are done, 0 to 100."""
        return 100.0 * self.done / self.windows if self.windows else 0.0


_PROGRESS = """
select
    cast(count(windows.window_id) as integer) as windows,
    cast(count(*) filter (where windows.status in ('done', 'failed')) as integer) as done,
    cast(count(*) filter (where windows.status = 'running') as integer) as running,
    cast(coalesce(sum(windows.source_rows), 0) as integer) as rows
from pipeline.runs as runs
left join pipeline.windows as windows on runs.run_id = windows.run_id
where runs.status = 'running'
group by runs.run_id
"""
