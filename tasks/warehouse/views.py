"""Views of schema `chicago`: deployed from `sql/views/` when their SQL changed, and refreshed when the data did.

One file is one view, and the file's name is the view's. Deployment is one transaction, in order of dependency; a view
that is not ours stops it by name and is never dropped.
"""

import hashlib
import logging
import re
from dataclasses import dataclass
from functools import cached_property
from graphlib import TopologicalSorter
from typing import Final

from psycopg import sql
from sqlalchemy import Connection, Engine, text

from tasks.errors import LoadError
from tasks.warehouse.sql_files import SQL_FOLDER

log = logging.getLogger(__name__)

_REFERENCE: Final = re.compile(r"\bchicago\.([a-z_]+)")
_COMMENT: Final = re.compile(r"--[^\n]*")
# DDL on a view waits for its readers, and new readers wait for it: so it gives up early.
_DDL_LOCK_TIMEOUT: Final = "5s"
# Grouping in memory and not on disk; a refresh is one session's.
_REFRESH_WORK_MEM: Final = "256MB"


@dataclass(frozen=True)
class ViewFile:
    """One view of ours: its name, and the SQL that makes it."""

    name: str
    content: str

    @cached_property
    def code(self) -> str:
        """Return the SQL without comments."""
        return _COMMENT.sub("", self.content)

    @property
    def is_materialized(self) -> bool:
        """Return whether the view has to be refreshed."""
        return "create materialized view" in self.code

    @property
    def digest(self) -> str:
        """Return what changes when the file does."""
        return hashlib.sha256(self.content.encode()).hexdigest()


def read_view_files() -> list[ViewFile]:
    """Return our views, each after those it reads."""
    files = {
        path.stem: ViewFile(path.stem, path.read_text("utf-8"))
        for path in (SQL_FOLDER / "views").glob("*.sql")
    }
    graph = {name: _references(file, files) for name, file in sorted(files.items())}
    return [files[name] for name in TopologicalSorter(graph).static_order()]


def deploy_views(engine: Engine) -> list[str]:
    """Make the views of the database those of `sql/views/`, and return the names of those made anew.

    Raises `LoadError` naming the views of others that stand on ones that have to change.
    """
    files = read_view_files()
    with engine.begin() as connection:
        connection.execute(text(f"set local lock_timeout = '{_DDL_LOCK_TIMEOUT}'"))
        deployed = _read_deployed(connection)
        stale = _stale(files, deployed)
        obsolete = sorted(set(deployed) - {file.name for file in files})
        if not stale and not obsolete:
            return []
        _refuse_foreign_dependents(connection, [*stale, *obsolete])
        _drop(connection, files, stale, obsolete)
        for file in files:
            if file.name in stale:
                _create(connection, file)
    log.info("views=%s deployed", ",".join(sorted(stale)))
    return sorted(stale)


def refresh_views(engine: Engine) -> list[str]:
    """Refresh the materialized views in one transaction and return their names.

    Readers go on with the old rows until all new ones are in, and never see two views of different loads.
    """
    names = [file.name for file in read_view_files() if file.is_materialized]
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        # A bulk load leaves the planner with what it knew of an empty table.
        connection.execute(text("analyze chicago.crimes, chicago.crime_history"))
    with engine.begin() as connection:
        connection.execute(text(f"set local work_mem = '{_REFRESH_WORK_MEM}'"))
        connection.execute(text("set local jit = off"))
        for name in names:
            _run(connection, sql.SQL("refresh materialized view concurrently {}").format(_relation(name)))
        connection.execute(
            text("update pipeline.deployed_views set refreshed_at = now() where view_name = any(:names)"),
            {"names": names},
        )
    return names


