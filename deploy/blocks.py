"""`make blocks`: save in Prefect the blocks through which a run may read its settings, from the outputs of the stack.

What lives here: which block names what. What does not: reading them (tasks/cloud/blocks.py). A run needs none of them
where ECS hands settings and secrets over, which is what `make pool` sets up.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Final

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from prefect.settings import PREFECT_API_URL
from prefect_aws import AwsCredentials, AwsSecret, S3Bucket
from prefect_sqlalchemy import ConnectionComponents, SqlAlchemyConnector

from deploy.outputs import StackOutputs, read_outputs
from deploy.pool import USUAL_STACK
from deploy.to_prefect import FOLDER_IN_IMAGE
from tasks.cloud.rds import CERTIFICATE_AUTHORITIES
from tasks.errors import ConfigError, PipelineError
from tasks.settings import PROJECT_FOLDER
from tasks.warehouse.engine import DRIVER

NAME: Final = "chicago-crime"
DATABASE_SECRET: Final = f"{NAME}-database"
APP_TOKEN_SECRET: Final = f"{NAME}-app-token"


def save_blocks(outputs: StackOutputs) -> dict[str, str]:
    """Save a block for the bucket and for each secret; return the setting that each is for, and the block's name.

    They hold names and no secret: a run reads with the rights of its task role, which the stack gives when its
    parameter BlocksMayReadSettings is true.
    """
    credentials = AwsCredentials(region_name=outputs.region)
    credentials.save(NAME, overwrite=True)
    S3Bucket(bucket_name=outputs.bucket, credentials=credentials).save(NAME, overwrite=True)
    made = {"SETTINGS_BLOCK": NAME}
    secrets = {"DATABASE_SECRET_BLOCK": (DATABASE_SECRET, outputs.database_secret)}
    if outputs.app_token_secret:
        secrets["APP_TOKEN_SECRET_BLOCK"] = (APP_TOKEN_SECRET, outputs.app_token_secret)
    for setting, (name, secret) in secrets.items():
        AwsSecret(secret_name=secret, aws_credentials=credentials).save(name, overwrite=True)
        made[setting] = name
    return made


def save_warehouse(outputs: StackOutputs, folder: str) -> dict[str, str]:
    """Save a connector to the warehouse, with the password that the secret holds now; Prefect keeps it encrypted.

    folder: the project's folder where a run connects. Raises `PipelineError` when the secret cannot be read.
    """
    try:
        secret = boto3.client("secretsmanager", region_name=outputs.region).get_secret_value(
            SecretId=outputs.database_secret
        )
    except (BotoCoreError, ClientError) as error:
        raise PipelineError(f"the database's secret could not be read: {error}") from None
    login = json.loads(secret["SecretString"])
    bundle = Path(folder) / CERTIFICATE_AUTHORITIES.relative_to(PROJECT_FOLDER)
    SqlAlchemyConnector(
        connection_info=ConnectionComponents(
            driver=DRIVER,
            username=login["username"],
            password=login["password"],
            host=outputs.database_host,
            port=outputs.database_port,
            database=outputs.database_name,
            query={"sslmode": "verify-full", "sslrootcert": str(bundle)},
        )
    ).save(NAME, overwrite=True)
    return {"WAREHOUSE_BLOCK": NAME}


def main(arguments: list[str] | None = None) -> int:
    """Save the blocks; 0 done, 1 failed, 2 wrong use."""
    parser = argparse.ArgumentParser(prog="python -m deploy.blocks")
    parser.add_argument("--stack", default=USUAL_STACK, help="name of the stack (default: %(default)s)")
    parser.add_argument(
        "--outputs", type=Path, metavar="FILE", help="its outputs as JSON, instead of asking AWS"
    )
    parser.add_argument(
        "--warehouse",
        action="store_true",
        help="also save a connector, with today's password; save it again after a rotation",
    )
    asked = parser.parse_args(arguments)
    try:
        if not PREFECT_API_URL.value():
            raise ConfigError("PREFECT_API_URL is not set: name the Prefect server that keeps the blocks")
        outputs = read_outputs(asked.stack, asked.outputs)
        made = save_blocks(outputs)
        if asked.warehouse:
            made |= save_warehouse(outputs, FOLDER_IN_IMAGE)
    except PipelineError as error:
        sys.stderr.write(f"make blocks: {error}\n")
        return 2 if isinstance(error, ConfigError) else 1
    settings = "".join(f"{setting}={name}\n" for setting, name in made.items())
    sys.stdout.write(
        f"saved on {PREFECT_API_URL.value()}; a run uses what its environment names:\n{settings}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
