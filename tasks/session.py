"""A session with PostgreSQL, and what it means: fixed here for every connection that the project makes.

Environment (PG*), role (`alter role .. set`) and database (`alter database .. set`) have no say in it. What lives here:
the settings of a loader's, a reader's and a person's session, how they are made to hold, and a database of ours made
anew. What does not: addresses and engines (tasks/warehouse/engine.py), and any table. Mirrors
https://www.postgresql.org/docs/current/runtime-config-client.html and
https://www.postgresql.org/docs/current/libpq-envars.html.
"""

import json
from collections.abc import Mapping
from typing import Any, Final, LiteralString
from uuid import uuid4

import psycopg
from psycopg import sql

from tasks import silence
from tasks.errors import ConfigError

APPLICATION: Final = "chicago-crime"
ENCODING: Final = "UTF8"
_CREATE: Final = sql.SQL("create database {} template template0 encoding 'UTF8' locale 'C'")
_BUILTIN_LOCALE_SINCE: Final = 17
_CREATE_WITH_CASES: Final = sql.SQL(
    "create database {} template template0 encoding 'UTF8' locale 'C'"
    " locale_provider builtin builtin_locale 'C.UTF-8'"
)
# What a text, a date or a number means, which rows are seen, and which name is whose table. Not fixed: what costs time
# and changes no value (work_mem), where rows lie (tablespaces), and synchronous_commit, which is the owner's choice: a
# run ends with a commit that is waited for (sql/ledger/close_run.sql), and all before it are on disk then.
_MEANING: Final = {
    # A login that is to act as another role says so in DB_ROLE.
    "role": "none",
    "client_encoding": ENCODING,
    "datestyle": "ISO, YMD",
    "intervalstyle": "postgres",
    "extra_float_digits": "1",
    "timezone": "UTC",
    # Each name of ours says its schema; nothing of another schema stands in the place of a function or a table.
    "search_path": "pg_catalog, pg_temp",
    "standard_conforming_strings": "on",
    "array_nulls": "on",
    "transform_null_equals": "off",
    # PostgreSQL 18 cannot refresh a view concurrently where it is on: its own statement has quotes in the wrong place.
    "quote_all_identifiers": "off",
    "default_transaction_isolation": "read committed",
    "default_transaction_read_only": "off",
    "default_transaction_deferrable": "off",
    "jit": "off",
    "statement_timeout": "0",
    "lock_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
    # The run's lock has a session of its own, which is idle for as long as the run takes.
    "idle_session_timeout": "0",
    "transaction_timeout": "0",
    # A machine that vanishes says no goodbye: without these its session, and so the lock, would stay for two hours.
    "tcp_keepalives_idle": "60",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "6",
    # Nor would they help while an answer of the server's is under way: only this ends such a session, and its locks.
    "tcp_user_timeout": "60s",
}
# A loader waits for an analyst's lock at most this long, holds no transaction open without working in it,
# and has no statement that takes longer than a whole window of the largest dataset may.
LOADER: Final = _MEANING | {
    "lock_timeout": "30s",
    "idle_in_transaction_session_timeout": "10min",
    "statement_timeout": "15min",
    # A policy that hides rows is an error: of rows that are not seen, nothing is proven.
    "row_security": "off",
    # Counts follow what triggers write down.
    "session_replication_role": "origin",
}
# A reader that waits longer has somebody's deployment of the views before it, or a question too large.
READER: Final = _MEANING | {
    "default_transaction_read_only": "on",
    "statement_timeout": "20s",
    "lock_timeout": "3s",
    # A policy is the owner's word on what a reader sees.
    "row_security": "on",
}
# A person at psql may ask for as long as they like.
PERSON: Final = _MEANING | {"row_security": "on"}
ONLY_READS: Final = {"default_transaction_read_only": "on"}
_NEWER: Final = {"transaction_timeout": 17}

# Of libpq's environment, what says who one is. All else would be inherited by psql.
_CREDENTIALS: Final = (
    "PGPASSFILE",
    "PGSSLCERT",
    "PGSSLKEY",
    "PGSSLROOTCERT",
    "PGSSLCRL",
    "PGSSLCRLDIR",
    "PGSYSCONFDIR",
    "PGKRBSRVNAME",
    "PGGSSLIB",
    "PGGSSENCMODE",
)
# Set in a session behind a pooler, to know it again.
_MARK: Final = "chicago_crime.session"
_LENT: Final = (
    "between us and PostgreSQL stands a pooler that lends one session to several clients (PgBouncer with "
    "pool_mode=transaction or statement). Neither what a session is set to nor the lock of the one writer holds "
    "through it, so nothing was done. Let SERVER_NAME and PORT name PostgreSQL itself, or set pool_mode=session for "
    "this database in the pooler"
)
_WITHOUT_TRIGGERS: Final = (
    "sessions of this login run without triggers, by which counts follow the crimes, and it may not turn them on. Have "
    "a superuser take that back, whichever was set: alter database .. reset session_replication_role, or alter role .. "
    "reset session_replication_role"
)


