"""Clearing: old lines leave the ledger, and no decision is another for it, whatever the ledger holds."""

import asyncio
import os
import random
import signal
import time
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import psycopg
import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId, FlowRunFilterParentFlowRunId
from sqlalchemy import text

from demo.shapes import ONE_YEAR
from tasks.warehouse import audits, clearing, ledger
from tasks.warehouse.sql_files import execute
from tests.chaos import child
from tests.integration.conftest import crime, prefect_settings
from tests.integration.main_here import run_main_here

CRIMES = ONE_YEAR.id
NOW = datetime.now(UTC)
DAYS = 100
KINDS = ["backfill", "resume", "reconcile", "incremental", "unmoved", "range", None]
STATUSES = ["done", "done", "done", "failed", "unequal", "dead", "stopped", "skipped"]
TABLES = ("windows", "audits", "reference_loads", "runs")
# All that is read of the ledger to decide or to say how things stand, as it is at this moment of the transaction.
READ = {
    "status": "shown/status",
    "are the views stale": "checks/views_are_stale",
    "last audit": "ledger/read_last_audit",
    "last span": "ledger/read_last_span",
    "longest span": "ledger/read_longest_span",
    "newest plan": "ledger/read_newest_whole_plan",
    "lists": "load/reference_last_loads",
    "unsettled": "proof/read_unsettled",
}
ASKED = {
    "freshness": "select * from chicago.data_freshness",
    "quality": "select * from chicago.data_quality",
    "next moment": "select pipeline.next_moment()",
    "watermark": "select * from pipeline.watermark",
}


class Ledger:
    """A ledger of runs as they may have been, drawn by a seed; in a transaction that is rolled back."""

    def __init__(self, connection, seed):
        self.connection, self.rng = connection, random.Random(seed)
        self.instants = sorted(self.rng.sample(range(1000 * 1440), 40), reverse=True)

    def insert(self, table, **values):
        names = ", ".join(f'"{name}"' for name in values)
        bound = ", ".join(f":{name}" for name in values)
        self.connection.execute(text(f"insert into {table} ({names}) values ({bound})"), values)

    def maybe(self, value, share=0.5):
        return value if self.rng.random() < share else None

    def fill(self):
        """Fill it: forty runs of the last thousand days, in order, with what they left."""
        runs = [self.run(NOW - timedelta(minutes=age)) for age in self.instants]
        refreshed = NOW - timedelta(days=self.rng.choice([0, 1, 50, 200, 700]))
        self.connection.execute(
            text("update pipeline.deployed_views set refreshed_at = :at where is_materialized"),
            {"at": refreshed},
        )
        self.connection.execute(text("truncate pipeline.reference_loads"))
        for age in self.rng.sample(range(1000), 20):
            self.load(NOW - timedelta(days=age))
        if self.rng.random() < 0.8:
            self.insert(
                "pipeline.watermark",
                dataset=CRIMES,
                watermark=NOW - timedelta(days=9),
                run_id=self.rng.choice(runs),
            )
        self.insert("pipeline.compared_days", day=NOW.date(), run_id=self.rng.choice(runs))
        for number in range(6):
            self.gone(number, self.rng.choice(runs))
        return runs

    def run(self, at):
        run_id, kind, status = uuid4(), self.rng.choice(KINDS), self.rng.choice(STATUSES)
        whole = kind in {"backfill", "resume", "reconcile", "incremental"}
        self.insert(
            "pipeline.runs",
            run_id=run_id,
            mode="auto",
            kind=kind,
            status=status,
            started_at=at,
            ended_at=at + timedelta(seconds=40),
            planned_at=at + timedelta(seconds=1) if kind else None,
            candidate_watermark=self.maybe(at - timedelta(hours=3)),
            windows_done_at=self.maybe(at + timedelta(seconds=20), 0.7),
            settled_at=self.maybe(at + timedelta(seconds=30)) if whole else None,
            revised=self.maybe(self.rng.randrange(3)),
            withdrawn=self.rng.randrange(2),
            accept_span=self.rng.random() < 0.1,
        )
        for place in range(self.rng.randrange(4) if kind else 0):
            done = self.rng.random() < 0.8
            counts = ("inserted", "rekeyed", "updated", "unchanged", "rejected", "retired", "touched")
            self.insert(
                "pipeline.windows",
                run_id=run_id,
                kind="occurrence",
                start=datetime(2023, 1, 1 + place),
                status="done" if done else "pending",
                ended_at=at + timedelta(seconds=5 + place) if done else None,
                **dict.fromkeys([*counts, "source_rows"], 0 if done else None)
                | ({"inserted": 1, "source_rows": 1} if done and place else {}),
            )
        if kind and self.rng.random() < 0.7:
            self.audit(run_id, at + timedelta(seconds=self.rng.choice([3, 25])), is_whole=kind != "range")
        return run_id

    def audit(self, run_id, at, *, is_whole):
        start = (at - timedelta(days=self.rng.choice([372, 372, 360, 100]))).replace(tzinfo=None)
        span = self.maybe(f"[{start:%Y-%m-%d},{'' if is_whole else '2100-01-01'})", 0.9)
        self.connection.execute(
            text(
                "insert into pipeline.audits (run_id, checked_at, round, proof, span, source_rows, our_rows,"
                " missing_rows, surplus_rows, outdated_rows, differing_days, equal, source_newest_update,"
                " unexplained_rows, outside_rows) values (:run_id, :at, 1, 'census', cast(:span as tsrange), 1, 1, 0,"
                " 0, 0, 0, :equal, :newest, :unexplained, 3)"
            ),
            {
                "run_id": run_id,
                "at": at,
                "span": span,
                "equal": self.rng.random() < 0.6,
                "newest": self.maybe(at - timedelta(hours=self.rng.randrange(90)), 0.9),
                "unexplained": self.rng.choice([0, 0, 5]),
            },
        )

    def load(self, at):
        self.insert(
            "pipeline.reference_loads",
            list_name=self.rng.choice(["dates", "beats", "ward_offices"]),
            loaded_from="portal",
            row_count=1,
            changed_rows=self.rng.randrange(2),
            loaded_at=at,
            stored_at=at,
        )

    def gone(self, number, run_id):
        at = NOW - timedelta(days=self.rng.randrange(900))
        self.connection.execute(
            text(
                "insert into chicago.crime_history (crime_id, case_number, date_of_occurrence, iucr,"
                " primary_description, arrest, domestic, updated_at, loaded_at, retired_at, run_id)"
                " values (:id, 'JH1', '2023-01-01', '0110', 'HOMICIDE', false, false, :at, :at, :gone, :run_id)"
            ),
            {"id": f"row-{number}", "at": at, "gone": at + timedelta(days=1), "run_id": run_id},
        )

    def decisions(self):
        """Return all that is decided or said by it."""
        read = {name: execute(self.connection, file).mappings().all() for name, file in READ.items()}
        asked = {name: self.connection.execute(text(sql)).mappings().all() for name, sql in ASKED.items()}
        found = {
            name: sorted(
                [{key: value for key, value in row.items() if key != "database_now"} for row in rows], key=str
            )
            for name, rows in (read | asked).items()
        }
        return found | {
            "state": ledger.read_state(self.connection),
            "unfinished": ledger.read_unfinished(self.connection),
            "proven span": audits.read_proven_span(self.connection),
            "span to look for rows made anew": self.last_proof(),
        }

    def last_proof(self):
        """Return what proof/find_recreated.sql goes by: where the last span of another run began."""
        return self.connection.execute(
            text(
                "select lower(span) from pipeline.audits where equal and upper_inf(span) order by audit_id desc limit 1"
            )
        ).all()

    def lines(self):
        """Return how many old lines each table has."""
        old = NOW - timedelta(days=DAYS)
        ages = {
            "windows": "select count(*) from pipeline.windows inner join pipeline.runs using (run_id)"
            " where runs.ended_at < :old",
            "audits": "select count(*) from pipeline.audits where checked_at < :old",
            "reference_loads": "select count(*) from pipeline.reference_loads where stored_at < :old",
            "runs": "select count(*) from pipeline.runs where ended_at < :old",
        }
        return {
            name: self.connection.execute(text(sql), {"old": old}).scalar_one() for name, sql in ages.items()
        }


