"""A run that has lost its place writes nothing any more, and a clock that was set back puts nothing out of order.

Every transaction of whole runs is listened to: one that writes begins with the fence, or is named here with the reason.
"""

import sys
import time
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Engine, event, text

from demo.shapes import ONE_YEAR
from flows.main import chicago_crime
from tasks.commands.command_line import run_command
from tasks.errors import LoadError
from tasks.proof.prove import Auditor
from tasks.warehouse import ledger
from tests.integration.conftest import PROJECT, crime

CRIMES = ONE_YEAR.id
ROLE = "analyst_of_a_fenced_run"
TASKS = Path(PROJECT, "tasks")
# The ways into a transaction; whose it is, is said by who goes in.
DOORS = {"run_transaction", "ddl_transaction"}
FENCED = {
    "clear_ledger",  # lines of old runs
    "apply_window",  # the rows of a window and of a repair
    "compare",  # the census, in temporary tables
    "_damaged_rows",  # contents, in temporary tables
    "tell_once",  # which drift was told
    "_compare",  # an audit, and the months that it proved
    "deploy_views",
    "drop_strays",
    "extract_window",  # a window is being worked on
    "grant_analyst",
    "make_plan",
    "_mend_one",  # why a repair failed
    "_record_proof",
    "refresh_stale_views",  # the counts and the materialized views
    "replay_quarantine",
    "retire_recreated",
    "set_freshness_limit",
    "settle",
    "_store",  # a list
    "_unmoved",
    "write_results",  # why windows failed; the watermark
}
UNFENCED = {
    "migrate": "before there is a run: the schema, under the writer's lock",
    "_apply": "before there is a run: the tables, under the writer's lock",
    "_open": "makes the run, and takes the place of those that died",
    "_write_end": "its one statement finds a running run only",
    "_record_skipped": "there is no run: another is at work",
}


def insert(world, *rows, **stamps):
    """Insert rows at the source and return their ids."""
    return world.store.insert(CRIMES, rows, at=world.now(), **stamps)


def make_role(world):
    """Make the analyst's role; roles are of the whole server."""
    if not world.query("select 1 from pg_roles where rolname = %s", ROLE):
        world.query(f"create role {ROLE}")


class Transactions:
    """What is heard of the transactions of a run: whose each one is, and what became of it.

    before: done when one begins, with its owner's name.
    """

    def __init__(self, before=None):
        self.fenced, self.unfenced, self.before = Counter(), Counter(), before

    def begin(self, connection):
        owner = _owner()
        connection.info["transaction"] = [owner, None]
        if self.before is not None:
            self.before(owner)

    def statement(self, connection, _cursor, statement, *_rest):
        heard = connection.info.get("transaction")
        if heard is not None and heard[1] is None:
            heard[1] = statement

    def commit(self, connection):
        owner, first = connection.info.pop("transaction", (None, None))
        driver = connection.connection.driver_connection
        wrote = driver.execute("select pg_current_xact_id_if_assigned() is not null").fetchone()[0]
        if wrote:
            is_fenced = "for share" in first and "pipeline.runs" in first
            (self.fenced if is_fenced else self.unfenced)[owner] += 1


def _owner():
    """Return which function of the steps is in a transaction."""
    frame = sys._getframe(1)
    while frame is not None:
        code = frame.f_code
        if TASKS in Path(code.co_filename).parents and code.co_name not in DOORS:
            return code.co_name
        frame = frame.f_back
    return "a test"


@contextmanager
def heard(before=None):
    """Listen to every transaction of the body."""
    found = Transactions(before)
    listeners = [
        ("begin", found.begin),
        ("before_cursor_execute", found.statement),
        ("commit", found.commit),
    ]
    for name, listener in listeners:
        event.listen(Engine, name, listener)
    try:
        yield found
    finally:
        for name, listener in listeners:
            event.remove(Engine, name, listener)


def misdated(world, case):
    """Insert a row with stamps from before the watermark: only a census finds it."""
    insert(world, crime(case), created_at="2023-12-01T11:02:00.000Z", updated_at="2023-12-01T11:02:05.000Z")


