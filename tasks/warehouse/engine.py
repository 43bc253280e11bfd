"""Connections to the warehouse: the address from the settings, and engines whose sessions are as tasks/session.py says.

Knows no table. The caller decides what makes an engine of an address: for a run Prefect's connector
(tasks/run/connections.py), for a command that only reads SQLAlchemy alone; a saved block brings its own.
"""

import logging
from collections.abc import Callable, Mapping
from typing import Any, Final

import psycopg
import tenacity
from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.pool import NullPool

from tasks import session
from tasks.cloud.blocks import load_engine
from tasks.cloud.rds import CERTIFICATE_AUTHORITIES, is_rds_address, log_in_by_token
from tasks.errors import ConfigError, LoadError
from tasks.local import services
from tasks.settings import PROJECT_FOLDER, Settings
from tasks.warehouse.refusals import (
    FIRST_WAIT_SECONDS,
    MAX_TRIES,
    NO_SLOT,
    NO_SLOT_ACTION,
    state_of_refusal,
)
from tasks.warehouse.sql_files import execute

log = logging.getLogger(__name__)

DRIVER: Final = "postgresql+psycopg"
OLDEST_SERVER_VERSION: Final = 15
_CONNECT_TIMEOUT_SECONDS: Final = 15
ENGINE_OPTIONS: Final[dict[str, Any]] = {
    "pool_pre_ping": True,
    "pool_size": 8,
    "max_overflow": 24,
    "hide_parameters": True,
}
_UNKNOWN_DATABASE: Final = "3D000"
_MARK: Final = "mark of the session"


def connect_plainly(url: URL) -> Engine:
    """Return an engine that SQLAlchemy makes of an address."""
    return create_engine(url, **ENGINE_OPTIONS)


def open_warehouse(
    settings: Settings,
    *,
    may_create: bool = True,
    connect: Callable[[URL], Engine] = connect_plainly,
    session_settings: Mapping[str, str] = session.LOADER,
) -> Engine:
    """Return an engine on the warehouse's database, which is created if it is missing and the role may do so.

    connect: makes an engine of the address. session_settings: what all its sessions are set to. Starts the embedded
    PostgreSQL where the settings name no server. Raises `ConfigError` or `LoadError`.
    """
    of_session = {**session_settings, **session.acting_as(settings.db_role)}
    engine = _engine(settings, connect, of_session)
    if settings.db_iam_login:
        log_in_by_token(engine)
    try:
        (_check_patiently if may_create else _check_server)(engine)
    except OperationalError as error:
        if not _is_unknown_database(error):
            raise LoadError(
                f"the warehouse does not answer: {first_line(error)}. {_next_action(settings, error)}"
            ) from None
        if not may_create:
            raise LoadError(
                f"database {engine.url.database!r} does not exist: nothing was loaded into it yet. "
                "A run makes it: python flows/main.py"
            ) from None
        _create_database(engine, of_session)
        _check_server(engine)
    return engine


def first_line(error: BaseException) -> str:
    """Return what a database error says, on one line, without the statement and its parameters."""
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    return " ".join(str(cause).split()) or type(cause).__name__


def shell_command(engine: Engine, settings: Settings) -> str:
    """Return what a person types to look around with psql; no password in it."""
    if settings.uses_local_warehouse:
        return services.ensure_postgres(PROJECT_FOLDER).psql_command(settings.database_name)
    url = engine.url
    host, port = url.host or url.query.get("host", ""), url.port or url.query.get("port", "5432")
    return f"psql -h {host} -p {port} -U {url.username} {url.database}"


def _engine(
    settings: Settings, connect: Callable[[URL], Engine], session_settings: Mapping[str, str]
) -> Engine:
    if settings.warehouse_block is not None:
        engine = load_engine(settings.warehouse_block, ENGINE_OPTIONS)
    else:
        engine = connect(_url(settings))
    if engine.dialect.driver != "psycopg":
        raise ConfigError(f"the connector uses {engine.dialect.driver}; COPY needs the driver {DRIVER}")
    return with_session(engine, session_settings)


def _url(settings: Settings) -> URL:
    if settings.uses_local_warehouse:
        postgres = services.ensure_postgres(PROJECT_FOLDER)
        return URL.create(
            DRIVER,
            username=postgres.user,
            database=settings.database_name,
            query={"host": str(postgres.socket_dir)},
        )
    password = settings.db_password
    # The folder of a unix socket cannot be the host of an address; libpq takes it as a parameter.
    is_socket = (settings.server_name or "").startswith("/")
    return URL.create(
        DRIVER,
        username=settings.db_username,
        password=None if password is None else password.get_secret_value(),
        host=None if is_socket else settings.server_name,
        port=None if is_socket else settings.port,
        database=settings.database_name,
        query={"sslmode": settings.db_sslmode}
        | _certificate_authorities(settings)
        | ({"host": str(settings.server_name), "port": str(settings.port)} if is_socket else {}),
    )


