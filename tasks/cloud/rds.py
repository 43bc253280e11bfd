"""PostgreSQL on RDS: who signs its certificates, and how to log in with a token of AWS instead of a password.

What lives here: the bundle of Amazon's certificate authorities for RDS (`rds_ca.pem`, see `rds_ca.md`), and the token.
What does not: when either is used, which the settings say. Mirrors
https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.html.
"""

from pathlib import Path
from typing import Any, Final

from sqlalchemy import Engine, event

from tasks.errors import ConfigError, LoadError

CERTIFICATE_AUTHORITIES: Final = Path(__file__).with_name("rds_ca.pem")
_RDS_SUFFIX: Final = ".rds.amazonaws.com"
_POSTGRES_PORT: Final = 5432


def is_rds_address(host: str) -> bool:
    """Say whether a host is an address of RDS, whose certificates no system's own authorities have signed."""
    return host.lower().endswith(_RDS_SUFFIX)


def region_of(host: str) -> str | None:
    """Return the region in an address of RDS: NAME.ID.REGION.rds.amazonaws.com; None for another address."""
    return host.lower().removesuffix(_RDS_SUFFIX).rpartition(".")[2] if is_rds_address(host) else None


def log_in_by_token(engine: Engine) -> None:
    """Have each new connection of this engine log in with a token of its own, which is valid for 15 minutes.

    Opening a connection raises `ConfigError` where credentials of AWS or the region are missing.
    """

    @event.listens_for(engine, "do_connect")
    def _add_token(_dialect: Any, _record: Any, _args: Any, parameters: dict[str, Any]) -> None:
        parameters["password"] = make_token(
            str(parameters["host"]), int(parameters.get("port", _POSTGRES_PORT)), str(parameters["user"])
        )


def make_token(host: str, port: int, user: str) -> str:
    """Return a token for one login, signed here with the credentials of the task or the environment."""
    # Only a login of this kind waits for the import, which takes as long as a connection.
    import boto3  # noqa: PLC0415
    from botocore.exceptions import BotoCoreError  # noqa: PLC0415

    session = boto3.Session()
    region = region_of(host) or session.region_name
    if region is None:
        raise ConfigError(f"DB_IAM_LOGIN: {host} names no region of AWS, and AWS_REGION is not set; set it")
    try:
        if session.get_credentials() is None:
            raise ConfigError(
                "DB_IAM_LOGIN is set, and there are no credentials of AWS: a task role, or AWS_PROFILE"
            )
        token: str = session.client("rds", region_name=region).generate_db_auth_token(
            DBHostname=host, Port=port, DBUsername=user
        )
    except BotoCoreError as error:
        raise LoadError(f"AWS gave no login for {user} at {host}: {error}") from None
    return token
