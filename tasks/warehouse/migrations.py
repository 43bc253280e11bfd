"""Migrations: the tables of the warehouse, as plain SQL in `sql/migrations/`, applied by yoyo-migrations.

All missing ones are applied in one transaction. If one changes a column under our views, the views are dropped before
and re-created after it, in the same transaction. Run under the writer's lock (tasks/warehouse/lock.py): yoyo's own
lock is a row that a killed run leaves behind, so it is not used. Mirrors https://ollycope.com/software/yoyo/latest/.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, Final, Literal, Self

import psycopg
import yoyo
from psycopg import sql
from psycopg.errors import DependentObjectsStillExist, FeatureNotSupported
from sqlalchemy import Connection, Engine, text
from yoyo import internalmigrations
from yoyo.backends.core.postgresql import PostgresqlPsycopgBackend
from yoyo.connections import parse_uri

from tasks.errors import LoadError
from tasks.warehouse.ddl import ddl_transaction, run_sql
from tasks.warehouse.engine import first_line
from tasks.warehouse.faults import PassingFaultError, is_passing, next_action
from tasks.warehouse.sql_files import SQL_FOLDER
from tasks.warehouse.views import all_views_set_aside

log = logging.getLogger(__name__)

_SCHEMA: Final = "pipeline"


class _Backend(PostgresqlPsycopgBackend):  # type: ignore[misc]
    """yoyo within a transaction of ours: it needs no address and no password, and is committed as a whole or not."""

    def __init__(self, connection: Connection) -> None:
        self._ours: Any = connection.connection.driver_connection
        super().__init__(parse_uri("postgresql+psycopg:///"), "_yoyo_migration")

    def connect(self, _dburi: Any) -> Any:
        self.schema = _SCHEMA
        return self._ours

    def init_connection(self, connection: Any) -> None:
        # For this transaction: the connection goes back to a pool.
        connection.execute("select set_config('search_path', %s, true)", (_SCHEMA,))

    def copy(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        """Close nothing: the connection is ours."""

    def ensure_internal_schema_updated(self) -> None:
        """Make yoyo's own tables without its commit, which would end our transaction."""
        if internalmigrations.needs_upgrading(self):
            internalmigrations.upgrade(self)

    def transaction(self, rollback_on_exit: bool = False) -> Any:  # noqa: FBT001, FBT002 - yoyo's signature
        """Open a savepoint of our transaction."""
        return self._ours.transaction(force_rollback=rollback_on_exit)

    @contextmanager
    def lock(self, timeout: float = 10) -> Iterator[None]:  # noqa: ARG002 - yoyo's signature
        """Take none: the writer's lock is held."""
        yield


def migrate(engine: Engine) -> list[str]:
    """Apply the migrations that are missing and return their names.

    Raises `LoadError` when the database has migrations that this code does not know (it is newer), or when
    somebody else's view depends on what has to change. Nothing is changed then.
    """
    with engine.begin() as connection:
        # Checked first: even "if not exists" needs the right to create, which a loader need not have.
        if connection.execute(text("select to_regnamespace(:name)"), {"name": _SCHEMA}).scalar() is None:
            run_sql(connection, sql.SQL("create schema {}").format(sql.Identifier(_SCHEMA)))
    try:
        names = _apply(engine, lambda _connection: nullcontext())
    except (DependentObjectsStillExist, FeatureNotSupported):
        # A column under a view has to change, and it is not known whose view that is.
        names = _apply_around_views(engine)
    except psycopg.Error as error:
        raise _not_applied(error, next_action(error)) from error
    if names:
        log.info("migrations=%s applied", ",".join(names))
    return names


SchemaState = Literal["missing", "older", "current", "newer"]


def read_schema_state(connection: Connection) -> SchemaState:
    """Return whether the warehouse's tables are missing, older, current or newer than this code; changes nothing."""
    if connection.execute(text("select to_regclass('pipeline._yoyo_migration')")).scalar() is None:
        return "missing"
    applied = set(connection.execute(text("select migration_hash from pipeline._yoyo_migration")).scalars())
    known = {migration.hash for migration in yoyo.read_migrations(str(SQL_FOLDER / "migrations"))}
    if applied - known:
        return "newer"
    return "older" if known - applied else "current"


def schema_problem(state: SchemaState) -> str | None:
    """Return a message about tables that this code cannot read, or None."""
    return {
        "missing": "the warehouse is not set up: a run sets it up and loads everything",
        "older": "the warehouse's tables are of an older version: a run brings them up to date and keeps the rows",
        "newer": "the warehouse's tables are of a newer version than this code: deploy the newer version",
    }.get(state)


def _apply(engine: Engine, around: Callable[[Connection], AbstractContextManager[None]]) -> list[str]:
    known = yoyo.read_migrations(str(SQL_FOLDER / "migrations"))
    with ddl_transaction(engine, "the migration of the tables", None) as connection:
        backend = _Backend(connection)
        _refuse_newer(backend, {migration.hash for migration in known})
        missing = backend.to_apply(known)
        names = [migration.id for migration in missing]
        if names:
            with around(connection):
                backend.apply_migrations(missing)
    return names


def _apply_around_views(engine: Engine) -> list[str]:
    try:
        return _apply(engine, all_views_set_aside)
    except psycopg.Error as error:
        what = (
            "If a view or function is named that is not ours, drop or move it, run again, and re-create it."
        )
        raise _not_applied(error, what) from error


def _not_applied(error: psycopg.Error, action: str) -> LoadError:
    kind = PassingFaultError if is_passing(error) else LoadError
    return kind(
        f"the migrations were not applied: {first_line(error).rstrip('.')}; nothing was changed. {action}"
    )


def _refuse_newer(backend: _Backend, known: set[str]) -> None:
    applied = set(backend.get_applied_migration_hashes())
    if applied - known:
        raise LoadError(
            f"the warehouse has {len(applied - known)} migrations that this version of the code does not know. "
            "Deploy the newer version, or restore a backup from before it."
        )
