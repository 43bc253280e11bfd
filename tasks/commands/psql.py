"""`make psql`: a shell on the warehouse that the settings name, as an analyst, who reads schema `chicago`.

What lives here: the hand-over to PostgreSQL's own client. `--as-loader` opens it with the rights of a run, for the
repairs in the runbook. What does not: any query. Mirrors https://www.postgresql.org/docs/current/app-psql.html.
"""

import argparse
import os
import shlex
import shutil
import sys
from collections.abc import Mapping, Sequence

from psycopg.conninfo import make_conninfo

from tasks import session, silence
from tasks.errors import ConfigError, PipelineError
from tasks.local import services as local_services
from tasks.local.services import DEMO_DATABASE
from tasks.settings import PROJECT_FOLDER, Settings, read_settings
from tasks.warehouse.analyst import NOTHING_YET, NoWarehouseError, as_analyst
from tasks.warehouse.engine import open_warehouse, shell_command


def open_analysts_shell(settings: Settings) -> None:
    """Become psql as the analyst; what is typed there can change nothing."""
    if settings.uses_local_warehouse:
        if not (local_services.services_folder(PROJECT_FOLDER) / "data").exists():
            raise NoWarehouseError(NOTHING_YET)
        analyst = as_analyst(settings, local_services.ensure_postgres(PROJECT_FOLDER))
        if analyst.database_name == DEMO_DATABASE:
            sys.stderr.write(f"make psql: {DEMO_DATABASE}, the stand-in city of `make demo`\n")
    else:
        analyst = settings
    _become_psql(analyst, session.PERSON | session.ONLY_READS)


def _become_psql(settings: Settings, session_settings: Mapping[str, str]) -> None:
    """Become psql on this terminal; without psql on this machine, raise `ConfigError` naming the command."""
    engine = open_warehouse(settings, may_create=False)
    program, *arguments = shlex.split(shell_command(engine, settings))
    if shutil.which(program) is None and settings.db_username is not None:
        postgres = local_services.located_postgres(PROJECT_FOLDER)
        if settings.server_name == str(postgres.socket_dir):
            program = shlex.split(postgres.psql_command("postgres"))[0]
    if shutil.which(program) is None:
        raise ConfigError(
            f"psql is not installed on this machine. Where it is: {shlex.join([program, *arguments])}"
        )
    version, *_ = engine.dialect.server_version_info or (0,)
    settings_there = {**session_settings, **session.acting_as(settings.db_role)}
    environment = session.environment(os.environ, settings_there, int(version))
    if not settings.uses_local_warehouse:
        environment["PGSSLMODE"] = settings.db_sslmode
        # libpq takes these from a connection string alone, and the database's name may be one.
        arguments[-1] = make_conninfo(dbname=arguments[-1], **silence.LIBPQ)
    if engine.url.password is not None:
        environment["PGPASSWORD"] = engine.url.password
    os.execvpe(program, [program, *arguments], environment)  # noqa: S606 - psql itself, and no shell between


def main(arguments: Sequence[str] | None = None) -> int:
    """Open the shell; returns only when that is not possible: 1 failed, 2 wrong use."""
    parser = argparse.ArgumentParser(prog="make psql", description=__doc__, allow_abbrev=False)
    parser.add_argument("--as-loader", action="store_true", help="with the rights of a run")
    asked = parser.parse_args(arguments)
    try:
        if asked.as_loader:
            _become_psql(read_settings(), session.PERSON)
        open_analysts_shell(read_settings())
    except PipelineError as error:
        sys.stderr.write(f"make psql: {error}\n")
        return 2 if isinstance(error, ConfigError) else 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