def test_every_transaction_of_a_run_that_writes_begins_with_the_fence(world, monkeypatch):
    make_role(world)
    monkeypatch.setenv("ANALYST_ROLE", ROLE)
    # As before the first run: lists and views have to be made.
    world.query("truncate pipeline.reference_loads")
    world.query(
        "update pipeline.deployed_views set definition_sha256 = 'old' where view_name = 'crimes_by_hour'"
    )
    with heard() as found:
        insert(world, crime("JH000001"), crime("JH000002"), crime("JH000003", when=None))
        assert world.run().is_completed()
        assert world.run().is_completed()
        # A row that the incremental window does not see is mended; and a mending fails.
        misdated(world, "JH000004")
        assert world.run().is_completed()
        misdated(world, "JH000005")
        with monkeypatch.context() as patched:
            patched.setattr(Auditor, "_sync_again", _refused)
            assert world.run().is_failed()
        # A row of the quarantine whose time is none, and which the source has no more: no window reaches it.
        world.query(
            "insert into pipeline.rejected_rows (crime_id, raw, reasons, first_run, last_run) select 'stray',"
            " '{\"date_of_occurrence\": \"soon\"}', '{it has no time}', run_id, run_id from pipeline.runs limit 1"
        )
        insert(world, crime("JH000006"))
        assert world.run().is_completed()
        await_free_lock(world)
        assert run_command(["replay"], chicago_crime) == 0
        ledger_run_is_skipped(world)
    assert set(found.unfenced) <= set(UNFENCED), found.unfenced
    assert set(found.fenced) == FENCED


def await_free_lock(world):
    """Wait until the server has noticed the end of the session of the run before."""
    held = "select count(*) from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where"
    for _ in range(200):
        if world.value(f"{held} datname = current_database())") == 0:
            return
        time.sleep(0.05)
    raise AssertionError("the lock of the run before is still held")


def _refused(*_given):
    raise LoadError("not now")


def ledger_run_is_skipped(world):
    """Have a run meet another at work."""
    with psycopg.connect(world.conninfo, autocommit=True) as other:
        other.execute("select pg_advisory_lock(%s)", [int.from_bytes(b"chicago", "big")])
        assert world.run().name == "Skipped"


def stored(world):
    """Return what the warehouse holds: a digest of each table and materialized view, and who may read."""
    names = world.query(
        "select oid::regclass::text from pg_class where relkind in ('r', 'm')"
        " and relnamespace in ('chicago'::regnamespace, 'pipeline'::regnamespace) order by 1"
    )
    digests = {
        name: world.value(f"select md5(string_agg(held::text, ',' order by held::text)) from {name} as held")
        for (name,) in names
    }
    rights = world.query(
        "select oid::regclass::text, relacl::text from pg_class where relacl is not null order by 1"
    )
    return digests, rights


def take_place(world):
    """Do what a run does that finds the writer's lock free."""
    world.query("update pipeline.runs set status = 'dead' where status = 'running'")


@pytest.mark.parametrize(
    "owner",
    ["_store", "compare", "deploy_views", "refresh_stale_views", "set_freshness_limit", "grant_analyst"],
)
def test_a_run_that_lost_its_place_stores_nothing_from_then_on(world, monkeypatch, owner):
    make_role(world)
    insert(world, crime("JH000001"))
    assert world.run().is_completed()
    monkeypatch.setenv("ANALYST_ROLE", ROLE)
    monkeypatch.setenv("FRESHNESS_DAYS", "3.25")
    world.query(
        "update pipeline.reference_loads set loaded_at = loaded_at - interval '9 days', loaded_from = 'bundled'"
    )
    world.query(
        "update pipeline.deployed_views set definition_sha256 = 'old' where view_name = 'crimes_by_hour'"
    )
    insert(world, crime("JH000002"))
    seen = []

    def before(name):
        if name == owner and not seen:
            take_place(world)
            seen.append(stored(world))

    with heard(before):
        state = world.run()
    assert seen
    assert state.is_failed()
    assert stored(world) == seen[0]


def differing(world):
    """Return what counting the crimes of each district and day anew gives otherwise than is counted."""
    anew = "select date_of_occurrence::date, district, count(*) from chicago.crimes group by 1, 2"
    held = "select date, district, crimes from pipeline.daily_counts"
    return world.query(f"({anew} except {held}) union all ({held} except {anew})")


