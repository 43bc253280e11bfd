"""What the dashboard reads: the queries of sql/dashboard/, as the analyst, kept until another run has been.

What lives here: the connection, the cache, and what is told when there is nothing to show. What does not: any SQL and
any drawing. Each answer is kept by the state of the last run, so a page is as new as the views are.
"""

import hashlib
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import pandas as pd
import streamlit as st
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from tasks.errors import LoadError, PipelineError
from tasks.local.services import DEMO_DATABASE
from tasks.settings import Settings, read_settings
from tasks.warehouse.analyst import (
    NoWarehouseError,
    TooManyRightsError,
    as_analyst,
    open_to_read,
    refuse_more_than_reading,
)
from tasks.warehouse.engine import first_line
from tasks.warehouse.sql_files import execute

# Frames are small; a few hundred are a few MB.
_MAX_ANSWERS: Final = 400
# The login in use, and the one before it while its last answers are on their way.
_MAX_LOGINS: Final = 2
# How long a newly made database can stay unseen where another one was found.
_LOGIN_SECONDS: Final = 30
_MISSING: Final = {"42P01", "3F000", "42703"}  # no such relation, schema, column
_FORBIDDEN: Final = "42501"
_WAITED: Final = {"55P03", "57014"}  # a lock or a statement that took too long


@dataclass(frozen=True)
class Freshness:
    """The one row of chicago.data_freshness, and how to log in where it came from."""

    settings: Settings
    newest_occurrence: pd.Timestamp | None
    source_loaded_at: pd.Timestamp | None
    last_run_at: pd.Timestamp | None
    last_run_status: str | None
    last_equal_at: pd.Timestamp | None
    load_state: str
    unfinished_windows: int
    is_stale: bool
    stale_because: str | None

    @property
    def is_demo(self) -> bool:
        """Return whether this is the stand-in city."""
        return self.settings.database_name == DEMO_DATABASE

    @property
    def stamp(self) -> str:
        """Return what changes when the views do."""
        return f"{_login(self.settings)} {self.last_run_at} {self.last_run_status} {self.last_equal_at}"


def _login(settings: Settings) -> str:
    """Return what changes when another login is set; of the password a digest, since this is kept as a key."""
    password = settings.db_password.get_secret_value() if settings.db_password else ""
    digest = hashlib.sha256(password.encode()).hexdigest()
    return f"{settings.server_name} {settings.port} {settings.db_username} {settings.database_name} {digest}"


@st.cache_resource(max_entries=_MAX_LOGINS, show_spinner=False)
def _engine(login: str, _settings: Settings) -> Engine:  # noqa: ARG001 - the key
    return open_to_read(_settings)


@st.cache_data(ttl=_LOGIN_SECONDS, show_spinner=False)
def _may_only_read(login: str, _settings: Settings) -> bool:
    """Return, or raise `TooManyRightsError`: asked again and again, as a run makes tables and an operator grants."""
    refuse_more_than_reading(_engine(login, _settings))
    return True


def _rows(settings: Settings, name: str, parameters: dict[str, Any]) -> pd.DataFrame:
    login = _login(settings)
    try:
        with _engine(login, settings).connect() as connection:
            result = execute(connection, f"dashboard/{name}", **parameters)
            frame = pd.DataFrame(result.all(), columns=list(result.keys()))
    except DBAPIError as error:
        raise _explained(error) from error
    return _with_numbers(frame)


def _with_numbers(frame: pd.DataFrame) -> pd.DataFrame:
    """Return exact numerics as floats, which charts and tables draw."""
    for name in frame.columns[frame.dtypes == "object"]:
        first = frame[name].first_valid_index()
        if first is not None and isinstance(frame[name].loc[first], Decimal):
            frame[name] = pd.to_numeric(frame[name])
    return frame


def _explained(error: DBAPIError) -> LoadError:
    """Return what a person has to know of a database error."""
    state = getattr(error.orig, "sqlstate", None)
    if state in _MISSING:
        return NoWarehouseError(
            "This warehouse has no views, or those of an older version. The next run makes them: "
            "`make run`, or `make demo`."
        )
    if state == _FORBIDDEN:
        return LoadError(
            "The role of the dashboard may not read schema chicago. Set ANALYST_ROLE to its name for the next run, "
            "which grants it."
        )
    if state in _WAITED:
        return LoadError(
            "The database was busy for too long: a run may be re-creating the views. Try again in a minute."
        )
    return LoadError(f"The database does not answer: {first_line(error)}.")


@st.cache_data(max_entries=_MAX_ANSWERS, show_spinner=False)
def _kept(
    stamp: str,  # noqa: ARG001 - a part of the key
    _settings: Settings,
    name: str,
    parameters: tuple[tuple[str, Any], ...],
) -> pd.DataFrame:
    return _rows(_settings, name, dict(parameters))


@st.cache_resource(ttl=_LOGIN_SECONDS, show_spinner=False)
def _settings() -> Settings:
    return as_analyst(read_settings())


def read_freshness() -> Freshness:
    """Return how new the record is, asked again each time. Raises `PipelineError` with what to do.

    Refuses a login that may do more than read: whoever reaches the dashboard would have its rights behind it.
    """
    settings = _settings()
    try:
        _may_only_read(_login(settings), settings)
    except DBAPIError as error:
        raise _explained(error) from error
    return read_freshness_for_files()


def read_freshness_for_files() -> Freshness:
    """Return the same for what is written to files, by any login: its sessions only read, and nobody reaches them."""
    settings = _settings()
    frame = _rows(settings, "freshness", {})
    row: dict[str, Any] = {
        str(name): None if pd.isna(value) else value for name, value in frame.iloc[0].items()
    }
    return Freshness(settings=settings, **row)


def read(freshness: Freshness, name: str, **parameters: Any) -> pd.DataFrame:
    """Return the rows of sql/dashboard/<name>.sql; kept until the warehouse has had another run."""
    return _kept(freshness.stamp, freshness.settings, name, tuple(sorted(parameters.items())))


__all__ = [
    "Freshness",
    "NoWarehouseError",
    "PipelineError",
    "TooManyRightsError",
    "read",
    "read_freshness",
    "read_freshness_for_files",
]
