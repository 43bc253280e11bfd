"""Settings: the name, default and rule of everything a person may set, read from the environment or `.env`.

Nothing else in the project reads the environment; Prefect's blocks are read by tasks/cloud/blocks.py. Secrets are
`SecretStr`: they print as stars. `ENV_FILE` names another file than `.env`; empty, it means none, so that a demo or a
test does not see the user's settings. Mirrors pydantic-settings
(https://docs.pydantic.dev/latest/concepts/pydantic_settings/).
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from tasks.cloud.blocks import BLOCK_NAMES, read_blocks
from tasks.cloud.env_file import read_env_file
from tasks.datasets import DATASETS
from tasks.errors import ConfigError

PROJECT_FOLDER = Path(__file__).resolve().parent.parent
MAX_OVERLAP_MINUTES = 366 * 24 * 60
MAX_WINDOW_DAYS = 366
WINDOW_DAYS = 7
# Each window in flight has a thread, a connection to the warehouse and one to the portal.
MAX_WINDOWS_IN_FLIGHT = 32
WINDOWS_IN_FLIGHT = 4
# Of windows that are sized by rows, each of which has twice the rows of a week (decision 0029).
WINDOWS_BY_ROWS_IN_FLIGHT = 2
MAX_FAN_OUT = MAX_WINDOWS_IN_FLIGHT - 1
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}


def _known_dataset(dataset: str) -> str:
    if dataset not in DATASETS:
        raise ValueError(f"unknown dataset {dataset!r}; known: {', '.join(DATASETS)}")
    return dataset


def _portal_url(url: str) -> str:
    """Accept https, and http for loopback only: a token must not travel in clear."""
    parts = urlsplit(url)
    # First, and without the address in the message: it may hold a secret.
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ValueError(
            "a portal's address carries no user, password or query; the token goes into APP_TOKEN"
        )
    # Reading a port that is not a number raises ValueError.
    is_address = parts.scheme in {"http", "https"} and parts.hostname and (parts.port or True)
    if not is_address or parts.path.strip("/"):
        raise ValueError(
            f"{url!r} is not the address of a portal; write it like https://data.cityofchicago.org"
        )
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
        raise ValueError(f"{url!r} would send the token in clear; use https (http is for loopback only)")
    return url.rstrip("/")


def _token(token: SecretStr) -> SecretStr:
    """Refuse a token that cannot stand in a header: the error of a request with it would show it."""
    text = token.get_secret_value()
    if not (text.isascii() and text.isprintable() and " " not in text):
        raise ValueError("it has a space, or a character that a token cannot have")
    return token


def _identifier(name: str) -> str:
    """Refuse a role's name that would need quoting: it is used as an identifier in grants."""
    if not name.replace("_", "").isalnum() or not name[0].isalpha() or name != name.lower():
        raise ValueError(f"{name!r} is not a plain lower-case name")
    return name


Fraction = Annotated[float, Field(ge=0, le=1)]


class _EnvFile(DotEnvSettingsSource):
    """The `.env` file, read strictly (tasks/cloud/env_file.py)."""

    def _read_env_file(self, file_path: Path) -> Mapping[str, str | None]:
        return read_env_file(file_path.read_bytes(), str(file_path))


