"""Views of schema `chicago`: deployed from `sql/views/` when their SQL changed, and refreshed when the data did.

One file is one view, and the file's name is the view's. Deployment is one transaction, in order of dependency: readers
see the old views or the new ones. Rights on a view are granted again; views of others that stand on ours are made again
as they were, or stop the deployment by name.
"""

import hashlib
import logging
import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from graphlib import TopologicalSorter
from typing import Any, Final
from uuid import UUID

from psycopg import sql
from sqlalchemy import Connection, Engine, text

from tasks.errors import LoadError
from tasks.warehouse.community_areas import is_current
from tasks.warehouse.ddl import ddl_transaction, limit_transaction, run_sql
from tasks.warehouse.ledger import run_transaction
from tasks.warehouse.nowcast import update_nowcast
from tasks.warehouse.others_views import others_set_aside
from tasks.warehouse.periods import follow_crimes
from tasks.warehouse.sql_files import SQL_FOLDER, execute

log = logging.getLogger(__name__)

_REFERENCE: Final = re.compile(r"\bchicago\.([a-z0-9_]+)")
_COMMENT: Final = re.compile(r"--[^\n]*")


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
        """Return a digest that changes when the file does."""
        return hashlib.sha256(self.content.encode()).hexdigest()


def read_view_files() -> list[ViewFile]:
    """Return our views, each after those it reads."""
    files = {
        path.stem: ViewFile(path.stem, path.read_text("utf-8"))
        for path in (SQL_FOLDER / "views").glob("*.sql")
    }
    graph = {name: _references(file, files) for name, file in sorted(files.items())}
    return [files[name] for name in TopologicalSorter(graph).static_order()]


def deploy_views(engine: Engine, run_id: UUID | None = None) -> list[str]:
    """Make the views of the database those of `sql/views/`, and return the names of those made anew.

    Raises `LoadError` naming others' views that cannot be made again on the new ones, and `PassingFaultError` naming
    the sessions that keep them locked. Nothing is changed then.
    """
    files = read_view_files()
    with ddl_transaction(engine, "the deployment of the views", run_id) as connection:
        deployed = _read_deployed(connection)
        obsolete = set(deployed) - {file.name for file in files}
        changed = {*_stale(files, deployed), *obsolete}
        if not changed:
            return []
        # The materialized views read the counts; readers see the old views meanwhile.
        _update_bases(connection)
        with _set_aside(connection, changed, "the views were not deployed") as dropped:
            made = [file for file in files if file.name in changed | dropped]
            for file in made:
                _create(connection, file)
    names = sorted(file.name for file in made)
    log.info("views=%s deployed removed=%s", ",".join(names), ",".join(sorted(obsolete)))
    return names


@contextmanager
def all_views_set_aside(connection: Connection) -> Iterator[None]:
    """Drop our views while the body changes the tables under them, and make those of `sql/views/` after it.

    In the connection's transaction, so readers wait, and see the old or the new. Raises `LoadError` naming others'
    views that cannot be made again.
    """
    files = read_view_files()
    with _set_aside(connection, _read_deployed(connection), "the migrations were not applied"):
        yield
        _update_bases(connection)
        for file in files:
            _create(connection, file)


def refresh_stale_views(engine: Engine, run_id: UUID) -> list[str]:
    """Refresh the materialized views if rows, reasons or lists changed since the oldest refresh; return their names.

    What is asked and what is done about it are one transaction, so that no other run comes in between.
    """
    with run_transaction(engine, run_id) as connection:
        if is_current(connection) and not execute(connection, "checks/views_are_stale").scalar_one():
            return []
        return _refresh(connection)


def refresh_views(engine: Engine) -> list[str]:
    """Refresh the materialized views, outside of a run, and return their names."""
    with run_transaction(engine, None) as connection:
        return _refresh(connection)


def _refresh(connection: Connection) -> list[str]:
    """Refresh the materialized views in the connection's transaction.

    Readers go on with the old rows until all new ones are in, and never see two views of different loads.
    """
    names = [file.name for file in read_view_files() if file.is_materialized]
    limit_transaction(connection)
    _update_bases(connection)
    connection.execute(text("analyze chicago.crime_history"))
    for name in names:
        run_sql(connection, sql.SQL("refresh materialized view concurrently {}").format(_relation(name)))
    connection.execute(
        text(
            "update pipeline.deployed_views set refreshed_at = pipeline.moment() where view_name = any(:names)"
        ),
        {"names": names},
    )
    return names


def _update_bases(connection: Connection) -> None:
    """Bring what views are made of up to the crimes: counts, areas of points, periods, what is late. In this order."""
    follow_crimes(connection)
    update_nowcast(connection)


def set_freshness_limit(
    engine: Engine, freshness_days: float, stamp_margin_days: float = 1, run_id: UUID | None = None
) -> None:
    """Write the settings FRESHNESS_DAYS and STAMP_MARGIN_DAYS where views and counts read them."""
    with run_transaction(engine, run_id) as connection:
        execute(
            connection,
            "load/set_freshness_limit",
            freshness_days=freshness_days,
            stamp_margin_days=stamp_margin_days,
        )