def test_clearing_changes_no_decision_and_leaves_little(engine):
    """Any ledger: what is read to decide, and what status and freshness say, is the same before and after."""
    before_all, after_all = dict.fromkeys(TABLES, 0), dict.fromkeys(TABLES, 0)
    for seed in range(25):
        with engine.connect() as connection:
            made = Ledger(connection, seed)
            runs = made.fill()
            before, lines = made.decisions(), made.lines()
            for table in TABLES:
                execute(connection, f"ledger/clear_{table}", days=DAYS)
            assert made.decisions() == before, f"seed {seed}"
            left = made.lines()
            assert left["audits"] <= 6
            assert left["reference_loads"] <= 3 or before["are the views stale"][0]["is_stale"]
            named = (
                connection.execute(text("select distinct run_id from chicago.crime_history")).scalars().all()
            )
            held = set(connection.execute(text("select run_id from pipeline.runs")).scalars())
            assert set(named) <= held <= set(runs), "who retired a row is told as long as the row is"
            for name in TABLES:
                before_all[name] += lines[name]
                after_all[name] += left[name]
            connection.rollback()
    # Not all: those of which the views know nothing yet, for one.
    assert all(after_all[name] < 0.6 * before_all[name] for name in TABLES), (before_all, after_all)


def grow_old(world):
    """Make all that the ledger holds two years old; rows of the record go along."""
    stamps = {
        "pipeline.runs": ("started_at", "planned_at", "windows_done_at", "settled_at", "ended_at"),
        "pipeline.windows": ("started_at", "ended_at"),
        "pipeline.audits": ("checked_at",),
        "pipeline.reference_loads": ("stored_at",),
        "pipeline.deployed_views": ("refreshed_at",),
        "chicago.crimes": ("loaded_at",),
        "chicago.crime_history": ("loaded_at", "retired_at"),
    }
    for table, columns in stamps.items():
        older = ", ".join(f"{name} = {name} - interval '2 years'" for name in columns)
        world.query(f"update {table} set {older}")