def test_counts_are_right_after_a_run_that_lost_its_place_counted_during_anothers_load(world):
    """A revised row was neither taken away nor added: totals still added up, and no later refresh noticed."""
    insert(world, crime("JH000001"), crime("JH000002"))
    assert world.run().is_completed()
    insert(world, crime("JH000003"))
    with psycopg.connect(world.conninfo) as other:

        def before(owner):
            if (
                owner in {"refresh_stale_views", "refresh_views", "_is_stale"}
                and not other.info.transaction_status
            ):
                take_place(world)
                columns = (
                    "crime_id, case_number, date_of_occurrence, iucr, primary_description, arrest, domestic"
                )
                other.execute(
                    f"insert into chicago.crime_history ({columns}, district, loaded_at, run_id)"
                    f" select {columns}, district, loaded_at, gen_random_uuid() from chicago.crimes"
                    " where case_number = 'JH000001'"
                )
                other.execute(
                    "update chicago.crimes set district = 9, loaded_at = now() where case_number = 'JH000001'"
                )

        with heard(before):
            world.run()
        assert other.info.transaction_status
    insert(world, crime("JH000004"))
    world.run()
    assert differing(world) == []


def test_no_run_takes_a_place_while_a_transaction_of_it_is_under_way(engine):
    with engine.begin() as connection:
        run_id = ledger.insert_run(connection, "auto", (None, None), accept_retirements=False)
    with ledger.run_transaction(engine, run_id), engine.connect() as other:
        other.execute(text("set local lock_timeout = '100ms'"))
        with pytest.raises(Exception, match="lock timeout"):
            ledger.mark_dead_runs(other)
        other.rollback()
    with engine.begin() as connection:
        assert ledger.mark_dead_runs(connection) == [run_id]
    with (
        pytest.raises(LoadError, match="another run has taken its place"),
        ledger.run_transaction(engine, run_id),
    ):
        pass


def set_clock_back(world):
    """Have every stamp of ours an hour ahead of the server's clock, as after a failover to a clock that is behind."""
    of_the_source = [
        "created_at",
        "updated_at",
        "candidate_watermark",
        "watermark",
        "since",
        "source_newest_update",
    ]
    columns = world.query(
        "select table_schema, table_name, column_name from information_schema.columns"
        " inner join information_schema.tables using (table_schema, table_name)"
        " where table_type = 'BASE TABLE' and data_type = 'timestamp with time zone'"
        " and table_schema in ('chicago', 'pipeline') and column_name <> all (%s)",
        of_the_source,
    )
    for schema, table, column in columns:
        world.query(f"update {schema}.{table} set {column} = {column} + interval '1 hour'")


def test_after_the_clock_was_set_back_reasons_counts_and_views_are_those_of_before(world):
    insert(world, crime("JH000001"), crime("JH000002"))
    assert world.run().is_completed()
    first = world.last_run()
    set_clock_back(world)
    (old,) = [row[":id"] for row in world.store.rows(CRIMES) if row["case_"] == "JH000001"]
    (new,) = world.store.recreate(CRIMES, [old], {"beat": "924", "arrest": "Y"}, at=world.now())
    assert world.run().is_completed()
    # It is the newest run, its rows came after reasons were last settled, and the views were refreshed after it.
    assert world.last_run()["run_id"] != first["run_id"]
    assert world.query("select crime_id, reason, replaced_by from chicago.crime_history") == [
        (old, "revised", new)
    ]
    assert differing(world) == []
    assert world.value("select sum(arrests) from chicago.daily_crimes") == 1
    # A row for each changed column: beat, district, arrest.
    assert world.value("select count(*) from chicago.crime_revisions") == 3
    # And what has come since is found by its stamp, whatever the clock says.
    assert world.value("select min(retired_at) > max(loaded_at) from chicago.crime_history") is True


def test_after_the_clock_was_set_back_a_changed_row_takes_the_proof_away(world, monkeypatch):
    insert(world, crime("JH000001"))
    assert world.run().is_completed()
    set_clock_back(world)
    insert(world, crime("JH000002"))
    with monkeypatch.context() as patched:
        patched.setattr(Auditor, "_compare", _refused)
        assert world.run().is_failed()
    statement = (PROJECT / "sql/ledger/read_last_audit.sql").read_text("utf-8")
    assert world.query(statement)[0][-1] is True


def test_after_the_clock_was_set_back_an_unfinished_load_is_resumed(world, monkeypatch):
    insert(world, crime("JH000001"))
    assert world.run().is_completed()
    set_clock_back(world)
    insert(world, crime("JH000002"))
    with monkeypatch.context() as patched:
        patched.setattr("tasks.sync.apply.await_turn", _refused)
        assert world.run("reconcile").is_failed()
    assert world.run().is_completed()
    assert world.last_run()["kind"] == "resume"
