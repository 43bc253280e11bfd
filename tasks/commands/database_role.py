"""A role of the warehouse's PostgreSQL with its password, and for Prefect's server a database of its own.

For a container that ends before another begins, on AWS, where nobody sits at a console: `python -m
tasks.commands.database_role chicago_analyst` or `... prefect --owns prefect`. Any number of times; the password is that
of ROLE_PASSWORD afterwards. What the analyst may read is not said here but by each run (ANALYST_ROLE). Mirrors
https://www.postgresql.org/docs/current/sql-createrole.html.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from typing import Any, Final

import psycopg
from psycopg import sql

from tasks import session
from tasks.errors import ConfigError, LoadError, PipelineError
from tasks.settings import read_settings
from tasks.warehouse.analyst import LIMITS
from tasks.warehouse.engine import driver_of, open_warehouse

PASSWORD: Final = "ROLE_PASSWORD"  # noqa: S105 - the name of the variable
_CREATE: Final = sql.SQL(
    "create role {} login nosuperuser nocreatedb nocreaterole noreplication nobypassrls password {}"
)
_RENEW: Final = sql.SQL("alter role {} login password {}")
# Who makes a database for another has to be a member of that role; of a role that one has made one may be.
_OWNED: Final = (
    sql.SQL("grant {role} to current_user"),
    sql.SQL("alter database {name} owner to {role}"),
    sql.SQL("revoke all on database {name} from public"),
)


def put_role(connection: psycopg.Connection[Any], role: str, password: str, owns: str | None) -> str:
    """Make the role and the database that it owns, or give the role this password; return what was done.

    connection: in autocommit, of a role that may make roles and databases. The server is sent a SCRAM verifier and not
    the password, so that no log can hold it. Raises `ConfigError` for a role that may do more than log in.
    """
    _refuse_powerful(connection, role)
    verifier = connection.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode()
    is_there = _is_there(connection, "select 1 from pg_roles where rolname = %s", role)
    _run(connection, (_RENEW if is_there else _CREATE).format(sql.Identifier(role), sql.Literal(verifier)))
    said = f"role {role} {'has the password of the secret' if is_there else 'made'}"
    if owns is None:
        for limit in LIMITS:
            _run(connection, limit.format(sql.Identifier(role)))
        return said
    made = not _is_there(connection, "select 1 from pg_database where datname = %s", owns)
    if made:
        session.make_database(connection, owns)
    for statement in _OWNED:
        _run(connection, statement.format(role=sql.Identifier(role), name=sql.Identifier(owns)))
    return f"{said}, database {owns} {'made' if made else 'was there'}"


def _refuse_powerful(connection: psycopg.Connection[Any], role: str) -> None:
    """Raise `ConfigError` for the login itself and for a role that could make others: no secret is to change theirs."""
    powerful = (
        "select 1 from pg_roles where rolname = %s"
        " and (rolname = current_user or rolsuper or rolcreaterole or rolcreatedb or rolbypassrls)"
    )
    if _is_there(connection, powerful, role):
        raise ConfigError(f"role {role!r} is the loader, or may make roles or databases; name another")


def _is_there(connection: psycopg.Connection[Any], query: str, name: str) -> bool:
    return connection.execute(query.encode(), [name]).fetchone() is not None


def _run(connection: psycopg.Connection[Any], statement: sql.Composed) -> None:
    connection.execute(statement)


def main(arguments: Sequence[str] | None = None) -> int:
    """Make it on the warehouse's server, as its loader; 0 done, 1 failed, 2 wrong use."""
    parser = argparse.ArgumentParser(prog="python -m tasks.commands.database_role", allow_abbrev=False)
    parser.add_argument("role")
    parser.add_argument("--owns", metavar="DATABASE", help="a database that this role owns")
    asked = parser.parse_args(arguments)
    password = os.environ.get(PASSWORD, "")
    try:
        if not password:
            raise ConfigError(f"{PASSWORD} is not set: the role's password")
        engine = open_warehouse(read_settings())
        try:
            with engine.connect() as connection:
                driver = driver_of(connection)
                driver.autocommit = True
                said = put_role(driver, asked.role, password, asked.owns)
        except psycopg.Error as error:
            raise LoadError(f"the role could not be made: {' '.join(str(error).split())}") from None
        finally:
            engine.dispose()
    except PipelineError as error:
        sys.stderr.write(f"database_role: {error}\n")
        return 2 if isinstance(error, ConfigError) else 1
    sys.stdout.write(said + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