@pytest.fixture
def two_old_runs(three_weeks):
    """A first load and a run that retired a row, both two years ago."""
    world = three_weeks
    assert run_main_here(world).code == 0
    world.store.withdraw(CRIMES, world.source_ids()[4:5], at=world.now())
    assert run_main_here(world).code == 0
    grow_old(world)
    return world


def test_a_run_clears_what_is_old_and_status_is_well(two_old_runs):
    world = two_old_runs
    (load, retired) = (row[0] for row in world.query("select run_id from pipeline.runs order by started_at"))
    world.store.insert(CRIMES, [crime("JH990001", "2023-12-27T10:00:00.000")], at=world.now())
    assert run_main_here(world).code == 0
    runs = [row[0] for row in world.query("select run_id from pipeline.runs order by started_at")]
    # The first load is the newest plan of the whole span; the second is named by what it retired.
    assert runs[:2] == [load, retired]
    windows = {row[0] for row in world.query("select distinct run_id from pipeline.windows")}
    assert windows == {load, runs[2]}
    assert world.value("select count(*) from pipeline.audits where run_id = %s", retired) == 0
    assert_status_is_well(world)
    # Another load of the whole, and nothing is left of the first but its run, which compared days.
    assert run_main_here(world, "--mode", "reconcile").code == 0
    assert load not in {row[0] for row in world.query("select distinct run_id from pipeline.windows")}
    world.assert_holds_source()
    assert_status_is_well(world)


def assert_status_is_well(world):
    """Nothing is wrong but that the City of a test has not published since 2024."""
    problems = [
        line for line in run_main_here(world, "status").said.splitlines() if line.startswith("problem")
    ]
    assert len(problems) == 1, problems
    assert "the City has not published" in problems[0]


def die_before_runs_are_cleared():
    """Have the run's process killed in the middle of clearing."""
    whole = clearing.execute

    def execute_or_die(connection, name, **parameters):
        if name == "ledger/clear_runs":
            os.kill(os.getpid(), signal.SIGKILL)
        return whole(connection, name, **parameters)

    clearing.execute = execute_or_die


def test_clearing_that_is_killed_half_way_takes_nothing_and_the_next_does_it(two_old_runs):
    world = two_old_runs
    count = "select count(*) from pipeline.windows where ended_at < now() - interval '1 year'"
    before = world.value(count)
    world.store.insert(CRIMES, [crime("JH990001", "2023-12-27T10:00:00.000")], at=world.now())
    process = child.start([], world.environment, prepare=die_before_runs_are_cleared)
    process.join(180)
    assert process.exitcode == -signal.SIGKILL
    assert world.value(count) == before
    assert child.run([], world.environment) == 0
    assert world.value(count) < before
    assert world.query("select status from pipeline.runs where started_at > now() - interval '1 day'") == [
        ("dead",),
        ("done",),
    ]
    world.assert_holds_source()


async def read_flow_runs(flow_run_id):
    """Return the state types of a flow run and of its subflows."""
    one = FlowRunFilter(id=FlowRunFilterId(any_=[flow_run_id]))
    of_it = FlowRunFilter(parent_flow_run_id=FlowRunFilterParentFlowRunId(any_=[flow_run_id]))
    async with get_client() as client:
        return [
            [found.state.type.value for found in await client.read_flow_runs(flow_run_filter=asked)]
            for asked in (one, of_it)
        ]


def test_a_run_that_was_killed_is_closed_in_prefect_by_the_next(three_weeks, prefect_server):
    """Prefect clears no flow run that has not ended; and its page would say Running for good."""
    world = three_weeks
    world.portal.latency_seconds = 0.3
    process = child.start([], world.environment, with_prefect=True)
    while not world.value("select count(*) from pipeline.windows where status = 'running'"):
        assert process.is_alive()
        time.sleep(0.02)
    process.kill()
    process.join()
    world.portal.latency_seconds = 0
    flow_run_id = world.value("select flow_run_id from pipeline.runs")
    assert isinstance(flow_run_id, UUID)
    with prefect_settings(prefect_server.api_url):
        assert asyncio.run(read_flow_runs(flow_run_id))[0] == ["RUNNING"]
        assert child.run([], world.environment, with_prefect=True) == 0
        run, windows = asyncio.run(read_flow_runs(flow_run_id))
    assert run == ["CRASHED"]
    assert windows
    assert set(windows) <= {"CRASHED", "COMPLETED"}


def test_a_line_that_something_names_cannot_be_cleared_by_mistake(two_old_runs):
    """The tables themselves hold what a run needs: a statement that forgot it would fail, and take nothing."""
    with (
        psycopg.connect(two_old_runs.conninfo) as connection,
        pytest.raises(psycopg.errors.ForeignKeyViolation),
    ):
        connection.execute("delete from pipeline.runs")
