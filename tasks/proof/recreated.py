"""Rows that seem to have aged out and have not: the source's oldest row, re-created with a later date.

Nothing older is then left at the source, so the span begins after our old row, and no window has it in scope. What
tells it from a row that grew old is that its case came again. Checked once the whole span has been proven equal.
"""

from dataclasses import replace
from uuid import UUID

from sqlalchemy import Engine

from tasks.proof.census import Span
from tasks.warehouse import ledger
from tasks.warehouse.ledger import WindowCounts
from tasks.warehouse.sql_files import execute
from tasks.windows import Window

_NOTHING = WindowCounts(0, 0, 0, 0, 0, 0, 0, 0)


def retire_recreated(engine: Engine, run_id: UUID, span: Span, round_: int) -> int:
    """Retire our rows just before the span whose case came again, all or none, and return how many.

    In the ledger this is a repair of the round, over all that lies before the span.
    """
    with ledger.run_transaction(engine, run_id) as connection:
        execute(connection, "proof/find_recreated", run_id=run_id, span_start=span.scope.start)
        retired = len(execute(connection, "load/retire", run_id=run_id).all())
        if retired:
            window = Window("repair", None, span.scope.start, round=round_)
            ledger.start_window(connection, run_id, window)
            ledger.finish_window(connection, run_id, window, replace(_NOTHING, retired=retired))
    return retired
