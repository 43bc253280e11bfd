"""Views of other people that stand on ours: taken down while ours change, and made again as they were.

A view of ours whose SQL changed is dropped and made anew, and PostgreSQL drops no view that another reads. So these are
written down (definition, owner, rights, comments, indexes), dropped, and made again in the same transaction: a reader
sees them before or after, and never missing. One that cannot be made again stops the deployment, by name.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

from psycopg import sql
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from tasks.errors import LoadError
from tasks.warehouse.ddl import run_sql
from tasks.warehouse.sql_files import execute


@contextmanager
def others_set_aside(
    connection: Connection, dropped: Collection[str], deployed: Collection[str], refusal: str
) -> Iterator[None]:
    """Drop views of others that stand on those to drop, and make them again after the body.

    dropped, deployed: names of views of ours in schema chicago, those to drop and all. refusal: what did not happen.
    Raises `LoadError` naming the views that cannot be made again, and why; the transaction has to be rolled back then.
    """
    others = execute(
        connection, "checks/views_of_others", dropped=sorted(dropped), deployed=sorted(deployed)
    ).all()
    if kept := [
        f"{_name(view)} (on chicago.{view.stands_on}): {why}" for view in others if (why := _why(view))
    ]:
        raise LoadError(
            f"{refusal}: others stand on ones that have to change: {'; '.join(kept)}. "
            "Drop or move them, run again, and re-create them; no row of the warehouse is affected."
        )
    for view in reversed(others):
        run_sql(connection, sql.SQL("drop {} {}").format(sql.SQL(view.kind), _identifier(view)))
    yield
    for view in others:
        _make_again(connection, view, refusal)


def _why(view: Any) -> str | None:
    """Return why a view could not be made again as it was, or None where it could."""
    if not view.may_replace:
        return (
            f"it is {view.owner_name}'s, and the loader may not make it again "
            f"(grant {view.owner_name} to the loader's role)"
        )
    if view.has_more:
        return "it has triggers, rules or defaults of its own"
    return None


def _make_again(connection: Connection, view: Any, refusal: str) -> None:
    try:
        for statement in view.statements:
            run_sql(connection, statement)
    except DBAPIError as error:
        message = " ".join(str(error.orig).split())
        raise LoadError(
            f"{refusal}: {_name(view)} of {view.owner_name} stands on chicago.{view.stands_on}, and could not be made "
            f"again on the new one: {message}. Change or drop it, and run again; nothing was changed."
        ) from error


def _name(view: Any) -> str:
    return f"{view.schema_name}.{view.view_name}"


def _identifier(view: Any) -> sql.Identifier:
    return sql.Identifier(view.schema_name, view.view_name)
