"""The parts that integration tests run on: a real PostgreSQL, Prefect's real server, the stand-in portal over HTTP.

The two services are started once for the whole session, in a folder of their own, and stopped at its end. Each test has
its own database and its own portal.
"""

import asyncio
import contextlib
import functools
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

import pandas as pd
import prefect.context
import prefect.settings
import psycopg
import pytest
from sqlalchemy import create_engine

from bench.without_prefect import without_prefect
from demo.portal import PortalServer
from demo.shapes import ONE_YEAR
from demo.store import Store
from flows.main import chicago_crime
from tasks.contract.dates import dates
from tasks.contract.reference import BUNDLED, read_bundled
from tasks.local import services as local_services
from tasks.run import connections
from tasks.warehouse import views
from tasks.warehouse.migrations import migrate
from tasks.warehouse.reference import ReferenceLoad, record_load, replace_table
from tasks.warehouse.views import deploy_views
from tests.chaos import oracle
from tests.integration.networks import dark_front  # noqa: F401
from tests.integration.tls_front import authority, front  # noqa: F401
from tests.memory import TABLESPACE, alone, is_used, lie_in_memory

PROJECT = Path(__file__).resolve().parents[2]
# A run whose database gives no session waits 93 s in each of its last steps.
PATIENCE_SECONDS = 600
FIRST_LOAD = datetime(2024, 1, 14, 11, 2, 21, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _main_module_kept():
    """Keep the main module: Streamlit's own tests leave a script there, which a process forked later would import."""
    main = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = main


def _services_folder(tmp_path_factory):
    if given := os.environ.get("TEST_SERVICES"):
        return Path(given)
    base = tmp_path_factory.getbasetemp()
    # Under xdist each worker has a folder inside the session's, and they share the services.
    return (base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base) / "services"


@pytest.fixture(scope="session")
def postgres(tmp_path_factory, pytestconfig):
    """Give the session's PostgreSQL."""
    folder = _services_folder(tmp_path_factory)
    folder.mkdir(exist_ok=True)
    started = local_services.ensure_postgres(folder)  # tests/conftest.py stops it when all workers are done
    let_forget(started, folder)
    return started


def let_forget(postgres, project):
    """Write faster: a test's rows need not survive a power cut, and hundreds of databases are created and dropped.

    None of them lives long enough for a vacuum to be worth its work.
    """
    with psycopg.connect(postgres.conninfo("postgres"), autocommit=True) as connection:
        lie_in_memory(connection, project)
        for name in ("fsync", "full_page_writes", "synchronous_commit", "autovacuum"):
            connection.execute(f"alter system set {name} = off")
        connection.execute("select pg_reload_conf()")


@pytest.fixture(scope="session")
def prefect_server(postgres, tmp_path_factory):
    """Give the session's Prefect server."""
    return local_services.ensure_prefect_server(_services_folder(tmp_path_factory), postgres)


def make_template(postgres):
    """Make a database with tables, lists, calendar and views, and no run yet; return its name.

    The workers of a session have one; whichever comes first makes it.
    """
    session = os.environ.get("PYTEST_XDIST_TESTRUNUID") or f"{os.getpid()}_{time.monotonic_ns()}"
    name = os.environ.get("TEST_TEMPLATE") or f"template_{session}"
    with psycopg.connect(postgres.conninfo("postgres"), autocommit=True) as connection, alone(connection):
        if not connection.execute("select 1 from pg_database where datname = %s", [name]).fetchone():
            # One that was not made to its end is no template.
            unfinished = f"{name}_unfinished"
            connection.execute(f'drop database if exists "{unfinished}"')
            local_services.ensure_database(postgres, unfinished)
            if is_used(connection):
                connection.execute(f'alter database "{unfinished}" set tablespace {TABLESPACE}')
            _fill_template(postgres, unfinished)
            connection.execute(f'alter database "{unfinished}" rename to "{name}"')
    return name


def _fill_template(postgres, name):
    engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(postgres.conninfo(name)))
    migrate(engine)
    with engine.begin() as connection:
        for listed in sorted(BUNDLED - {"holidays"}):
            frame = read_bundled(listed)
            replace_table(connection, listed, frame)
            record_load(connection, ReferenceLoad(listed, "portal", len(frame), 0, datetime.now(UTC)))
        frame = dates(date(2022, 1, 1), date(2025, 12, 31))
        replace_table(connection, "dates", frame)
        record_load(connection, ReferenceLoad("dates", "generated", len(frame), 0, datetime.now(UTC)))
    deploy_views(engine)
    engine.dispose()


