"""One odd value of the source does not stop a run, and leads nothing: spans, stamps, dates."""

from datetime import UTC, datetime, timedelta

import pytest

from demo.shapes import ONE_YEAR
from tests.integration.conftest import crime
from tests.integration.main_here import run_main_here

pytestmark = pytest.mark.usefixtures("views_left")

CRIMES = ONE_YEAR.id


@pytest.fixture(autouse=True)
def _in_few_windows(monkeypatch):
    monkeypatch.setenv("WINDOW_DAYS", "366")


def insert(world, *rows, **stamps):
    """Insert rows at the source and return their ids."""
    return world.store.insert(CRIMES, rows, at=world.now(), **stamps)


def year(a_day=2, first=datetime(2023, 1, 10), last=datetime(2024, 1, 10)):
    """Return some rows of each fifth day."""
    days = [first + timedelta(days=5 * step) for step in range((last - first).days // 5 + 1)]
    return [
        crime(f"JG{n:02}{day:%y%j}", f"{day:%Y-%m-%d}T1{n}:00:00.000") for day in days for n in range(a_day)
    ]


def crimes(world):
    return world.value("select count(*) from chicago.crimes")


def proof(world):
    return world.query(
        "select equal, outside_rows, unexplained_rows from pipeline.audits order by audit_id desc limit 1"
    )[0]


# The span that is proven.


def test_a_source_that_loses_all_but_two_months_is_not_proven_by_what_it_has_left(world):
    insert(world, *year())
    assert world.run().is_completed()
    before = world.held_ids()
    world.store.age_out(CRIMES, datetime(2023, 11, 10), at=world.now())
    (added,) = insert(world, crime("JH000001", "2024-01-10T15:00:00.000"))
    left = len(before) + 1 - len(world.source_ids())
    ended = run_main_here(world)
    assert ended.code == 1
    assert f"{left} rows are outside of the proof: they occurred before 2023-11-11" in ended.said
    assert "have aged out of it" in ended.said
    (why,) = ended.why
    assert "the source begins at 2023-11-11" in why
    assert why.endswith("--accept-span. If not, it has lost rows: run again when it has them back.")
    assert world.held_ids() == sorted([*before, added]), "nothing of ours changes, and what is new comes in"
    assert world.history() == []
    # The two rows of the first day are old enough to have left.
    assert proof(world) == (False, left, left - 2)
    status = run_main_here(world, "status")
    assert status.code == 1
    assert f"outside    {left} rows are outside of the proof" in status.said
    assert "problem    the source begins at 2023-11-11" in status.said
    assert "rows that differ" not in status.said
    assert "proof      NOT proven: the source holds" in ended.said
    stale = "rows have left the source that are too young to have aged out"
    assert world.value("select stale_because from chicago.data_freshness") == stale
    explained = world.value("select explanation from chicago.data_quality where \"check\" like '%audit%'")
    assert f"{left} rows here are outside of it" in explained
    # It does not become right by being so again.
    assert run_main_here(world).code == 1
    assert run_main_here(world, "--accept-span").code == 0
    assert world.query("select status, accept_span from pipeline.runs order by started_at") == [
        ("done", False),
        ("failed", False),
        ("failed", False),
        ("done", True),
    ]
    assert proof(world) == (True, left, left - 2)
    # From now on the shorter span is what the source keeps, day by day; and no shorter one.
    world.store.age_out(CRIMES, datetime(2023, 11, 11, 12), at=world.now())
    assert run_main_here(world).code == 0
    assert world.held_ids() == sorted([*before, added])
    assert world.history() == []
    world.store.age_out(CRIMES, datetime(2024, 1, 8), at=world.now())
    assert run_main_here(world).code == 1


def test_rows_that_grow_old_leave_day_by_day_and_every_report_counts_them(world):
    insert(world, *year(first=datetime(2023, 1, 5)))
    assert world.run().is_completed()
    for day in (6, 11):
        world.store.age_out(CRIMES, datetime(2023, 1, day, 12), at=world.now())
        insert(world, crime(f"JH0000{day:02}", "2024-01-10T15:00:00.000"))
        assert world.run().is_completed()
    assert proof(world) == (True, 4, 0)
    insert(world, crime("JH000020", "2024-01-10T15:00:00.000"))
    assert "4 rows are outside of the proof" in run_main_here(world).said
    assert "4 rows are outside of the proof" in run_main_here(world).said, (
        "by a run that finds nothing moved too"
    )
    assert proof(world) == (True, 4, 0)


@pytest.mark.parametrize(
    "when", ["0205-01-05T10:00:00.000", "1926-01-05T10:00:00.000", "2023-03-05T10:00:00.000"]
)
def test_one_row_of_another_year_pulls_the_span_back_over_nothing_that_left(world, when):
    """The proof's own record of where it began is no such row either: it is the third run that would retire."""
    insert(world, *year())
    assert world.run().is_completed()
    world.store.age_out(CRIMES, datetime(2023, 11, 10), at=world.now())
    assert world.run(accept_span=True).is_completed()
    held = crimes(world)
    (odd,) = insert(world, crime("JH000001", when))
    for number in range(3):
        assert world.run().is_completed()
        assert world.run().is_completed(), "unmoved"
        insert(world, crime(f"JH10000{number}", "2024-01-10T15:00:00.000"))
    assert world.run("reconcile").is_completed()
    assert crimes(world) == held + 4
    assert world.history() == []
    world.store.withdraw(CRIMES, [odd], at=world.now())
    assert world.run().is_completed()
    assert world.history() == ([("JH000001", "withdrawn")] if when < "2022" else [])


# Stamps.

AHEAD = "2099-01-01T00:00:00.000Z"


def watermark(world):
    return f"{world.value('select watermark from pipeline.watermark'):%Y-%m-%d}"


def test_one_stamp_of_2099_leads_neither_watermark_nor_freshness_nor_completeness(world):
    days = [f"2024-01-{day:02}T00:00:00.000" for day in range(1, 13)]
    insert(world, *(crime(f"JH{n:06}", day) for n, day in enumerate(days)))
    insert(world, crime("JH900000"), created_at=AHEAD, updated_at=AHEAD)
    ended = run_main_here(world)
    assert ended.code == 0
    assert "stamps_ahead=1" in ended.said, "the log"
    assert "stamps     1 rows have a stamp of the source beyond the database's now" in ended.said, (
        "the report"
    )
    status = run_main_here(world, "status").said
    assert "stamps     1 rows have a stamp" in status
    assert "clock" not in status
    assert "newest stamp 2024-01-15" in status
    stored = world.value("select updated_at from chicago.crimes where case_number = 'JH900000'")
    assert f"{stored:%Y-%m-%d}" == AHEAD[:10], "as published"
    assert watermark(world) == "2024-01-15"
    fresh = world.query(
        "select newest_update::date::text, source_loaded_at::date::text from chicago.data_freshness"
    )
    assert fresh == [("2024-01-15", "2024-01-15")]
    assert world.value("select is_stale from chicago.data_freshness")
    assert world.value("select count(*) from chicago.daily_crimes where is_complete") == 0
    # A row of the next day is found by its stamp, and not by the audit alone.
    insert(world, crime("JH000100"))
    assert world.run().is_completed()
    assert world.counts()["inserted"] == 1
    assert world.value("select count(*) from pipeline.windows where kind = 'repair'") == 0
    assert watermark(world) == "2024-01-17"
    assert world.run("reconcile").is_completed()
    assert world.held_ids() == world.source_ids()


def test_a_watermark_that_such_a_stamp_has_set_is_lowered_by_a_whole_run(world):
    insert(world, crime("JH000001"))
    assert world.run().is_completed()
    world.query("update pipeline.watermark set watermark = %s", AHEAD)
    insert(world, crime("JH000002"))
    assert world.run().is_completed()
    assert world.last_run()["kind"] == "reconcile"
    assert watermark(world) == "2024-01-16"
    assert world.held_ids() == world.source_ids()


def test_a_row_with_such_a_stamp_grows_old_as_any_other(world):
    """It was not published in 2099, so that it is not one whose year is wrong."""
    insert(world, *(crime(f"JG{n:06}", "2023-01-12T10:00:00.000") for n in range(3)), updated_at=AHEAD)
    insert(world, crime("JH000001"))
    assert world.run().is_completed()
    # As a run of that day would have it.
    world.query("update chicago.crimes set loaded_at = '2024-01-16 12:00Z'")
    world.store.age_out(CRIMES, datetime(2023, 2, 1), at=world.now())
    assert world.run().is_completed()
    assert crimes(world) == 4
    assert world.history() == []


def test_many_stamps_ahead_are_taken_for_a_clock_that_is_behind(world):
    insert(world, crime("JH000001"))
    insert(world, *(crime(f"JH1{n:05}") for n in range(11)), updated_at=AHEAD)
    ended = run_main_here(world)
    assert ended.code == 0
    assert "is the database's clock right? It says 20" in ended.said
    status = run_main_here(world, "status")
    assert "problem    11 rows of the source have stamps beyond the database's now" in status.said
    assert status.code == 1


def test_it_is_the_databases_clock_that_says_what_lies_ahead(world, monkeypatch):
    """A machine that runs the job may have any clock."""
    from tasks.run import connections

    insert(world, crime("JH000001"))
    monkeypatch.setattr(
        connections, "read_clock_offset", lambda _: datetime(2020, 1, 1, tzinfo=UTC) - datetime.now(UTC)
    )
    assert world.run().is_completed()
    assert world.query("select * from pipeline.watermark") == []
    assert world.held_ids() == world.source_ids()
    monkeypatch.undo()


# Dates.


@pytest.mark.parametrize(
    "when", ["20205-01-05T10:00:00.000", "2024-01-05T24:30:00.000", "0000-01-05T10:00:00.000"]
)
def test_one_date_that_no_calendar_has_is_one_row_in_quarantine(world, when):
    rows = [crime(f"JH{n:06}", f"2024-01-{n % 9 + 1:02}T10:00:00.000") for n in range(30)]
    insert(world, *rows, crime("JH900000", when))
    assert world.run().is_completed()
    reasons = [("JH900000", ["date_of_occurrence: not a time"])]
    assert world.query("select case_number, reasons from pipeline.rejected_rows") == reasons
    # One that comes with an old stamp is found by the audit alone.
    (late,) = insert(
        world,
        crime("JH900001", when),
        created_at="2023-12-01T11:02:00.000Z",
        updated_at="2023-12-01T11:02:05.000Z",
    )
    for mode in ("auto", "reconcile", "auto"):
        assert world.run(mode).is_completed()
        assert world.held_ids() == world.source_ids()
    assert crimes(world) == 30
    world.store.withdraw(CRIMES, [late], at=world.now())
    assert world.run().is_completed()
    assert world.held_ids() == world.source_ids()
    assert run_main_here(world, "status").said.count("problem") == 1, "it is only old"


@pytest.mark.parametrize("mode", ["auto", "reconcile"])
@pytest.mark.parametrize(
    "when", ["20205-01-05T10:00:00.000", "2024-01-05T24:30:00.000", "0000-01-05T10:00:00.000"]
)
def test_such_a_row_that_is_published_again_unchanged_is_no_news(world, when, mode):
    """Found by `make chaos`: the window that read it did not know what we held of it, and it counted as new."""
    insert(world, crime("JH000001", "2024-01-05T10:00:00.000"), *(crime("JH900000", when) for _ in range(2)))
    assert world.run().is_completed()
    first_seen = "select first_seen_at from pipeline.rejected_rows order by first_seen_at, crime_id"
    before = world.query(first_seen)
    world.store.recreate_all(CRIMES, at=world.now())
    assert world.run(mode).is_completed()
    assert world.held_ids() == world.source_ids()
    assert world.query(first_seen) == before
    assert world.last_run()["status"] == "done"
    assert world.value("select count(*) from pipeline.audits where not equal") == 0, (
        "there was nothing to mend"
    )


def test_a_row_of_half_past_24_is_proven_with_its_day(world):
    insert(world, crime("JH000001", "2024-01-05T10:00:00.000"), crime("JH900000", "2024-01-05T24:30:00.000"))
    for _ in range(2):
        ended = run_main_here(world, "--start", "2024-01-03", "--end", "2024-01-08")
        assert ended.code == 0, ended.said
    assert world.held_ids() == world.source_ids()


@pytest.mark.parametrize(
    ("published", "ordered", "day"),
    [
        ("20205-01-05T10:00:00.000", "infinity", None),
        ("+20205-01-05T10:00:00.000", "infinity", None),
        ("0000-01-05T10:00:00.000", "-infinity", None),
        ("-0044-03-15T10:00:00.000", "-infinity", None),
        ("2024-02-29T24:30:00.000", "2024-02-29 00:00:00", "2024-02-29 00:00:00"),
        ("2023-02-29T10:00:00.000", None, None),
        ("2024-04-31T10:00:00.000", None, None),
        ("2024-13-01T10:00:00.000", None, None),
        ("2024-01-05 24:30:00", None, None),
        ("yesterday", None, None),
        (None, None, None),
    ],
)
def test_a_time_that_cannot_be_read_has_a_place_in_the_sources_order_where_its_text_tells(
    world, published, ordered, day
):
    told = "select cast(pipeline.ordered_time(%s) as text), cast(pipeline.placed_day(null, %s) as text)"
    assert world.query(told, published, published) == [(ordered, day)]


# The guard on rejects.


def test_some_bad_rows_in_a_quiet_window_wait_in_quarantine_and_end_nothing(world, monkeypatch):
    rows = [crime(f"JH{n:06}", "2024-01-05T10:00:00.000") for n in range(8)]
    bad = [
        crime(f"JH90000{n}", when, ward="99") for n in range(2) for when in ("1926-01-05T10:00:00.000", None)
    ]
    insert(world, *rows, *bad, crime("JH800000", "2024-01-06T10:00:00.000", ward="99"))
    assert world.run().is_completed()
    assert world.held_ids() == world.source_ids()
    assert world.value("select count(*) from pipeline.rejected_rows") == 5
    monkeypatch.setenv("MAX_REJECT_SHARE", "0")
    insert(world, crime("JH800001", ward="99"))
    assert world.run().is_failed(), "where none is allowed, none is"


def test_the_windows_where_errors_gather_are_measured_by_the_whole_source(world):
    insert(world, *(crime(f"JH{n:06}", "2024-01-05T10:00:00.000") for n in range(475)))
    insert(world, *(crime(f"JG{n:06}", "1926-01-05T10:00:00.000", ward="99") for n in range(25)))
    ended = run_main_here(world)
    assert "window earlier..2023-01-03: 25 of 500 rows newly break the contract" in ended.said
    assert "let them: MAX_REJECT_SHARE=0.05 python flows/main.py\n" in ended.said


def test_the_advice_of_the_guard_lifts_it_over_the_days_of_the_bad_rows_alone(world, monkeypatch):
    insert(world, *(crime(f"JH{n:06}", f"2024-01-{n % 5 + 3:02}T10:00:00.000") for n in range(50)))
    assert world.run().is_completed()
    bad = insert(
        world, *(crime(f"JH9{n:05}", f"2024-01-0{n % 2 + 4}T11:00:00.000", ward="99") for n in range(20))
    )
    ended = run_main_here(world)
    assert ended.code == 1
    advice = "MAX_REJECT_SHARE=0.5 python flows/main.py --start 2024-01-04 --end 2024-01-06 --window-days 2"
    assert advice in ended.said
    monkeypatch.setenv("MAX_REJECT_SHARE", "0.5")
    assert run_main_here(world, *advice.split()[3:]).code == 0
    monkeypatch.delenv("MAX_REJECT_SHARE")
    assert world.run().is_completed()
    assert sorted(row[0] for row in world.query("select crime_id from pipeline.rejected_rows")) == sorted(bad)


def test_a_source_that_had_no_date_at_all_had_no_span_that_it_could_lose(world):
    """What was proven then begins at the end of time, and nothing can be reckoned from there."""
    insert(world, crime("JH000001", None))
    assert run_main_here(world).code == 0
    days = ("2023-12-17T23:59:59.000", "2023-12-18T00:00:00.000", "2023-12-27T08:30:00.000")
    insert(world, *(crime(f"JH00001{n}", day) for n, day in enumerate(days)), crime("JH000002", None))
    ended = run_main_here(world)
    assert ended.code == 0, ended.said
    assert proof(world) == (True, 0, 0)
    assert crimes(world) == 3
    assert world.held_ids() == world.source_ids()
    assert run_main_here(world, "--mode", "reconcile").code == 0
