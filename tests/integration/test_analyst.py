"""The analyst of one's own machine: which database is found, and that it can only be read."""

import os
import re
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
import streamlit
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError
from streamlit.testing.v1 import AppTest

from demo.__main__ import DATABASE_NAME
from tasks.local.services import DEMO_DATABASE
from tasks.settings import Settings
from tasks.warehouse import analyst
from tasks.warehouse.analyst import NoWarehouseError, as_analyst, open_to_read

PROJECT = Path(__file__).resolve().parents[2]


def test_the_local_analyst_reads_chicago_and_nothing_else_and_changes_nothing(postgres, database):
    settings = as_analyst(Settings(_env_file=None, database_name=database), postgres)
    engine = open_to_read(settings)
    with engine.connect() as connection:
        assert connection.execute(text("select current_user")).scalar() == "chicago_analyst"
        assert connection.execute(text("select count(*) from chicago.data_freshness")).scalar() == 1
    for statement, refusal in (
        ("select * from pipeline.runs", "permission denied for schema pipeline"),
        ("delete from chicago.crimes", "read-only transaction"),
        ("create temporary table mine (a int)", "read-only transaction"),
    ):
        with engine.connect() as connection, pytest.raises(DBAPIError, match=refusal):
            connection.execute(text(statement))
    engine.dispose()


def test_the_demos_database_is_found_where_none_is_named_and_it_is_the_only_one(
    postgres, database, monkeypatch
):
    assert DEMO_DATABASE == DATABASE_NAME
    monkeypatch.setattr(analyst, "DEMO_DATABASE", database)
    assert as_analyst(Settings(_env_file=None), postgres).database_name == database
    with pytest.raises(NoWarehouseError, match="make demo"):
        as_analyst(Settings(_env_file=None, database_name="no_such_database"), postgres)


def test_a_database_without_our_tables_is_no_warehouse(postgres):
    with pytest.raises(NoWarehouseError, match="There is no warehouse yet"):
        as_analyst(Settings(_env_file=None, database_name="template1"), postgres)


def test_psql_says_that_there_is_no_warehouse_yet_and_what_to_run(tmp_path):
    # A project folder without any service, as a fresh clone has it.
    for name in ("tasks", "sql"):
        (tmp_path / name).symlink_to(PROJECT / name)
    code = (
        "import sys; from pathlib import Path; from tasks.commands import psql as shell;"
        "shell.PROJECT_FOLDER = Path(sys.argv[1]); sys.exit(shell.main([]))"
    )
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("DB_", "SERVER_", "DATABASE_"))
    }
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)],
        cwd=PROJECT,
        env={**kept, "ENV_FILE": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("make psql: There is no warehouse yet. `make demo` loads a stand-in city")


def test_a_server_that_does_not_run_is_named(postgres, monkeypatch, tmp_path):
    gone = type(postgres)(tmp_path, postgres.user)
    with pytest.raises(analyst.LoadError, match="The local PostgreSQL does not run"):
        as_analyst(Settings(_env_file=None), gone)
    assert not list(tmp_path.iterdir())
    with psycopg.connect(postgres.conninfo("postgres")) as connection:
        assert connection.info.dbname == "postgres"


def test_the_dashboard_refuses_a_login_that_may_write_or_see_the_pipeline(postgres, database, monkeypatch):
    page = AppTest.from_file(str(PROJECT / "dashboard" / "app.py"), default_timeout=60)
    for name, value in {
        "ENV_FILE": "",
        "SERVER_NAME": str(postgres.socket_dir),
        "DB_USERNAME": postgres.user,
        "DATABASE_NAME": database,
        "DB_SSLMODE": "disable",
    }.items():
        monkeypatch.setenv(name, value)
    streamlit.cache_resource.clear()
    page.run()
    assert [title.value for title in page.title] == ["This login may do too much"]
    assert f"The role {postgres.user} may do more than read schema chicago" in page.error[0].value
    streamlit.cache_resource.clear()


def test_the_dashboard_looks_again_at_what_its_login_may_do(postgres, database, monkeypatch):
    """A database that is empty when it opens has no table that anyone may change."""
    settings = as_analyst(Settings(_env_file=None, database_name=database), postgres)
    page = AppTest.from_file(str(PROJECT / "dashboard" / "app.py"), default_timeout=60)
    for name, value in {
        "ENV_FILE": "",
        "SERVER_NAME": str(postgres.socket_dir),
        "DB_USERNAME": settings.db_username,
        "DATABASE_NAME": database,
        "DB_SSLMODE": "disable",
    }.items():
        monkeypatch.setenv(name, value)
    streamlit.cache_resource.clear()
    page.run()
    assert [title.value for title in page.title] == ["Nothing to show yet"]
    with psycopg.connect(postgres.conninfo(database), autocommit=True) as connection:
        connection.execute(f"grant update on chicago.crimes to {settings.db_username}")
    streamlit.cache_data.clear()  # what the passing of thirty seconds does
    page.run()
    assert [title.value for title in page.title] == ["This login may do too much"]
    streamlit.cache_resource.clear()


@pytest.mark.parametrize(
    ("grant", "said"),
    [
        ("grant insert on chicago.dates to {}", "may change rows of schema chicago."),
        ("grant update (arrest) on chicago.crimes to {}", "may change rows of schema chicago."),
        ("grant usage on schema pipeline to {}", "may look into schema pipeline."),
        ("grant create on schema chicago to {}", "may make tables in schema chicago."),
        ("grant pg_write_all_data to {}", "may change rows of schema chicago"),
    ],
)
def test_one_right_too_many_is_named(postgres, database, grant, said):
    role = "reader_of_too_much"
    with psycopg.connect(postgres.conninfo(database), autocommit=True) as connection:
        connection.execute(f"create role {role} login")
        connection.execute(f"grant usage on schema chicago to {role}")
        engine = create_engine(
            "postgresql+psycopg://", creator=lambda: psycopg.connect(postgres.conninfo(database), user=role)
        )
        try:
            analyst.refuse_more_than_reading(engine)
            connection.execute(grant.format(role))
            with pytest.raises(analyst.TooManyRightsError, match=re.escape(said)):
                analyst.refuse_more_than_reading(engine)
        finally:
            engine.dispose()
            connection.execute(f"drop owned by {role}")
            connection.execute(f"drop role {role}")
