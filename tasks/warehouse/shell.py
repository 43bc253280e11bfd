"""`make psql`: a shell on the warehouse that the settings name.

What lives here: the hand-over to PostgreSQL's own client. What does not: any query. Mirrors
https://www.postgresql.org/docs/current/app-psql.html.
"""

import os
import shlex
import shutil
import sys

from tasks.errors import ConfigError, PipelineError
from tasks.settings import Settings, read_settings
from tasks.warehouse.engine import open_warehouse, shell_command


def open_shell(settings: Settings) -> None:
    """Become psql, on a terminal of one's own; without psql on this machine, raise `ConfigError` naming the command."""
    engine = open_warehouse(settings)
    command = shell_command(engine, settings)
    program, *arguments = shlex.split(command)
    if shutil.which(program) is None:
        raise ConfigError(f"psql is not installed on this machine. Where it is: {command}")
    environment = dict(os.environ)
    if not settings.uses_local_warehouse:
        environment["PGSSLMODE"] = settings.db_sslmode
    if engine.url.password is not None:
        environment["PGPASSWORD"] = engine.url.password
    os.execvpe(program, [program, *arguments], environment)  # noqa: S606 - psql itself, and no shell between


def main() -> int:
    """Open the shell; returns only when that is not possible: 1 failed, 2 wrong use."""
    try:
        open_shell(read_settings())
    except PipelineError as error:
        sys.stderr.write(f"make psql: {error}\n")
        return 2 if isinstance(error, ConfigError) else 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
