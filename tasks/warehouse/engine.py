"""Connections to the warehouse: the address from the settings, and what a loader's session is allowed.

Knows no table. How an engine is made of an address is the caller's: a run has Prefect's connector make it
(tasks/run/connections.py), a command that only reads SQLAlchemy alone; a saved block brings its own.
"""

import logging
from collections.abc import Callable
from typing import Any, Final

from psycopg import sql
from sqlalchemy import URL, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.pool import NullPool

from tasks import silence
from tasks.cloud.blocks import load_engine
from tasks.cloud.rds import CERTIFICATE_AUTHORITIES, is_rds_address, log_in_by_token
from tasks.errors import ConfigError, LoadError
from tasks.local import services
from tasks.settings import PROJECT_FOLDER, Settings

log = logging.getLogger(__name__)

DRIVER: Final = "postgresql+psycopg"
OLDEST_SERVER_VERSION: Final = 15
_CONNECT_TIMEOUT_SECONDS: Final = 15
# A loader waits for an analyst's lock at most this long, holds no transaction open without working in it,
# and has no statement that takes longer than a whole window of the largest dataset may.
_SESSION: Final = {
    "timezone": "UTC",
    "lock_timeout": "30s",
    "idle_in_transaction_session_timeout": "10min",
    "statement_timeout": "15min",
    # The run's lock has a session of its own, which is idle for as long as the run takes.
    "idle_session_timeout": "0",
    # A machine that vanishes says no goodbye: without these its session, and so the lock, would stay for two hours.
    "tcp_keepalives_idle": "60",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "6",
    # Nor would they help while an answer of the server's is under way: only this ends such a session, and its locks.
    "tcp_user_timeout": "60s",
}
ENGINE_OPTIONS: Final[dict[str, Any]] = {
    "pool_pre_ping": True,
    "pool_size": 8,
    "max_overflow": 24,
    "hide_parameters": True,
}
_UNKNOWN_DATABASE: Final = "3D000"


def connect_plainly(url: URL) -> Engine:
    """Return an engine that SQLAlchemy makes of an address."""
    return create_engine(url, **ENGINE_OPTIONS)


def open_warehouse(
    settings: Settings, *, may_create: bool = True, connect: Callable[[URL], Engine] = connect_plainly
) -> Engine:
    """Return an engine on the warehouse's database, which is created if it is missing and the role may.

    connect: makes an engine of the address. Starts the embedded PostgreSQL where the settings name no server.
    Raises `ConfigError` or `LoadError`.
    """
    engine = _engine(settings, connect)
    if settings.db_iam_login:
        log_in_by_token(engine)
    try:
        _check_server(engine)
    except OperationalError as error:
        if not _is_unknown_database(error):
            raise LoadError(
                f"the warehouse does not answer: {first_line(error)}. {_next_action(settings)}"
            ) from None
        if not may_create:
            raise LoadError(
                f"database {engine.url.database!r} does not exist: nothing was loaded into it yet. "
                "A run makes it: python flows/main.py"
            ) from None
        _create_database(engine)
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


def _engine(settings: Settings, connect: Callable[[URL], Engine]) -> Engine:
    if settings.warehouse_block is not None:
        engine = load_engine(settings.warehouse_block, ENGINE_OPTIONS)
    else:
        engine = connect(_url(settings))
    if engine.dialect.driver != "psycopg":
        raise ConfigError(f"the connector uses {engine.dialect.driver}; COPY needs the driver {DRIVER}")
    return _with_session(engine)


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
    # The folder of a unix socket is no host of an address; libpq takes it as a parameter.
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
    """Return whom to trust: the file that is set, else for an address of RDS its own; else libpq's default holds."""
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


def _with_session(engine: Engine) -> Engine:
    @event.listens_for(engine, "do_connect")
    def _name_application(_dialect: Any, _record: Any, _args: Any, parameters: dict[str, Any]) -> None:
        parameters.setdefault("application_name", "chicago-crime")
        parameters.setdefault("connect_timeout", _CONNECT_TIMEOUT_SECONDS)
        for name, value in silence.LIBPQ.items():
            parameters.setdefault(name, value)

    @event.listens_for(engine, "connect")
    def _limit_session(connection: Any, _record: Any) -> None:
        autocommit, connection.autocommit = connection.autocommit, True
        for name, value in _SESSION.items():
            connection.execute("select set_config(%s, %s, false)", (name, value))
        connection.autocommit = autocommit

    return engine


def _check_server(engine: Engine) -> None:
    with engine.connect() as connection:
        version, *_ = connection.dialect.server_version_info or (0,)
    if int(version) < OLDEST_SERVER_VERSION:
        raise ConfigError(f"PostgreSQL {version} is too old: {OLDEST_SERVER_VERSION} or newer is needed")


def _is_unknown_database(error: OperationalError) -> bool:
    # A failed connection carries no SQLSTATE in psycopg; its text is the server's, in the server's language.
    state = getattr(error.orig, "sqlstate", None)
    return state == _UNKNOWN_DATABASE or (
        "does not exist" in first_line(error) and "database" in first_line(error)
    )


def _create_database(engine: Engine) -> None:
    name = str(engine.url.database)
    maintenance = create_engine(
        engine.url.set(database="postgres"), isolation_level="AUTOCOMMIT", poolclass=NullPool
    )
    statement = sql.SQL("create database {}").format(sql.Identifier(name))
    try:
        with _with_session(maintenance).connect() as connection:
            connection.exec_driver_sql(statement.as_string(None))
    except DBAPIError as error:
        raise LoadError(
            f"database {name!r} does not exist and could not be created: {first_line(error)}. "
            "Create it, or give the role CREATEDB for the first run."
        ) from None
    log.info("database=%s created", name)


def _next_action(settings: Settings) -> str:
    if settings.uses_local_warehouse:
        return "Stop the local services with `make stop` and run again."
    return "Check SERVER_NAME, PORT, DB_USERNAME, DB_PASSWORD, DATABASE_NAME and DB_SSLMODE."