@contextlib.contextmanager
def database_like(postgres, template):
    """Give the name of a database of its own, made from a template and dropped at the end."""
    name = f"test_{os.getpid()}_{time.monotonic_ns()}"
    with psycopg.connect(postgres.conninfo("postgres"), autocommit=True) as connection:
        connection.execute(f'create database "{name}" template "{template}" strategy file_copy')
        try:
            yield name
        finally:
            connections.close()
            _wait_for_the_end_of_sessions(connection, name)
            connection.execute(f'drop database "{name}" with (force)')


def _wait_for_the_end_of_sessions(connection, database):
    """Wait a moment for those that were just closed: to drop a database looks for them again after a tenth of a second.

    What is left then is ended by the drop.
    """
    for _ in range(20):
        if not connection.execute("select 1 from pg_stat_activity where datname = %s", [database]).fetchone():
            return
        time.sleep(0.002)


def settings_of(postgres, database, portal, prefect_api):
    """Return what a run reads from its environment, to run between this portal and this database."""
    return {
        "ENV_FILE": "",
        "SERVER_NAME": str(postgres.socket_dir),
        "DB_USERNAME": postgres.user,
        "DATABASE_NAME": database,
        "DB_SSLMODE": "disable",
        "PORTAL_URL": portal.url,
        "PORTAL_PATIENCE_SECONDS": "5",
        "PREFECT_API_URL": prefect_api,
    }


@pytest.fixture(scope="session")
def template(postgres):
    """Give the name of a database with tables, lists, calendar and views, and no run yet."""
    return make_template(postgres)


@pytest.fixture
def database(postgres, template):
    """Give the name of a database that is set up and holds no row, dropped after the test."""
    with database_like(postgres, template) as name:
        yield name


@pytest.fixture
def store():
    """Give an empty one-year dataset."""
    with Store.temporary() as made:
        made.create(ONE_YEAR, at=FIRST_LOAD)
        yield made


@pytest.fixture
def portal(store):
    """Give the stand-in portal over the store."""
    with PortalServer(store) as served:
        yield served


@pytest.fixture
def environment(monkeypatch, postgres, database, portal, prefect_server):
    """Set what a run reads from its environment, and return it."""
    values = settings_of(postgres, database, portal, prefect_server.api_url)
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    connections.close()
    return values


@functools.cache
def _prefect_settings(prefect_api):
    settings = {
        prefect.settings.PREFECT_API_URL: prefect_api,
        prefect.settings.PREFECT_LOGGING_TO_API_ENABLED: False,
    }
    with prefect.settings.temporary_settings(settings) as made:
        return made


def prefect_settings(prefect_api):
    """Have Prefect in this process speak to this server while the body runs.

    What `temporary_settings` does, but for its reading of every setting anew, which is half of a short run's work.
    """
    profile = prefect.context.get_settings_context().profile
    return prefect.context.SettingsContext(profile=profile, settings=_prefect_settings(prefect_api))