def grant_analyst(engine: Engine, role: str) -> None:
    """Let the analyst's role read schema chicago; a role that does not exist is a `LoadError`."""
    name = sql.Identifier(role)
    with engine.begin() as connection:
        if (
            connection.execute(text("select 1 from pg_roles where rolname = :role"), {"role": role}).scalar()
            is None
        ):
            raise LoadError(f"ANALYST_ROLE {role!r} does not exist. Create it: create role {role} login;")
        _run(connection, sql.SQL("grant usage on schema chicago to {}").format(name))
        _run(
            connection, sql.SQL("grant select on all tables in schema chicago to {}").format(name)
        )


def _references(file: ViewFile, files: dict[str, ViewFile]) -> set[str]:
    return {name for name in _REFERENCE.findall(file.code) if name in files and name != file.name}


def _read_deployed(connection: Connection) -> dict[str, str]:
    rows = connection.execute(
        text(
            "select deployed.view_name, deployed.definition_sha256 from pipeline.deployed_views as deployed"
            " where to_regclass('chicago.' || quote_ident(deployed.view_name)) is not null"
        )
    )
    return {str(row[0]): str(row[1]) for row in rows}


def _stale(files: list[ViewFile], deployed: dict[str, str]) -> list[str]:
    """Return the views that changed or read one that did, in order of dependency."""
    by_name = {file.name: file for file in files}
    stale: list[str] = []
    for file in files:
        if deployed.get(file.name) != file.digest or _references(file, by_name) & set(stale):
            stale.append(file.name)
    return stale


def _refuse_foreign_dependents(connection: Connection, changing: list[str]) -> None:
    rows = connection.execute(
        text(
            "select distinct format('%s.%s', namespace.nspname, dependent.relname) as dependent, ours.relname as ours"
            " from pg_depend as depend"
            " inner join pg_rewrite as rule on depend.objid = rule.oid"
            " inner join pg_class as dependent on rule.ev_class = dependent.oid"
            " inner join pg_namespace as namespace on dependent.relnamespace = namespace.oid"
            " inner join pg_class as ours on depend.refobjid = ours.oid"
            " where ours.relnamespace = 'chicago'::regnamespace and ours.relname = any(:changing)"
            " and dependent.oid <> ours.oid and ours.relkind in ('v', 'm')"
            " and not exists (select 1 from pipeline.deployed_views as known"
            " where namespace.nspname = 'chicago' and known.view_name = dependent.relname)"
        ),
        {"changing": changing},
    ).all()
    if rows:
        named = ", ".join(f"{row.dependent} (on chicago.{row.ours})" for row in rows)
        raise LoadError(
            f"views were not deployed: others stand on ones that have to change: {named}. "
            "Drop or move them, run again, and make them anew; the warehouse's rows are not concerned."
        )


def _drop(connection: Connection, files: list[ViewFile], stale: list[str], obsolete: list[str]) -> None:
    order = {file.name: place for place, file in enumerate(files)}
    # An obsolete view may stand on stale ones, and never the other way round once the files no longer name it.
    for name in [*obsolete, *sorted(stale, key=lambda name: -order[name])]:
        kind = connection.execute(
            text(
                "select relkind::text from pg_class where oid = to_regclass('chicago.' || quote_ident(:name))"
            ),
            {"name": name},
        ).scalar()
        if kind in {"v", "m"}:
            noun = sql.SQL("materialized view" if kind == "m" else "view")
            _run(connection, sql.SQL("drop {} {}").format(noun, _relation(name)))
        connection.execute(
            text("delete from pipeline.deployed_views where view_name = :name"), {"name": name}
        )


def _create(connection: Connection, file: ViewFile) -> None:
    _run(connection, file.content.encode())
    connection.execute(
        text(
            "insert into pipeline.deployed_views (view_name, is_materialized, definition_sha256, refreshed_at)"
            " values (:name, :is_materialized, :digest, case when :is_materialized then now() end)"
        ),
        {"name": file.name, "is_materialized": file.is_materialized, "digest": file.digest},
    )


def _relation(name: str) -> sql.Identifier:
    return sql.Identifier("chicago", name)


def _run(connection: Connection, statement: sql.Composed | bytes) -> None:
    driver = connection.connection.driver_connection
    assert driver is not None
    driver.execute(statement)
