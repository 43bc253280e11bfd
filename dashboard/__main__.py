"""`make dashboard`: the dashboard on the warehouse that the settings name, at http://127.0.0.1:8501.

What lives here: the start of the local PostgreSQL where there is one, and the hand-over to Streamlit. Further
flags go to Streamlit (`make dashboard ARGS="--server.port 8502"`).
"""

import os
import sys

from tasks.errors import PipelineError
from tasks.local import services as local_services
from tasks.settings import PROJECT_FOLDER, read_settings


def main() -> None:
    """Become Streamlit's server; returns never. Ends with 1 where the local PostgreSQL does not start."""
    try:
        settings = read_settings()
        has_data = (local_services.services_folder(PROJECT_FOLDER) / "data").exists()
        if settings.uses_local_warehouse and has_data:
            local_services.ensure_postgres(PROJECT_FOLDER)
    except PipelineError as error:
        sys.exit(f"make dashboard: {error}")
    os.chdir(PROJECT_FOLDER)
    command = [sys.executable, "-m", "streamlit", "run", "dashboard/app.py", *sys.argv[1:]]
    os.execv(sys.executable, command)  # noqa: S606 - Streamlit itself, and no shell between


if __name__ == "__main__":
    main()
