"""Migrations: the tables of the warehouse, as plain SQL in `sql/migrations/`, applied by yoyo-migrations.

Run under the writer's lock (tasks/warehouse/lock.py). yoyo's own lock is a row that a killed run leaves behind, so it
is not used. Mirrors https://ollycope.com/software/yoyo/latest/.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, Self

import yoyo
from sqlalchemy import Connection, Engine, text
from yoyo.backends.core.postgresql import PostgresqlPsycopgBackend
from yoyo.connections import parse_uri

from tasks.errors import LoadError
from tasks.warehouse.sql_files import SQL_FOLDER

log = logging.getLogger(__name__)

_SCHEMA: Final = "pipeline"


class _Backend(PostgresqlPsycopgBackend):  # type: ignore[misc]
    """yoyo over the engine's own way to connect, so that it needs no address and no password."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        super().__init__(parse_uri("postgresql+psycopg:///"), "_yoyo_migration")

    def connect(self, _dburi: Any) -> Any:
        self.schema = _SCHEMA
        pooled = self._engine.raw_connection()
        pooled.detach()
        connection: Any = pooled.dbapi_connection
        connection.autocommit = True
        return connection

    def copy(self) -> Self:
        return type(self)(self._engine)

    @contextmanager
    def lock(self, timeout: float = 10) -> Iterator[None]:  # noqa: ARG002 - yoyo's signature
        """Take none: the writer's lock is held."""
        yield


def migrate(engine: Engine) -> list[str]:
    """Apply the migrations that are missing and return their names.

    Raises `LoadError` when the database has migrations that this code does not know: it is newer.
    """
    with engine.begin() as connection:
        connection.execute(text(f"create schema if not exists {_SCHEMA}"))
    known = yoyo.read_migrations(str(SQL_FOLDER / "migrations"))
    with _Backend(engine) as backend:
        _refuse_newer(backend, {migration.hash for migration in known})
        missing = backend.to_apply(known)
        names = [migration.id for migration in missing]
        if names:
            backend.apply_migrations(missing)
            log.info("migrations=%s applied", ",".join(names))
    return names


def pending_migrations(connection: Connection) -> bool:
    """Say whether `migrate` would do anything; changes nothing."""
    applied = connection.execute(text("select to_regclass('pipeline._yoyo_migration')")).scalar()
    if applied is None:
        return True
    rows = connection.execute(text("select migration_hash from pipeline._yoyo_migration")).scalars()
    known = yoyo.read_migrations(str(SQL_FOLDER / "migrations"))
    return not {migration.hash for migration in known} <= set(rows)


def _refuse_newer(backend: _Backend, known: set[str]) -> None:
    applied = set(backend.get_applied_migration_hashes())
    if applied - known:
        raise LoadError(
            f"the warehouse has {len(applied - known)} migrations that this version of the code does not know. "
            "Deploy the newer version, or restore a backup of before it."
        )
