"""The counts that views are made of: tables of schema `pipeline` that follow the crimes, at the cost of what changed.

Whatever changes crimes, a load or a person, leaves what came and what went in `pipeline.crime_changes` (a trigger of
the table does); a refresh takes it out and brings it into the counts, in one transaction. All is counted anew where
that is not enough: the first time, when the FBI codes, the spellings or the SQL that counts have changed, and whenever
the counts do not add up to the crimes (at each refresh by number; by what each crime is counted as, above a million
crimes once a week). Both ways are the same statements over the rows that changed. The SQL is in
`sql/counts/`.
"""

import hashlib
import logging
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Engine, text

from tasks.errors import LoadError
from tasks.warehouse.ddl import limit_transaction
from tasks.warehouse.sql_files import SQL_FOLDER, execute

log = logging.getLogger(__name__)

# Up to so many crimes, the marks of all are added up at each refresh; above, as often as that (decision 0026).
_MANY: Final = 1_000_000
OFTEN_ENOUGH: Final = timedelta(days=7)


def update_counts(connection: Connection) -> bool:
    """Make the counts follow the crimes, in the connection's transaction; return whether all crimes were counted again.

    Waits for transactions that have changed crimes, and lets others wait that would. Raises `LoadError` if the counts,
    made anew, do not add up to the crimes.
    """
    execute(connection, "counts/alone")
    state = execute(connection, "counts/read_state").one()
    basis = _digest(state.entries)
    if state.basis == basis:
        attempt = connection.begin_nested()
        execute(connection, "counts/changed")
        if _count(connection, basis, None if _is_due(state) else state.added_up_at):
            attempt.commit()
            return False
        attempt.rollback()
        log.warning("the counts did not add up to the crimes; all are counted again")
    # After a bulk load the planner still takes the table for an empty one.
    connection.execute(text("analyze chicago.crimes"))
    execute(connection, "counts/everything")
    if not _count(connection, basis):
        raise LoadError(
            "the counts do not add up to the crimes, even rebuilt; nothing was changed. "
            "Somebody else is changing chicago.crimes: let them end, and run again."
        )
    execute(connection, "counts/none_left")
    execute(connection, "checks/analyze_counts")
    return True


def recount(engine: Engine) -> list[str]:
    """Count all crimes anew beside the counts, in one read-only snapshot; return a line for each table that differs.

    What no refresh has brought in yet is no difference.
    """
    snapshot = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    with engine.connect().execution_options(**snapshot) as connection:
        limit_transaction(connection)
        if execute(connection, "counts/read_state").one().basis is None:
            return ["nothing is counted yet, or all is to be counted anew: a run does it"]
        return [
            f"pipeline.{row.table_name} differs from the crimes in {row.group_count:,} groups; "
            f"one is {row.place}, with too many (below 0: too few): {row.surplus}"
            for name in ("counts/recount", "periods/recount", "periods/recount_times")
            for row in execute(connection, name)
        ]


def _is_due(state: Any) -> bool:
    """Return whether the marks of all crimes are to be added up, which reads them all."""
    return (
        state.counted_crimes <= _MANY or state.since_added_up is None or state.since_added_up >= OFTEN_ENOUGH
    )


def _count(connection: Connection, basis: str, added_up_at: datetime | None = None) -> bool:
    """Bring the changed crimes into the counts, and return whether these add up to the crimes.

    added_up_at: when the marks of all crimes were added up, where that is not to be done now: their number is compared.
    """
    execute(connection, "counts/merge")
    check = "counts/add_up" if added_up_at is None else "counts/same_number"
    if not execute(connection, check).scalar_one():
        return False
    span = execute(connection, "counts/finish", basis=basis, added_up_at=added_up_at).one()
    execute(connection, "counts/incomplete", first_moment=span.first_moment, end_moment=span.end_moment)
    return True


def _digest(lists: str) -> str:
    """Return a digest that changes when the counts would come to mean something else, whatever the crimes."""
    digest = hashlib.sha256(lists.encode())
    for path in sorted(
        path for folder in ("counts", "periods") for path in (SQL_FOLDER / folder).glob("*.sql")
    ):
        digest.update(path.read_bytes())
    return digest.hexdigest()
