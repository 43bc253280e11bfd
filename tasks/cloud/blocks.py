"""What Prefect's saved blocks hold: an `.env` in S3, the database's login and the token, a connector to the warehouse.

What lives here: reading the blocks, which `make blocks` makes. What does not: what a setting is called or may be
(tasks/settings.py). Mirrors https://docs.prefect.io/integrations/prefect-aws.
"""

import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from sqlalchemy import Engine

from tasks.cloud.env_file import read_env_file
from tasks.errors import ConfigError

_USUAL_FILE: Final = "settings/run.env"
# What RDS calls the parts of a login in the secret that it keeps, and what they are called here.
_LOGIN: Final = {
    "username": "db_username",
    "password": "db_password",
    "host": "server_name",
    "port": "port",
    "dbname": "database_name",
}


def read_blocks(asked: Mapping[str, str]) -> dict[str, str]:
    """Return the settings that the named blocks hold, by their lower-case names; a secret wins over the file.

    asked: the settings of BLOCK_NAMES that are set. Asks Prefect and AWS, and neither when none is set. Raises
    `ConfigError` for a block, file or secret that is not there or cannot be read.
    """
    values: dict[str, str] = {}
    for name, read in _READERS.items():
        if name in asked:
            values |= _named_fault(name, asked[name], partial(read, asked))
    return values


def _read_settings_file(asked: Mapping[str, str]) -> dict[str, str]:
    from prefect_aws.s3 import S3Bucket  # noqa: PLC0415 - only a run with such a block waits for its import

    block = _load(S3Bucket, asked["settings_block"])
    file = asked.get("settings_file", _USUAL_FILE)
    content: bytes = block.read_path(file, _sync=True)
    return {name: value for name, value in read_env_file(content, file).items() if value}


def _read_login(asked: Mapping[str, str]) -> dict[str, str]:
    found = json.loads(_read_secret(asked["database_secret_block"]))
    if not isinstance(found, dict):
        raise TypeError("it is not a JSON object with username and password")
    return {_LOGIN[name]: str(value) for name, value in found.items() if name in _LOGIN}


def _read_token(asked: Mapping[str, str]) -> dict[str, str]:
    return {"app_token": _read_secret(asked["app_token_secret_block"]).strip()}


def _read_secret(name: str) -> str:
    from prefect_aws.secrets_manager import AwsSecret  # noqa: PLC0415 - as above

    content: str | bytes = _load(AwsSecret, name).read_secret(_sync=True)
    return content if isinstance(content, str) else content.decode("utf-8")


_READERS: Final[dict[str, Callable[[Mapping[str, str]], dict[str, str]]]] = {
    "settings_block": _read_settings_file,
    "database_secret_block": _read_login,
    "app_token_secret_block": _read_token,
}
BLOCK_NAMES: Final = (*_READERS, "settings_file")


def _load(kind: type[Any], name: str) -> Any:
    from prefect.settings import PREFECT_API_URL  # noqa: PLC0415 - as above

    if not PREFECT_API_URL.value():
        # Prefect would start a server of its own, which has no block.
        raise ConfigError("PREFECT_API_URL is not set, and blocks are kept by a Prefect server; set it")
    return kind.load(name, _sync=True)


def _named_fault(setting: str, name: str, read: Callable[[], dict[str, str]]) -> dict[str, str]:
    """Read, and report any fault of Prefect or AWS in one line, with the setting and without the content."""
    try:
        return read()
    except ConfigError as error:
        raise ConfigError(f"{setting.upper()}: {error}") from None
    except json.JSONDecodeError:
        raise ConfigError(f"{setting.upper()}: the secret of block {name!r} is not JSON") from None
    except Exception as error:  # noqa: BLE001 - Prefect's, the block's or AWS's: each means no settings
        raise ConfigError(
            f"{setting.upper()}: block {name!r} could not be read: {type(error).__name__}: {error}. "
            "`make blocks` makes it; the task's role has to be allowed to read what it names."
        ) from None


def load_engine(name: str, options: Mapping[str, Any]) -> Engine:
    """Return the engine of a saved SqlAlchemyConnector block. Raises `ConfigError` where there is no such block."""
    from prefect_sqlalchemy import SqlAlchemyConnector  # noqa: PLC0415 - as above

    try:
        block = SqlAlchemyConnector.load(name, _sync=True)
    except ValueError as error:
        raise ConfigError(
            f"WAREHOUSE_BLOCK: Prefect has no SqlAlchemyConnector block {name!r}: {error}"
        ) from error
    if not isinstance(block, SqlAlchemyConnector):
        raise ConfigError(f"WAREHOUSE_BLOCK: {name!r} is not a SqlAlchemyConnector block")
    engine: Engine = block.get_engine(**options)
    return engine
