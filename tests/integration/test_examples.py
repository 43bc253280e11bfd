"""The examples of docs/examples/ run, and say the same from the database and from the exports."""

import os
import subprocess
import sys
from pathlib import Path

import psycopg
from sqlalchemy import create_engine

from demo.shapes import ONE_YEAR
from tasks.commands.export import export
from tests.integration.views_support import generated_city, load_city

PROJECT = Path(__file__).resolve().parents[2]


def test_two_questions_have_the_same_answers_from_the_database_and_from_the_exports(
    postgres, database, tmp_path
):
    conninfo = postgres.conninfo(database)
    engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(conninfo))
    load_city(engine, generated_city(5, "2024-01-01", days=90, per_day=40))
    export(engine, str(tmp_path / "exports"), ONE_YEAR.id)
    engine.dispose()
    done = subprocess.run(
        [sys.executable, "docs/examples/two_questions.py", conninfo, str(tmp_path / "exports")],
        cwd=PROJECT,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "The database and the exports give the same." in done.stdout
    with psycopg.connect(conninfo) as connection:
        (first,) = connection.execute(
            "select district_name from chicago.crimes_by_district where change_rank = 1"
        ).fetchone()
    assert first in done.stdout
