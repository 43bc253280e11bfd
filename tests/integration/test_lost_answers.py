"""Connections, answers and places that are lost in the middle: done again, or not done at all."""

import os
import time

import psycopg
from sqlalchemy.exc import OperationalError

from demo.shapes import ONE_YEAR
from tests.integration.conftest import crime
from tests.integration.main_here import run_main_here

CRIMES = ONE_YEAR.id


def insert(world, *rows, **stamps):
    """Insert rows at the source and return their ids."""
    return world.store.insert(CRIMES, rows, at=world.now(), **stamps)


def test_a_commit_whose_answer_was_lost_keeps_its_counts_and_reaches_the_views(world, monkeypatch):
    """B24: done twice, it would count as nothing new."""
    from tasks.sync import apply

    insert(world, crime("JH000001"))
    assert world.run().is_completed()
    (_old,) = world.source_ids()
    real, calls = apply.apply_window, []

    def answer_lost(*args, **kwargs):
        counts = real(*args, **kwargs)
        calls.append(counts)
        if len(calls) == 1:
            raise OperationalError("commit", {}, psycopg.OperationalError("server closed the connection"))
        return counts

    monkeypatch.setattr(apply, "apply_window", answer_lost)
    insert(world, crime("JH000002"), crime("JH000003"))
    assert world.run().is_completed()
    assert world.value("select count(*) from chicago.crimes") == 3
    assert world.value("select sum(crimes) from chicago.daily_crimes") == 3
    assert world.counts()["inserted"] == 2


def _terminate(connection):
    pid = connection.connection.driver_connection.info.backend_pid
    with psycopg.connect(os.environ["TEST_CONNINFO"], autocommit=True) as other:
        other.execute("select pg_terminate_backend(%s)", (pid,))
    time.sleep(0.2)


def test_a_connection_lost_in_a_copy_is_tried_again(world, monkeypatch):
    """B23"""
    from tasks.sync import apply as sync

    monkeypatch.setenv("TEST_CONNINFO", world.conninfo)
    insert(world, crime("JH000001"))
    real, calls = sync.copy_frame, []

    def lost(connection, table, frame):
        calls.append(1)
        if len(calls) == 1:
            _terminate(connection)
        real(connection, table, frame)

    monkeypatch.setattr(sync, "copy_frame", lost)
    state = world.run()
    assert state.is_completed()
    assert len(calls) == 2
    assert world.value("select count(*) from pipeline.windows where round > 0") == 0


def test_a_connection_lost_in_a_repair_is_tried_again(world, monkeypatch):
    from tasks.sync import apply as sync

    monkeypatch.setenv("TEST_CONNINFO", world.conninfo)
    insert(world, crime("JH000001"))
    world.run()
    insert(
        world, crime("JH000002"), created_at="2023-12-01T11:02:00.000Z", updated_at="2023-12-01T11:02:05.000Z"
    )
    real, calls = sync._hold, []

    def lost(connection, profile, given):
        if given.window.kind == "repair" and not calls:
            calls.append(1)
            _terminate(connection)
        real(connection, profile, given)

    monkeypatch.setattr(sync, "_hold", lost)
    state = world.run()
    assert state.is_completed()


def test_a_connection_lost_while_held_ids_are_read_is_tried_again(world, monkeypatch):
    from tasks.sync import read

    insert(world, crime("JH000001"))
    world.run()
    insert(world, crime("JH000001", arrest="Y"))
    monkeypatch.setenv("TEST_CONNINFO", world.conninfo)
    real, calls = read._read_held_ids, []

    def lost(engine, *rest):
        calls.append(1)
        if len(calls) == 1:
            from tasks.sync import read

            real_execute = read.execute

            def dying(connection, name, **parameters):
                read.execute = real_execute
                _terminate(connection)
                return real_execute(connection, name, **parameters)

            read.execute = dying
        return real(engine, *rest)

    monkeypatch.setattr(read, "_read_held_ids", lost)
    state = world.run()
    assert state.is_completed()


def test_a_short_answer_about_ids_retires_nothing(world, monkeypatch):
    """Rule 6: a read is whole or it fails. The portal answers the id question with too few rows, once."""
    from tasks.source.portal import Portal

    insert(world, crime("JH000001", iucr="0110"), crime("JH000001", iucr="0110"))
    insert(world, crime("JH000002"))
    world.run()
    insert(world, crime("JH000001", iucr="0110", block="009XX W LAKE ST"))
    real, calls = Portal._fetch, []

    def short(self, **clauses):
        answer = real(self, **clauses)
        if " in (" in str(clauses.get("where")) and not calls:
            calls.append(1)
            del answer.rows[1:]
        return answer

    monkeypatch.setattr(Portal, "_fetch", short)
    world.run()
    assert calls
    assert world.history() == []


def test_a_run_whose_place_was_taken_writes_no_proof(world):
    """A placeholder for the ledger: a run whose place was taken writes no proof."""

    from tasks.proof.prove import Auditor

    insert(world, crime("JH000001"))
    world.run()
    real = Auditor.prove_unmoved

    def taken(self):
        world.query("update pipeline.runs set status = 'dead' where run_id = %s", self.run_id)
        return real(self)

    Auditor.prove_unmoved = taken
    try:
        world.run()
    finally:
        Auditor.prove_unmoved = real
    run = world.last_run()
    assert run["proof"] is None


def test_a_run_whose_place_was_taken_writes_no_plan(world):
    """The lock was lost while the plan was made: another run may have planned and done all meanwhile."""
    import tasks.run.plan as check

    insert(world, crime("JH000001"))
    real = check.decide

    def taken(connection, source, request, *rest):
        world.query("update pipeline.runs set status = 'dead'")
        return real(connection, source, request, *rest)

    check.decide = taken
    try:
        world.run()
    finally:
        check.decide = real
    run = world.last_run()
    assert run["kind"] is None


def test_a_run_that_did_not_begin_shows_its_error_and_no_report_of_one_before(world):
    insert(world, crime("JH000001"))
    assert run_main_here(world).code == 0
    world.query(
        "insert into pipeline._yoyo_migration (migration_hash, migration_id, applied_at_utc)"
        " values ('x', '9999.newer', now())"
    )
    ended = run_main_here(world)
    assert ended.code == 1
    assert "does not know" in ended.said
    assert "backfill done" not in ended.said