@dataclass
class World:
    """A source and a warehouse, and the ways to run between them."""

    store: Store
    portal: PortalServer
    conninfo: str
    environment: dict
    prefect_api: str
    loads: int = 0
    processes: list = field(default_factory=list)

    def now(self):
        """Return the instant of the source's next change."""
        self.loads += 1
        return datetime.fromtimestamp(FIRST_LOAD.timestamp() + 86_400 * self.loads, tz=UTC)

    def run(self, mode="auto", *, through_prefect=False, **asked):
        """Run the parent flow in this process and return its final state.

        Its wiring and its steps are the real ones. It goes through Prefect's server only where a test is about that,
        because the server costs a second for each of some hundred runs.
        """
        calls = contextlib.nullcontext() if through_prefect else without_prefect()
        with calls, prefect_settings(self.prefect_api):
            try:
                return asyncio.run(chicago_crime(mode, return_state=True, **asked))
            finally:
                connections.close()

    def start_main(self, *arguments, **environment):
        """Start flows/main.py as a process."""
        process = subprocess.Popen(
            [sys.executable, "flows/main.py", *arguments],
            cwd=PROJECT,
            env={**os.environ, **self.environment, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.processes.append(process)
        return process

    def run_main(self, *arguments, **environment):
        """Run flows/main.py as a process, and return its exit code, standard output and standard error."""
        process = self.start_main(*arguments, **environment)
        out, err = process.communicate(timeout=PATIENCE_SECONDS)
        return process.returncode, out, err

    def query(self, statement, *parameters):
        """Return the rows of a query as tuples."""
        with psycopg.connect(self.conninfo, autocommit=True) as connection:
            cursor = connection.execute(statement, parameters or None)
            return cursor.fetchall() if cursor.description else []

    def value(self, statement, *parameters):
        """Return the only value of a query."""
        return self.query(statement, *parameters)[0][0]

    def frame(self, statement):
        """Return a query as a frame."""
        with psycopg.connect(self.conninfo) as connection:
            cursor = connection.execute(statement)
            return pd.DataFrame(cursor.fetchall(), columns=[column.name for column in cursor.description])

    def held_ids(self):
        """Return the ids that we hold, in crimes or in quarantine."""
        statement = (
            "select crime_id from chicago.crimes union all select crime_id from pipeline.rejected_rows"
        )
        return sorted(row[0] for row in self.query(statement))

    def source_ids(self):
        """Return the ids that the source holds."""
        return sorted(row[":id"] for row in self.store.rows(ONE_YEAR.id))

    def last_run(self):
        """Return the newest run of the ledger, as a dictionary."""
        return self.frame("select * from pipeline.runs order by started_at desc limit 1").iloc[0].to_dict()

    def counts(self):
        """Return the counts of the newest run, summed over its windows."""
        return (
            self.frame(
                "select coalesce(sum(source_rows), 0)::int as source_rows, coalesce(sum(inserted), 0)::int as inserted,"
                " coalesce(sum(rekeyed), 0)::int as rekeyed, coalesce(sum(updated), 0)::int as updated,"
                " coalesce(sum(unchanged), 0)::int as unchanged, coalesce(sum(rejected), 0)::int as rejected,"
                " coalesce(sum(retired), 0)::int as retired from pipeline.windows where run_id ="
                " (select run_id from pipeline.runs order by started_at desc limit 1)"
            )
            .iloc[0]
            .to_dict()
        )

    def history(self):
        """Return the rows of the history: (case_number, reason) of each, sorted."""
        return sorted(self.query("select case_number, reason from chicago.crime_history"), key=str)

    def assert_holds_source(self):
        """Check that the tables hold what the source holds, by an oracle that shares no code with the loader."""
        source = {row[":id"]: row for row in self.store.rows(ONE_YEAR.id)}
        oracle.assert_equals_source(oracle.look(self.query), source)


@pytest.fixture
def world(store, portal, environment, postgres, database, prefect_server):
    """Give a source and a warehouse with nothing in it yet."""
    made = World(store, portal, postgres.conninfo(database), environment, prefect_server.api_url)
    yield made
    for process in made.processes:
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            process.wait()


@pytest.fixture
def views_left(monkeypatch):
    """Leave the views as they are after a run: who asks about rows reads none, and they are half of a run's work."""
    monkeypatch.setattr(views, "refresh_stale_views", lambda _engine, _run_id: [])


@pytest.fixture
def three_weeks(world, monkeypatch):
    """A source of three weeks that is synced in this order."""
    monkeypatch.setenv("MAX_CONCURRENCY", "1")
    rows = [
        crime(f"JH{day:02}{number:04}", f"2023-12-{day:02}T1{number}:00:00.000")
        for day in (11, 18, 25)
        for number in range(3)
    ]
    world.store.insert(ONE_YEAR.id, rows, at=world.now())
    return world


@pytest.fixture
def engine(environment):
    """Give an engine on the test's database."""
    return connections.warehouse()


def crime(case, when="2024-01-02T10:00:00.000", **changed):
    """Return a published row of an ordinary theft. changed: fields that differ; None leaves a field out."""
    row = {
        "case_": case,
        "date_of_occurrence": when,
        "block": "001XX N STATE ST",
        "_iucr": "0820",
        "_primary_decsription": "THEFT",
        "_secondary_description": "$500 AND UNDER",
        "_location_description": "STREET",
        "arrest": "N",
        "domestic": "N",
        "beat": "111",
        "ward": "42",
        "fbi_cd": "06",
        "x_coordinate": "1176369",
        "y_coordinate": "1900927",
        "latitude": "41.883495",
        "longitude": "-87.627873",
    }
    row.update(
        {
            (name if name in row else f"_{name}" if f"_{name}" in row else name): value
            for name, value in changed.items()
        }
    )
    return {name: value for name, value in row.items() if value is not None}
