"""Clearing: what the ledger keeps of old runs, so that it grows by the data and not by the number of runs.

What lives here: taking old lines out, and reading which flow runs are over. What does not: Prefect's own database,
which its server clears (tasks/local/prefect_server.py). What a decision reads is kept whatever its age; which that is,
each statement in `sql/ledger/clear_*.sql` says at its head (docs/decisions/0021).
"""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Engine

from tasks.warehouse.faults import named_faults
from tasks.warehouse.ledger import RunStatus, run_transaction
from tasks.warehouse.sql_files import execute


@dataclass(frozen=True)
class Cleared:
    """How many lines were taken out of each table of the ledger."""

    windows: int
    audits: int
    reference_loads: int
    runs: int


@dataclass(frozen=True)
class EndedRun:
    """A flow run of Prefect that the ledger knows to have ended. message: why, None where it is done."""

    flow_run_id: UUID
    status: RunStatus
    message: str | None


def clear_ledger(engine: Engine, run_id: UUID, days: float) -> Cleared:
    """Take out what is older than so many days and decides nothing, in one fenced transaction."""
    with named_faults(engine, "clearing the ledger"), run_transaction(engine, run_id) as connection:

        def clear(table: str) -> int:
            return execute(connection, f"ledger/clear_{table}", days=days).rowcount

        # Runs last: one that a window or an audit names is kept.
        return Cleared(clear("windows"), clear("audits"), clear("reference_loads"), clear("runs"))


def read_ended(engine: Engine, flow_run_ids: Collection[UUID]) -> list[EndedRun]:
    """Return those of these flow runs that the ledger knows to be over."""
    with engine.connect() as connection:
        rows = execute(connection, "ledger/read_ended_runs", flow_run_ids=list(flow_run_ids))
        return [EndedRun(**row._asdict()) for row in rows]
