"""Start anew: empty the warehouse, so that it may hold another dataset. The command `start-anew`."""

from sqlalchemy import Engine

from tasks.errors import LoadError, UsageError
from tasks.warehouse.emptying import describe_contents, empty_warehouse
from tasks.warehouse.faults import named_faults
from tasks.warehouse.lock import writer_lock
from tasks.warehouse.migrations import read_schema_state, schema_problem


def start_anew(engine: Engine, confirmed: str | None) -> str:
    """Empty the warehouse and return a line on what it held.

    confirmed: the name of its database, as a person typed it. Raises `UsageError` where it is another or none, saying
    what would go, and `LoadError` while a run is at work.
    """
    with engine.connect() as connection:
        problem = schema_problem(read_schema_state(connection))
    if problem is not None:
        raise LoadError(f"{problem}; there is nothing to empty")
    name = engine.url.database
    if confirmed != name:
        raise UsageError(
            f"start-anew would empty database {name}: {describe_contents(engine)}. What the City has dropped since "
            f"cannot be read again. If that is meant: python flows/main.py start-anew --confirm {name}"
        )
    with writer_lock(engine) as lock:
        if lock is None:
            raise LoadError("a run is at work on this warehouse; nothing was changed. Let it end first")
        with named_faults(engine, "starting anew"):
            held = empty_warehouse(engine)
    return f"database {name} is empty; it held {held}. The next run loads CRIMES_DATASET into it"
