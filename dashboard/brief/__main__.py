"""`make brief`: the weekly brief of districts and wards, by hand; all of them, or those that are named."""

import argparse
import sys

from dashboard.brief import quiet  # noqa: F401 - before what it silences
from dashboard.brief.words import to_lines
from dashboard.brief.write import USUAL_FOLDER, Wanted, write_briefs
from tasks.errors import PipelineError, UsageError
from tasks.local import services as local_services
from tasks.settings import PROJECT_FOLDER, read_settings


def main(arguments: list[str] | None = None) -> int:
    """Write the briefs that are asked for; 0 done, 1 failed, 2 wrong use."""
    parser = argparse.ArgumentParser(prog="make brief", description=__doc__)
    parser.add_argument(
        "--to", default=USUAL_FOLDER, help="a folder or s3://bucket/prefix (default: %(default)s)"
    )
    parser.add_argument(
        "--district", type=int, action="append", default=[], help="a police district; can be repeated"
    )
    parser.add_argument("--ward", type=int, action="append", default=[], help="a ward; can be repeated")
    asked = parser.parse_args(arguments)
    try:
        settings = read_settings()
        if (
            settings.uses_local_warehouse
            and (local_services.services_folder(PROJECT_FOLDER) / "data").exists()
        ):
            local_services.ensure_postgres(PROJECT_FOLDER)
        written = write_briefs(asked.to, Wanted(asked.district, asked.ward))
    except PipelineError as error:
        sys.stderr.write(f"make brief: {error}\n")
        return 2 if isinstance(error, UsageError) else 1
    sys.stdout.write("\n".join(to_lines(written)) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