def grant_analyst(engine: Engine, role: str, run_id: UUID | None = None) -> None:
    """Let the analyst's role read schema chicago, also what is made there later.

    A role that does not exist is a `LoadError`.
    """
    name = sql.Identifier(role)
    with run_transaction(engine, run_id) as connection:
        if (
            connection.execute(text("select 1 from pg_roles where rolname = :role"), {"role": role}).scalar()
            is None
        ):
            raise LoadError(f"ANALYST_ROLE {role!r} does not exist. Create it: create role {role} login;")
        for grant in (
            "grant usage on schema chicago to {}",
            "grant select on all tables in schema chicago to {}",
            "grant execute on all functions in schema chicago to {}",
            # A new view is readable as soon as it exists.
            "alter default privileges in schema chicago grant select on tables to {}",
            "alter default privileges in schema chicago grant execute on functions to {}",
        ):
            run_sql(connection, sql.SQL(grant).format(name))


def _references(file: ViewFile, files: dict[str, ViewFile]) -> set[str]:
    return {name for name in _REFERENCE.findall(file.code) if name in files and name != file.name}


def _read_deployed(connection: Connection) -> dict[str, str]:
    """Return the digests of the views that we deployed and that still exist, by name."""
    if connection.execute(text("select to_regclass('pipeline.deployed_views')")).scalar() is None:
        return {}
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


@contextmanager
def _set_aside(connection: Connection, changing: Collection[str], refusal: str) -> Iterator[set[str]]:
    """Drop views of ours and those that read them; those of others, and all rights, are there again after the body.

    Yields the names of the dropped. The order is the catalogue's, because the files may name other views by now.
    """
    deployed = set(_read_deployed(connection))
    dependencies = [
        (_known(row.dependent_schema, row.dependent, deployed), row)
        for row in execute(connection, "checks/view_dependencies").all()
    ]
    dropped = _with_dependents(set(changing) & deployed, dependencies)
    _refuse_taken(connection, set(changing) - deployed, refusal)
    grants = execute(connection, "checks/view_grants").all()
    with others_set_aside(connection, dropped, deployed, refusal):
        graph = {name: {ours for ours, row in dependencies if ours and row.ours == name} for name in dropped}
        for name in TopologicalSorter(graph).static_order():
            _drop(connection, name)
        connection.execute(
            text("delete from pipeline.deployed_views where view_name = any(:names)"),
            {"names": sorted(dropped | set(changing))},
        )
        yield dropped
        for grant in grants:
            if grant.view_name in dropped:
                _grant_again(connection, grant)


def _known(schema: str, name: str, deployed: set[str]) -> str | None:
    """Return the name of a view if it is one of ours."""
    return name if schema == "chicago" and name in deployed else None


def _with_dependents(names: set[str], dependencies: list[tuple[str | None, Any]]) -> set[str]:
    while more := {ours for ours, row in dependencies if ours and row.ours in names} - names:
        names = names | more
    return names


def _refuse_taken(connection: Connection, new: set[str], refusal: str) -> None:
    """Raise `LoadError` where somebody else's relation has the name of a new view."""
    taken = connection.execute(
        text(
            "select relname from pg_class where relnamespace = 'chicago'::regnamespace and relname = any(:new)"
            " order by relname"
        ),
        {"new": sorted(new)},
    ).scalars()
    if names := ", ".join(f"chicago.{name}" for name in taken):
        raise LoadError(
            f"{refusal}: {names} is there, and not of our making. "
            "Rename it or move it to another schema, and run again."
        )


def _drop(connection: Connection, name: str) -> None:
    kind = connection.execute(
        text("select relkind::text from pg_class where oid = to_regclass('chicago.' || quote_ident(:name))"),
        {"name": name},
    ).scalar()
    noun = sql.SQL("materialized view" if kind == "m" else "view")
    # Restricted: anything but a view that depends on it (a function that returns its rows) stops it, by name.
    run_sql(connection, sql.SQL("drop {} {}").format(noun, _relation(name)))


def _create(connection: Connection, file: ViewFile) -> None:
    run_sql(connection, file.content)
    connection.execute(
        text(
            "insert into pipeline.deployed_views (view_name, is_materialized, definition_sha256, refreshed_at)"
            " values (:name, :is_materialized, :digest, case when :is_materialized then pipeline.moment() end)"
        ),
        {"name": file.name, "is_materialized": file.is_materialized, "digest": file.digest},
    )


def _grant_again(connection: Connection, grant: Any) -> None:
    """Grant a right to read again, unless the view or its column is gone."""
    exists = connection.execute(
        text(
            "select to_regclass('chicago.' || quote_ident(:view)) is not null and (cast(:column as text) is null"
            " or exists (select 1 from pg_attribute where attrelid = to_regclass('chicago.' || quote_ident(:view))"
            " and attname = :column and not attisdropped))"
        ),
        {"view": grant.view_name, "column": grant.column_name},
    ).scalar_one()
    if not exists:
        return
    what = sql.SQL("select") + (
        sql.SQL(" ({})").format(sql.Identifier(grant.column_name)) if grant.column_name else sql.SQL("")
    )
    whom = sql.SQL("public") if grant.grantee is None else sql.Identifier(grant.grantee)
    option = sql.SQL(" with grant option" if grant.is_grantable else "")
    run_sql(
        connection, sql.SQL("grant {} on {} to {}{}").format(what, _relation(grant.view_name), whom, option)
    )


def _relation(name: str) -> sql.Identifier:
    return sql.Identifier("chicago", name)
