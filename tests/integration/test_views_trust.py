# ruff: noqa: F811  (the fixtures of views_support)
"""Whether to trust the record: data_quality and data_freshness, to the number, and against the ledger's own state."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from tasks.warehouse import ledger
from tasks.warehouse.views import set_freshness_limit
from tests.integration.conftest import crime
from tests.integration.main_here import run_main_here
from tests.integration.views_support import city, load_city, rows, views_engine  # noqa: F401  (a fixture)

RUN = "00000000-0000-0000-0000-00000000000"


def execute(engine, *statements):
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


@pytest.fixture
def untouched(views_engine):
    """Give the engine, and leave no run behind."""
    yield views_engine
    execute(
        views_engine,
        "truncate pipeline.audits, pipeline.windows, pipeline.watermark, pipeline.rejected_rows",
        "delete from pipeline.runs",
    )
    set_freshness_limit(views_engine, 4)


def quality(engine):
    query = 'select "check", count, share from chicago.data_quality'
    return {check: (count, share) for check, count, share in rows(engine, query)}


def test_each_check_counts_what_it_says(untouched):
    unknown = {"beat": None, "district": None, "ward": None}
    load_city(
        untouched,
        city(
            ("2024-03-01 10:00", 4),  # nothing known: the hand-made crimes have no coordinates
            ("2024-03-01 00:00", {"x_coordinate": 1_176_000, "y_coordinate": 1_900_000}, 1),
            ("2024-03-05 00:00", unknown, 2),
            ("2024-03-05 01:00", {"beat": "1650", "district": 31, "ward": 51}, 1),
            ("2024-03-05 01:00", {"fbi_code": None, "iucr": "99ZZ"}, 1),
            ("2024-03-05 01:00", {"fbi_code": "99"}, 1),
        ),
    )
    execute(
        untouched,
        "insert into pipeline.rejected_rows (crime_id, raw, reasons, first_run, last_run) values"
        f" ('a', '{{}}', array['ward: not within 1 to 50', 'arrest: neither Y nor N'], '{RUN}1', '{RUN}1'),"
        f" ('b', '{{}}', array['ward: not within 1 to 50'], '{RUN}1', '{RUN}1')",
    )
    assert quality(untouched) == {
        "crimes": (10, 0.8333),
        "beat not published": (2, 0.2),
        "beat not in the list": (1, 0.1),
        "district not published": (2, 0.2),
        "district not in the list": (1, 0.1),
        "ward not published": (2, 0.2),
        "ward not in the list": (1, 0.1),
        "FBI code not published": (1, 0.1),
        "FBI code not in the list": (1, 0.1),
        "IUCR code not in the list": (1, 0.1),
        "no coordinates": (9, 0.9),
        "time unknown (00:00)": (3, 0.3),
        "date unknown (first of a month, 00:00)": (1, 0.1),
        "time unknown (00:01)": (0, 0.0),
        "date unknown (first of a month, 00:01)": (0, 0.0),
        "exactly noon (12:00)": (0, 0.0),
        "rejected rows": (2, 0.1667),
        "rejected: ward: not within 1 to 50": (2, 0.1667),
        "rejected: arrest: neither Y nor N": (1, 0.0833),
        "last audit": (None, None),
    }
    assert rows(untouched, "select count(*) from chicago.data_quality where explanation is null") == [(0,)]


def test_the_checks_come_in_the_order_of_reading(untouched):
    load_city(untouched, city(("2024-03-01 10:00", 1)))
    checks = [check for (check,) in rows(untouched, 'select "check" from chicago.data_quality')]
    assert checks[0] == "crimes"
    assert checks[-2:] == ["rejected rows", "last audit"]


def test_an_empty_warehouse_has_every_check_and_no_share(untouched):
    load_city(untouched, city(("2024-03-01 10:00", 1)).head(0))
    found = quality(untouched)
    assert found["crimes"] == (0, 0)
    assert found["no coordinates"] == (0, 0)
    assert found["last audit"] == (None, None)


def add_run(engine, number, kind, *, status="done", planned="now()", done="now()", started="now()"):
    execute(
        engine,
        "insert into pipeline.runs (run_id, mode, kind, status, started_at, planned_at, windows_done_at) values"
        f" ('{RUN}{number}', 'auto', '{kind}', '{status}', {started}, {planned}, {done})",
    )


def add_audit(
    engine, number, *, equal=True, ago="0 days", published="1 hour", span="tsrange('2023-01-01', null)"
):
    execute(
        engine,
        "insert into pipeline.audits (run_id, checked_at, round, proof, span, source_rows, our_rows, missing_rows,"
        " surplus_rows, outdated_rows, differing_days, equal, source_newest_update) values"
        f" ('{RUN}{number}', now() - interval '{ago}', 1, 'census', {span}, 10, 9, {0 if equal else 3}, 0, 0, 0,"
        f" {equal}, now() - interval '{published}')",
    )


def set_watermark(engine, number):
    execute(
        engine,
        f"insert into pipeline.watermark (dataset, watermark, run_id) values ('x2n5-8w5q', now(), '{RUN}{number}')",
    )


def freshness(engine, columns="load_state, unfinished_windows, is_stale, stale_because"):
    (row,) = rows(engine, f"select {columns} from chicago.data_freshness")
    return row


def test_the_last_audit_and_its_proof_are_a_row(untouched):
    add_run(untouched, 1, "backfill")
    add_audit(untouched, 1)
    add_audit(untouched, 1, equal=False, span="tsrange('2024-01-01', '2024-01-08')")
    query = "select count, share, explanation from chicago.data_quality where \"check\" = 'last audit'"
    ((count, share, explanation),) = rows(untouched, query)
    assert (count, share) == (3, 0.3)
    assert explanation.startswith("NOT equal: every row id and version was compared, ")
    assert "Source 10 rows, here 9; missing 3, too many 0, in another version 0." in explanation
    assert explanation.endswith("Only of 2024-01-01 to 2024-01-08 (excluded).")


def test_a_warehouse_that_was_never_loaded_is_stale_and_says_why(untouched):
    load_city(untouched, city(("2024-03-01 10:00", 1)).head(0))
    assert freshness(untouched) == ("empty", 0, True, "the load is empty")
    columns = (
        "newest_occurrence, newest_update, source_loaded_at, last_run_at, last_equal_at, source_age_days"
    )
    assert freshness(untouched, columns) == (None,) * 6


def test_a_backfill_that_broke_off_is_unfinished_with_its_windows(untouched):
    add_run(untouched, 1, "backfill", status="dead", done="null")
    execute(
        untouched,
        'insert into pipeline.windows (run_id, kind, "start", "end", status) values'
        f" ('{RUN}1', 'occurrence', '2024-01-01', '2024-01-08', 'done'),"
        f" ('{RUN}1', 'occurrence', '2024-01-08', '2024-01-15', 'failed'),"
        f" ('{RUN}1', 'occurrence', '2024-01-15', '2024-01-22', 'pending')",
    )
    assert freshness(untouched) == ("unfinished", 2, True, "the load is unfinished")


def test_a_current_record_is_fresh(untouched):
    load_city(untouched, city(("2024-03-01 10:00", 1)))
    add_run(untouched, 1, "backfill")
    set_watermark(untouched, 1)
    add_audit(untouched, 1)
    assert freshness(untouched) == ("current", 0, False, None)
    assert freshness(untouched, "newest_occurrence, newest_update, last_run_status, freshness_days") == (
        datetime(2024, 3, 1, 10),
        datetime(2024, 4, 1, 10, 2, tzinfo=UTC),
        "done",
        4,
    )


@pytest.mark.parametrize(
    ("ago", "published", "why"),
    [
        ("1 hour", "3 days", None),
        ("3 days", "3.5 days", None),
        ("1 hour", "5 days", "the City has not published"),
        ("5 days", "5.1 days", "we have not looked at the source"),
        ("2 days", "5 days", "we have not looked at the source"),
        ("2 days", "7 days", "the City has not published"),
    ],
)
def test_a_silent_city_and_a_job_that_does_not_run_are_told_apart(untouched, ago, published, why):
    """B12: nine days of "loaded 0, all tasks succeeded"."""
    add_run(untouched, 1, "backfill")
    set_watermark(untouched, 1)
    add_audit(untouched, 1, ago=ago, published=published)
    assert freshness(untouched, "is_stale, stale_because") == (why is not None, why)


def test_how_old_is_stale_is_the_setting_of_the_runs(untouched):
    add_run(untouched, 1, "backfill")
    set_watermark(untouched, 1)
    add_audit(untouched, 1, published="5 days")
    set_freshness_limit(untouched, 5.5)
    assert freshness(untouched, "is_stale, freshness_days") == (False, 5.5)
    set_freshness_limit(untouched, 4.5)
    assert freshness(untouched, "is_stale, freshness_days") == (True, 4.5)


def test_a_stamp_ahead_of_our_clock_has_no_negative_age(untouched):
    add_run(untouched, 1, "backfill")
    add_audit(untouched, 1, published="-5 hours")
    assert freshness(untouched, "source_age_days") == (0,)


def test_unequal_is_stale_and_a_range_proves_its_own_days_only(untouched):
    add_run(untouched, 1, "backfill")
    set_watermark(untouched, 1)
    add_audit(untouched, 1, ago="2 hours")
    (proven,) = freshness(untouched, "last_equal_at")
    add_audit(untouched, 1, span="tsrange('2024-01-01', '2024-01-08')")
    assert freshness(untouched, "last_equal_at, is_stale") == (proven, False)
    add_audit(untouched, 1, equal=False)
    assert freshness(untouched, "last_equal_at, is_stale, stale_because") == (
        proven,
        True,
        "the last audit found rows that differ",
    )


def test_a_skipped_run_is_no_run(untouched):
    add_run(untouched, 1, "backfill", started="now() - interval '3 hours'")
    (before,) = freshness(untouched, "last_run_at")
    execute(untouched, "insert into pipeline.runs (mode, status) values ('auto', 'skipped')")
    assert freshness(untouched, "last_run_at, last_run_status") == (before, "done")


def test_the_state_is_the_ledgers(untouched):
    """The view and `ledger.read_state` decide alike, whatever happened."""

    def both():
        with untouched.connect() as connection:
            return freshness(untouched, "load_state")[0], ledger.read_state(connection)

    assert both() == ("empty", "empty")
    add_run(untouched, 1, "backfill", planned="now() - interval '9 days'", done="null")
    assert both() == ("unfinished", "unfinished")
    add_run(untouched, 2, "resume", planned="now() - interval '8 days'")
    set_watermark(untouched, 2)
    assert both() == ("current", "current")
    add_run(untouched, 3, "incremental", planned="now() - interval '7 days'", done="null")
    assert both() == ("current", "current")
    add_run(untouched, 4, "reconcile", planned="now() - interval '6 days'", done="null")
    assert both() == ("unfinished", "unfinished")


def test_a_run_writes_the_setting_and_the_analyst_reads_both_without_rights_on_the_ledger(
    world, engine, monkeypatch
):
    world.query("create role quality_reader login")
    try:
        now = datetime.now(UTC)
        world.store.insert("x2n5-8w5q", [crime("JH000001")], at=now)
        monkeypatch.setenv("ANALYST_ROLE", "quality_reader")
        monkeypatch.setenv("FRESHNESS_DAYS", "6")
        ended = run_main_here(world)
        assert ended.code == 0, ended.said
        with engine.begin() as connection:
            connection.execute(text("set local role quality_reader"))
            found = connection.execute(
                text("select load_state, is_stale, freshness_days from chicago.data_freshness")
            )
            assert found.one() == ("current", False, 6)
            audited = text(
                "select count, explanation from chicago.data_quality where \"check\" = 'last audit'"
            )
            count, explanation = connection.execute(audited).one()
            assert count == 0
            assert explanation.startswith("Equal: every row id and version was compared")
            with pytest.raises(Exception, match="permission denied for schema pipeline"):
                connection.execute(text("select * from pipeline.audits"))
    finally:
        world.query("drop owned by quality_reader")
        world.query("drop role quality_reader")