class Settings(BaseSettings):
    """All settings of the project. Durations carry their unit in the name; no setting is an instant."""

    model_config = SettingsConfigDict(
        env_file=PROJECT_FOLDER / ".env",
        env_file_encoding="utf-8-sig",
        extra="ignore",
        env_ignore_empty=True,
        frozen=True,
        hide_input_in_errors=True,
        allow_inf_nan=False,
    )

    app_token: Annotated[SecretStr, AfterValidator(_token)] | None = Field(
        None, description="The portal's application token; throttled without one."
    )
    db_username: str | None = Field(None, description="Role that loads. Needed with SERVER_NAME.")
    db_password: SecretStr | None = Field(None, description="Its password.")
    db_role: Annotated[str, AfterValidator(_identifier)] | None = Field(
        None, description="Role that it acts as and that owns what it makes; without it, the login itself."
    )
    server_name: str | None = Field(
        None, description="Host of PostgreSQL; without it the embedded one is used."
    )
    database_name: str = Field("chicago_crime", description="Database of the warehouse.")
    port: int = Field(5432, ge=1, le=65535, description="Port of PostgreSQL.")

    db_sslmode: str = Field(
        "prefer",
        pattern="^(disable|allow|prefer|require|verify-ca|verify-full)$",
        description="TLS to PostgreSQL; verify-full in the cloud.",
    )
    db_ca_file: Path | None = Field(
        None, description="Certificate authorities for verify-full; RDS's own are bundled."
    )
    db_iam_login: bool = Field(False, description="1: log in to RDS with a token of AWS, without a password.")
    portal_url: Annotated[str, AfterValidator(_portal_url)] = Field(
        "https://data.cityofchicago.org", description="The portal; http for loopback only."
    )
    crimes_dataset: Annotated[str, AfterValidator(_known_dataset)] = Field(
        "x2n5-8w5q", description="Which dataset of crimes the warehouse holds."
    )
    window_days: int | None = Field(
        None,
        ge=1,
        le=MAX_WINDOW_DAYS,
        description="Days of a backfill window; without it 7, of the whole history those of about 12,000 rows.",
    )
    max_concurrency: int | None = Field(
        None,
        ge=1,
        le=MAX_WINDOWS_IN_FLIGHT,
        description="Windows worked on at a time; without it 4, or 2 if sized by rows.",
    )
    overlap_minutes: int = Field(
        180,
        ge=0,
        le=MAX_OVERLAP_MINUTES,
        description="How far before the watermark an incremental run reads.",
    )
    max_incremental_rows: int = Field(
        50_000, ge=0, description="More moved rows than this: windows over all days instead."
    )
    max_reject_share: Fraction = Field(0.01, description="Above this share of rejected rows a window fails.")
    max_retire_share: Fraction = Field(
        0.05, description="Above this share retired without replacement a window fails."
    )
    census_months: int = Field(
        6, ge=1, description="Months compared row by row in each run of the whole history."
    )
    content_days: int = Field(
        28, ge=1, description="Days compared column by column in each run, the longest ago first."
    )
    freshness_days: float = Field(
        4, gt=0, description="Age of the source's newest stamp above which it is stale."
    )
    ledger_days: float = Field(
        400, gt=0, description="Days after which the ledger's lines of a run are cleared."
    )
    stamp_margin_days: float = Field(
        1,
        ge=0,
        description="How far beyond the database's now a stamp of the source may lie and still count.",
    )
    analyst_role: Annotated[str, AfterValidator(_identifier)] | None = Field(
        None, description="Role that may read schema chicago, and nothing else."
    )

    dashboard_url: str | None = Field(
        None, pattern="^https?://", description="Address of the dashboard, linked in the Prefect UI."
    )
    log_format: Literal["text", "json"] = Field("text", description="How the lines of the log are written.")

    warehouse_block: str | None = Field(None, description="Name of a saved SqlAlchemyConnector block to use.")
    settings_block: str | None = Field(
        None, description="Name of a saved S3Bucket block that holds an .env file."
    )
    settings_file: str = Field("settings/run.env", description="Name of that file in the bucket.")
    database_secret_block: str | None = Field(
        None, description="Name of a saved AwsSecret block with the database's login."
    )
    app_token_secret_block: str | None = Field(
        None, description="Name of a saved AwsSecret block with the portal's token."
    )
    require_server: bool = Field(False, description="1 in the image: never start a local service.")
    portal_page_rows: int = Field(50_000, ge=1, description="Rows of a page asked of the portal.")
    portal_timeout_seconds: float = Field(60, gt=0, description="How long the portal may be silent.")
    portal_patience_seconds: float = Field(
        75, ge=0, description="How long one request is tried again in all."
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read the environment first, then the file: the first that has a value wins."""
        del file_secret_settings
        assert isinstance(dotenv_settings, DotEnvSettingsSource)
        return init_settings, env_settings, _EnvFile(settings_cls, env_file=dotenv_settings.env_file)

    @model_validator(mode="before")
    @classmethod
    def _blank_is_unset(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Treat `NAME= ` of a copied .env.example as not set, and strip spaces and line ends around a value."""
        texts = {name: value.strip() for name, value in values.items() if isinstance(value, str)}
        # A password may begin or end with a space; the end of the line it was written on is not part of it.
        if texts.get("db_password"):
            texts["db_password"] = str(values["db_password"]).rstrip("\r\n")
        kept = {**values, **texts}
        return {name: value for name, value in kept.items() if value != ""}

    @model_validator(mode="after")
    def _server_needs_a_user(self) -> "Settings":
        if self.server_name and not self.db_username and not self.warehouse_block:
            raise ValueError("SERVER_NAME is set, but DB_USERNAME is not")
        if self.require_server and not self.server_name and not self.warehouse_block:
            raise ValueError("REQUIRE_SERVER is set, so SERVER_NAME (or WAREHOUSE_BLOCK) must be")
        return self

    @model_validator(mode="after")
    def _a_login_token_needs_tls(self) -> "Settings":
        if self.db_iam_login and self.db_sslmode not in {"require", "verify-ca", "verify-full"}:
            raise ValueError("DB_IAM_LOGIN sends a token, so DB_SSLMODE has to be verify-full")
        if self.db_iam_login and self.db_password is not None:
            raise ValueError("DB_IAM_LOGIN is set, and DB_PASSWORD too; with a token there is no password")
        return self

    @property
    def windows_by_rows(self) -> bool:
        """Whether windows have as many days as have so many rows: the user gave no days, and sums tell the rows."""
        return self.window_days is None and DATASETS[self.crimes_dataset].proof == "fingerprint"

    @property
    def uses_local_warehouse(self) -> bool:
        """Whether the warehouse is the embedded PostgreSQL of this project folder."""
        return self.server_name is None and self.warehouse_block is None


def read_settings() -> Settings:
    """Read the settings, or raise `ConfigError` naming each setting that is missing or wrong.

    The environment wins over `.env`, and both win over what Prefect's blocks hold.
    """
    try:
        file = _env_file()
        given = _given(file)
        held = read_blocks({name: given[name] for name in BLOCK_NAMES if name in given})
        added: dict[str, Any] = {name: held[name] for name in held.keys() - given.keys()}
        return Settings(_env_file=file, **added)
    except ValidationError as error:
        problems = "; ".join(
            _problem(details) for details in error.errors(include_input=False, include_url=False)
        )
        raise ConfigError(f"{problems}. Set it in the environment or in .env (see .env.example).") from None


def _given(file: Path | None) -> dict[str, str]:
    """Return what the environment and the file set, as text and without what is blank."""
    sources = [_EnvFile(Settings, env_file=file), EnvSettingsSource(Settings)]
    values = {name: str(value) for source in sources for name, value in source().items()}
    return {name: value for name, value in values.items() if value.strip()}


def _env_file() -> Path | None:
    named = os.environ.get("ENV_FILE")
    if named is None:
        return PROJECT_FOLDER / ".env"
    if named and not Path(named).is_file():
        raise ConfigError(f"ENV_FILE: there is no file {named}. Name another, or unset it to read .env.")
    return Path(named) if named else None


def _problem(details: Any) -> str:
    name = ".".join(str(part) for part in details["loc"]).upper()
    message = str(details["msg"]).removeprefix("Value error, ")
    return f"{name}: {message}" if name else message