def parameters() -> dict[str, Any]:
    """Return the parameters of a connection that the environment would fill, were they left out.

    All else is set afterwards (`set_up`): a pooler refuses further parameters in the startup packet, and PGDATESTYLE,
    PGTZ and PGGEQO come after them. An empty value keeps a variable out: PGOPTIONS, and PGHOSTADDR, which would lead to
    another server. And how long a silent network is waited for.
    """
    named = {"application_name": APPLICATION, "client_encoding": ENCODING, "options": "", "hostaddr": ""}
    return named | silence.LIBPQ


def acting_as(role: str | None) -> dict[str, str]:
    """Return the setting of a session that acts as a role; None: as the login itself."""
    return {} if role is None else {"role": role}


def connect(conninfo: str, **given: Any) -> psycopg.Connection[Any]:
    """Return a connection of the loader's kind that goes through no pool of ours."""
    connection: psycopg.Connection[Any] = psycopg.connect(conninfo, **(parameters() | given))
    set_up(connection, LOADER)
    return connection


def set_up(connection: psycopg.Connection[Any], settings: Mapping[str, str]) -> str | None:
    """Make the settings hold in a session, and return the mark by which it is known again behind a pooler.

    None: there is no pooler in between. Raises `ConfigError` where a pooler lends one session to several clients, and
    where the login may not act as the role.
    """
    autocommit, connection.autocommit = connection.autocommit, True
    mark = _mark_of(connection)
    wanted = dict(settings_of(settings, connection.info.server_version // 10_000))
    if mark is not None:
        wanted[_MARK] = mark
    try:
        connection.execute(
            "select pg_catalog.set_config(key, value, false) from pg_catalog.json_each_text(%s::pg_catalog.json)"
            # Only a superuser may set it, also to what it is.
            " where key <> 'session_replication_role' or pg_catalog.current_setting(key) <> value",
            [json.dumps(wanted)],
        )
    except (psycopg.errors.InsufficientPrivilege, psycopg.errors.InvalidParameterValue) as error:
        if "session_replication_role" in str(error):
            raise ConfigError(_WITHOUT_TRIGGERS) from None
        raise ConfigError(
            f"the session could not be set up: {error}. DB_ROLE is {settings['role']}; "
            f"it has to be a role that {connection.info.user} is a member of"
        ) from None
    connection.autocommit = autocommit
    return mark


def settings_of(settings: Mapping[str, str], server_version: int) -> dict[str, str]:
    """Return the settings that a server of this version knows."""
    return {name: value for name, value in settings.items() if server_version >= _NEWER.get(name, 0)}


def refuse_lent(connection: psycopg.Connection[Any], mark: str) -> None:
    """Raise `ConfigError` where a session behind a pooler is not the one that was set up under this mark."""
    if _read_mark(connection) != mark:
        raise ConfigError(_LENT)


def refuse_foreign_encoding(connection: psycopg.Connection[Any]) -> None:
    """Raise `ConfigError` where a database stores text in another encoding than ours."""
    found = connection.info.parameter_status("server_encoding")
    if found != ENCODING:
        name = connection.info.dbname
        raise ConfigError(
            f"database {name!r} stores text as {found}, which cannot hold all that the City publishes or says nothing "
            f"of what a text means; {ENCODING} is needed, and a database keeps the encoding that it was made with. "
            "Set DATABASE_NAME to one that does not exist yet, which a run makes, or make one: "
            f"create database {name}_{ENCODING.lower()} template template0 encoding '{ENCODING}' locale 'C'"
        )


def make_database(connection: psycopg.Connection[Any], name: str) -> None:
    """Make a database in our encoding, whatever the server's template is. The connection is in autocommit.

    It sorts by byte like C, and from PostgreSQL 17 on it knows upper and lower case of every letter.
    """
    is_newer = connection.info.server_version // 10_000 >= _BUILTIN_LOCALE_SINCE
    made = _CREATE_WITH_CASES if is_newer else _CREATE
    connection.execute(made.format(sql.Identifier(name)))


def environment(
    inherited: Mapping[str, str], settings: Mapping[str, str], server_version: int
) -> dict[str, str]:
    """Return the environment in which psql has a session with these settings."""
    kept = {
        name: value for name, value in inherited.items() if not name.startswith("PG") or name in _CREDENTIALS
    }
    known = settings_of(settings, server_version)
    options = " ".join(f"-c {name}={_escaped(value)}" for name, value in known.items())
    return {**kept, "PGOPTIONS": options, "PGCLIENTENCODING": ENCODING, "PGAPPNAME": f"{APPLICATION} psql"}


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace(" ", "\\ ")


def _mark_of(connection: psycopg.Connection[Any]) -> str | None:
    """Return a new mark where a pooler is in between: it gives its own number for the server's process."""
    is_direct = connection.info.backend_pid == _one(connection, "select pg_catalog.pg_backend_pid()")
    if is_direct:
        return None
    if _read_mark(connection):
        # Who had the session before left it as it was: it goes from client to client without being cleaned.
        raise ConfigError(_LENT)
    return uuid4().hex


def _read_mark(connection: psycopg.Connection[Any]) -> str | None:
    found: str | None = _one(connection, "select pg_catalog.current_setting('chicago_crime.session', true)")
    return found


def _one(connection: psycopg.Connection[Any], query: LiteralString) -> Any:
    row = connection.execute(query).fetchone()
    assert row is not None
    return row[0]