def _certificate_authorities(settings: Settings) -> dict[str, str]:
    """Return the authorities to trust: the file that is set, else RDS's own for its addresses, else libpq's default."""
    if not settings.db_sslmode.startswith("verify-"):
        return {}
    file = settings.db_ca_file
    if file is None and is_rds_address(settings.server_name or ""):
        file = CERTIFICATE_AUTHORITIES
    if file is None:
        return {}
    if not file.is_file():
        raise ConfigError(f"DB_CA_FILE: there is no file {file}")
    return {"sslrootcert": str(file)}


def with_session(engine: Engine, settings: Mapping[str, str]) -> Engine:
    """Have every session of an engine be of these settings, and refuse one that a pooler lends to others too."""

    @event.listens_for(engine, "do_connect")
    def _inherit_nothing(_dialect: Any, _record: Any, _args: Any, parameters: dict[str, Any]) -> None:
        parameters.setdefault("connect_timeout", _CONNECT_TIMEOUT_SECONDS)
        for name, value in session.parameters().items():
            parameters.setdefault(name, value)

    @event.listens_for(engine, "connect")
    def _begin_session(connection: psycopg.Connection[Any], record: Any) -> None:
        record.info[_MARK] = session.set_up(connection, settings)

    @event.listens_for(engine, "begin")
    def _is_still_ours(connection: Connection) -> None:
        if mark := connection.info.get(_MARK):
            session.refuse_lent(driver_of(connection), mark)

    return engine


def driver_of(connection: Connection) -> psycopg.Connection[Any]:
    """Return psycopg's connection behind SQLAlchemy's."""
    # Also of one that has left its pool, which knows no driver's connection any more.
    driver = connection.connection.dbapi_connection
    if not isinstance(driver, psycopg.Connection):
        raise TypeError(f"COPY needs psycopg 3, and the engine's driver is {type(driver).__module__}")
    return driver


def _check_server(engine: Engine) -> None:
    with engine.connect() as connection:
        version, *_ = connection.dialect.server_version_info or (0,)
        if int(version) < OLDEST_SERVER_VERSION:
            raise ConfigError(f"PostgreSQL {version} is too old: {OLDEST_SERVER_VERSION} or newer is needed")
        session.refuse_foreign_encoding(driver_of(connection))
        _warn_of_role(connection)
        connection.rollback()
        if connection.info.get(_MARK):
            # A pooler that lends sessions lends the one that is free now to the next who asks.
            with engine.connect():
                pass


def _is_refused_for_now(error: BaseException) -> bool:
    return isinstance(error, OperationalError) and state_of_refusal(error.orig) is not None


# A server that starts, or has no connection left, is waited for as in a run; a wrong address is said at once.
_check_patiently = tenacity.retry(
    retry=tenacity.retry_if_exception(_is_refused_for_now),
    stop=tenacity.stop_after_attempt(MAX_TRIES),
    wait=tenacity.wait_exponential(multiplier=FIRST_WAIT_SECONDS),
    reraise=True,
)(_check_server)


def _warn_of_role(connection: Connection) -> None:
    """Say that a role that a login is told to act as is not followed: what it makes would belong to another."""
    told = execute(connection, "checks/role_by_login").scalar()
    if told is not None:
        log.warning(
            "the login is set to act as %s (alter role .. set role), which is not followed: set DB_ROLE=%s",
            told,
            told,
        )


def _is_unknown_database(error: OperationalError) -> bool:
    # A failed connection carries no SQLSTATE in psycopg; its text is the server's, in the server's language.
    state = getattr(error.orig, "sqlstate", None)
    return state == _UNKNOWN_DATABASE or (
        "does not exist" in first_line(error) and "database" in first_line(error)
    )


def _create_database(engine: Engine, settings: Mapping[str, str]) -> None:
    name = str(engine.url.database)
    maintenance = create_engine(
        engine.url.set(database="postgres"), isolation_level="AUTOCOMMIT", poolclass=NullPool
    )
    try:
        with with_session(maintenance, settings).connect() as connection:
            session.make_database(driver_of(connection), name)
    except (psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
        # Another first run has just made it; which of the two loads, the writer's lock decides.
        return
    except (DBAPIError, psycopg.Error) as error:
        raise LoadError(
            f"database {name!r} does not exist and could not be created: {first_line(error)}. "
            "Create it, or give the role CREATEDB for the first run."
        ) from None
    log.info("database=%s created", name)


def _next_action(settings: Settings, error: OperationalError) -> str:
    refusal = state_of_refusal(error.orig)
    if refusal is not None:
        return NO_SLOT_ACTION if refusal == NO_SLOT else "Run again when it has started."
    if settings.uses_local_warehouse:
        return "Stop the local services with `make stop` and run again."
    return "Check SERVER_NAME, PORT, DB_USERNAME, DB_PASSWORD, DATABASE_NAME and DB_SSLMODE."
