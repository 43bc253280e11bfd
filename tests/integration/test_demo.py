"""`make demo` in a copy of the project, with the user's settings lying in its way."""

import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from tasks.local import services as local_services

PROJECT = Path(__file__).resolve().parents[2]
SMALL = ["--rows", "900", "--days", "40", "--as-of", "2024-01-14"]
# What would go wrong: a warehouse that is not the embedded one, a portal that is not the city's, another Prefect.
OF_THE_USER = {
    "SERVER_NAME": "db.invalid",
    "DB_USERNAME": "loader",
    "DB_PASSWORD": "not-to-be-shown",
    "PORTAL_URL": "https://portal.invalid",
    "REQUIRE_SERVER": "1",
    "WINDOW_DAYS": "30",
    "PREFECT_API_URL": "https://prefect.invalid/api",
}


@pytest.fixture
def project(tmp_path):
    """Give a copy of what the demo needs, with a .env; its services are stopped and their data removed."""
    copy = tmp_path / "project"
    for folder in ("data", "demo", "flows", "sql", "tasks"):
        shutil.copytree(PROJECT / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(PROJECT / ".env.example", copy)
    (copy / ".env").write_text("".join(f"{name}={value}\n" for name, value in OF_THE_USER.items()))
    yield copy
    local_services.stop(copy)
    shutil.rmtree(local_services.services_folder(copy), ignore_errors=True)


def run_demo(project):
    done = subprocess.run(
        [sys.executable, "-m", "demo", *SMALL],
        cwd=project,
        env={**os.environ, **OF_THE_USER},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=400,  # a machine that others use too
    )
    assert "not-to-be-shown" not in done.stdout + done.stderr
    return done.returncode, done.stdout, done.stderr


def test_the_demo_backfills_then_lives_on_and_touches_nothing_of_the_users(project):
    code, out, err = run_demo(project)
    assert code == 0, out + err
    assert "building a stand-in city of about 900 crimes" in out
    assert "database chicago_crime_demo of the embedded PostgreSQL; your .env is not read" in out
    assert "backfill done" in out
    assert err.count(" window=") == 5  # of a week each: the user's 30 days are not in force
    assert "APP_TOKEN" not in err
    port = int(re.search(r"portal http://127\.0\.0\.1:(\d+) holds", out)[1])
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=5)

    code, out, err = run_demo(project)
    assert code == 0, out + err
    assert "lived on for a day, to the load of 2024-01-15" in out
    assert "incremental done" in out
    postgres = local_services.ensure_postgres(project)
    with psycopg.connect(postgres.conninfo("chicago_crime_demo")) as connection:
        runs = connection.execute("select kind, status from pipeline.runs order by started_at").fetchall()
        equal = connection.execute(
            "select equal from pipeline.audits order by audit_id desc limit 1"
        ).fetchone()[0]
        databases = {name for (name,) in connection.execute("select datname from pg_database").fetchall()}
    assert runs == [("backfill", "done"), ("incremental", "done")]
    assert equal
    assert databases == {"chicago_crime_demo", "postgres", "prefect", "template0", "template1"}

    # A city built anew is another source: what is held of the one before is no part of it.
    with psycopg.connect(postgres.conninfo("postgres"), autocommit=True) as connection:
        connection.execute("create database chicago_crime")
    shutil.rmtree(project / ".local" / "demo")
    with psycopg.connect(postgres.conninfo("chicago_crime_demo")):
        code, _, err = run_demo(project)
        assert code == 1
        assert "a new city needs a new database. The database chicago_crime_demo is in use" in err
        assert not (project / ".local" / "demo" / "city.sqlite").exists()
    code, out, err = run_demo(project)
    assert code == 0, out + err
    assert "dropped database chicago_crime_demo: it held a stand-in city before this one" in out
    assert "backfill done" in out
    with psycopg.connect(postgres.conninfo("postgres")) as connection:
        assert connection.execute("select 1 from pg_database where datname = 'chicago_crime'").fetchone()
