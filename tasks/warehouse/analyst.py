"""The warehouse as an analyst sees it: one who reads schema `chicago` and changes nothing.

What lives here: which database that is, the local analyst's role, and a session that only reads; the dashboard and
`make psql` use it. What does not: any query. On one's own machine the role is `chicago_analyst`, created if it is
missing; on a server it is the one that DB_USERNAME names.
"""

from typing import Final

import psycopg
from psycopg import sql
from sqlalchemy import Engine, create_engine, text

from tasks import session
from tasks.errors import LoadError
from tasks.local import services as local_services
from tasks.local.services import DEMO_DATABASE, LocalPostgres
from tasks.settings import PROJECT_FOLDER, Settings
from tasks.warehouse.ddl import run_sql
from tasks.warehouse.engine import open_warehouse
from tasks.warehouse.sql_files import execute
from tasks.warehouse.views import grant_analyst

LOCAL_ROLE: Final = "chicago_analyst"
# Whatever an analyst connects with: as in sql/roles.sql.
LIMITS: Final = (
    sql.SQL("alter role {} set jit = off"),
    sql.SQL("alter role {} set statement_timeout = '5min'"),
)
NOTHING_YET: Final = (
    "There is no warehouse yet. `make demo` loads a stand-in city in about a minute, "
    "`make run` the City's own record."
)


class TooManyRightsError(LoadError):
    """The login has more rights than to read schema chicago."""


class NoWarehouseError(LoadError):
    """Nothing was loaded yet: there is no database, or no view in it."""


def as_analyst(settings: Settings, postgres: LocalPostgres | None = None) -> Settings:
    """Return the settings with which an analyst logs in. Starts nothing; raises `NoWarehouseError`.

    On the embedded PostgreSQL the database is the one that the settings name; if they name none, and only the demo's
    exists, that one.
    """
    if not settings.uses_local_warehouse:
        return settings
    found = postgres or local_services.located_postgres(PROJECT_FOLDER)
    if not (local_services.services_folder(PROJECT_FOLDER) / "data").exists() and postgres is None:
        raise NoWarehouseError(NOTHING_YET)
    try:
        with session.connect(found.conninfo("postgres"), connect_timeout=5) as connection:
            there = {row[0] for row in connection.execute("select datname from pg_database")}
    except psycopg.OperationalError:
        raise LoadError(
            "The local PostgreSQL does not run. `make dashboard`, `make demo` and `make run` start it."
        ) from None
    wanted = [settings.database_name]
    if "database_name" not in settings.model_fields_set:
        wanted.append(DEMO_DATABASE)
    name = next((name for name in wanted if name in there), None)
    if name is None:
        raise NoWarehouseError(NOTHING_YET)
    _make_local_role(found, name)
    login = {"server_name": str(found.socket_dir), "db_username": LOCAL_ROLE, "database_name": name}
    return settings.model_copy(
        update={**login, "db_password": None, "db_role": None, "db_sslmode": "disable"}
    )


def open_to_read(settings: Settings) -> Engine:
    """Return an engine for the analyst of `as_analyst`, whose sessions can change nothing and do not wait long."""
    return open_warehouse(settings, may_create=False, session_settings=session.READER)


def refuse_more_than_reading(engine: Engine) -> None:
    """Raise `TooManyRightsError` where the login may change what we hold, or read the pipeline's own tables.

    A session that only reads can be told to write again; a role that may not write cannot.
    """
    with engine.connect() as connection:
        found = execute(connection, "checks/rights_of_a_reader").all()
    if found:
        role, rights = found[0].role_name, ", ".join(row.may for row in found)
        raise TooManyRightsError(
            f"The role {role} may do more than read schema chicago: it may {rights}. Whoever reaches the dashboard "
            "would have these rights behind it. Set DB_USERNAME and DB_PASSWORD to an analyst's (sql/roles.sql makes "
            "one, ANALYST_ROLE has each run grant it what it reads), and start it again."
        )


def _make_local_role(postgres: LocalPostgres, database: str) -> None:
    """Make the analyst of the embedded PostgreSQL, and give it what sql/roles.sql gives one on a server."""
    engine = create_engine(
        "postgresql+psycopg://", creator=lambda: session.connect(postgres.conninfo(database))
    )
    try:
        with engine.begin() as connection:
            if not connection.execute(text("select to_regnamespace('chicago') is not null")).scalar():
                raise NoWarehouseError(NOTHING_YET)
            role = {"role": LOCAL_ROLE}
            known = connection.execute(text("select 1 from pg_roles where rolname = :role"), role).scalar()
            if not known:
                name = sql.Identifier(LOCAL_ROLE)
                run_sql(connection, sql.SQL("create role {} login").format(name))
                for limit in LIMITS:
                    run_sql(connection, limit.format(name))
            may_read = connection.execute(
                text("select has_schema_privilege(:role, 'chicago', 'usage')"), role
            ).scalar()
        if not may_read:
            grant_analyst(engine, LOCAL_ROLE)
    finally:
        engine.dispose()
