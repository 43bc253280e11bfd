"""The rules of syncing, one by one: what is inserted, updated, re-keyed, retired, rejected, and what is left alone."""

from datetime import UTC, date, datetime

import pytest

from demo.shapes import ONE_YEAR
from tests.integration.conftest import FIRST_LOAD, crime

pytestmark = pytest.mark.usefixtures("views_left")

CRIMES = ONE_YEAR.id


def insert(world, *rows, **stamps):
    """Insert rows at the source and return their ids."""
    return world.store.insert(CRIMES, rows, at=world.now(), **stamps)


def assert_equal(world):
    """Assert that we hold what the source holds, and that the last run has proven it."""
    assert world.held_ids() == world.source_ids()
    assert world.value("select equal from pipeline.audits order by audit_id desc limit 1") is True


def test_rows_of_the_source_are_stored_and_the_run_proves_it(world):
    insert(world, crime("JH000001"), crime("JH000002", "2024-01-09T23:30:00.000"))
    assert world.run().is_completed()
    assert_equal(world)
    assert world.counts() == {
        "source_rows": 2, "inserted": 2, "rekeyed": 0, "updated": 0, "unchanged": 0, "rejected": 0, "retired": 0,
    }  # fmt: skip


def test_rerunning_a_window_changes_nothing(world):
    insert(world, crime("JH000001"), crime("JH000002", arrest="Y"))
    world.run()
    before = world.frame("select * from chicago.crimes order by crime_id")
    assert world.run("reconcile").is_completed()
    assert world.counts()["unchanged"] == 2
    assert world.frame("select * from chicago.crimes order by crime_id").equals(before)


def test_a_row_recreated_with_other_content_is_revised_and_names_its_successor(world):
    (old,) = insert(world, crime("JH000001"))
    insert(world, crime("JH000002"))
    world.run()
    (new,) = world.store.recreate(CRIMES, [old], {"arrest": "Y"}, at=world.now())
    assert world.run().is_completed()
    assert_equal(world)
    assert world.query("select crime_id, arrest, reason, replaced_by from chicago.crime_history") == [
        (old, False, "revised", new)
    ]


def test_a_row_recreated_with_the_same_content_is_rekeyed_without_history(world):
    (old,) = insert(world, crime("JH000001"))
    world.run()
    loaded = world.value("select loaded_at from chicago.crimes")
    (new,) = world.store.recreate(CRIMES, [old], at=world.now())
    assert world.run().is_completed()
    assert_equal(world)
    assert world.query("select crime_id, loaded_at from chicago.crimes") == [(new, loaded)]
    assert world.history() == []
    assert world.counts()["rekeyed"] == 1


def test_equal_twins_recreated_are_rekeyed_one_to_one(world):
    """B06, B19: two victims' rows may be equal in every column."""
    old = insert(world, crime("JH000001", iucr="0110"), crime("JH000001", iucr="0110"))
    world.run()
    world.store.recreate(CRIMES, old, at=world.now())
    assert world.run().is_completed()
    assert_equal(world)
    assert world.value("select count(*) from chicago.crimes") == 2
    assert world.history() == []


def test_a_withdrawn_row_goes_to_the_history(world):
    """B07: a filter on stamps never shows a deletion; the census does."""
    _, second, _ = insert(world, crime("JH000001"), crime("JH000002"), crime("JH000003"))
    world.run()
    world.store.withdraw(CRIMES, [second], at=world.now())
    assert world.run().is_completed()
    assert_equal(world)
    assert world.history() == [("JH000002", "withdrawn")]


def test_a_case_that_moves_to_another_week_is_one_row_and_one_revision(world):
    (old,) = insert(world, crime("JH000001", "2024-01-02T10:00:00.000"))
    insert(world, crime("JH000002", "2024-01-01T10:00:00.000"), crime("JH000003", "2024-01-12T10:00:00.000"))
    world.run()
    world.store.recreate(CRIMES, [old], {"date_of_occurrence": "2024-01-11T09:00:00.000"}, at=world.now())
    assert world.run("reconcile").is_completed()
    assert_equal(world)
    assert world.history() == [("JH000001", "revised")]


def test_a_victim_less_is_withdrawn_and_the_others_stay(world):
    first, *_ = insert(world, *(crime("JH000001", iucr="0110") for _ in range(3)))
    world.run()
    world.store.withdraw(CRIMES, [first], at=world.now())
    insert(world, crime("JH000009"))
    assert world.run().is_completed()
    assert_equal(world)
    assert world.history() == [("JH000001", "withdrawn")]


@pytest.mark.parametrize("oldest", ["2024-01-05T10:00:00.000", "2024-01-01T10:00:00.000"])
def test_rows_that_aged_out_stay_and_are_not_counted(world, oldest):
    """Also of the day on which the source begins: it does so at an instant."""
    insert(world, crime("JH000001", "2024-01-01T00:00:00.000"), crime("JH000002", oldest))
    world.run()
    world.store.age_out(CRIMES, datetime(2024, 1, 1, 5), at=world.now())
    insert(world, crime("JH000003", "2024-01-06T10:00:00.000"))
    assert world.run().is_completed()
    assert world.run("reconcile").is_completed()
    assert world.value("select count(*) from chicago.crimes") == 3
    assert world.history() == []
    assert world.query(
        "select source_rows, our_rows from pipeline.audits order by audit_id desc limit 1"
    ) == [(2, 2)]


def test_a_whole_recreation_is_rekeyed_by_windows(world, monkeypatch):
    """B06: new ids for all rows; the table is neither doubled nor emptied, and the run says what it was."""
    monkeypatch.setenv("MAX_INCREMENTAL_ROWS", "5")
    insert(
        world,
        *(crime(f"JH{number:06}", f"2024-01-{number % 28 + 1:02}T10:00:00.000") for number in range(60)),
    )
    world.run()
    world.store.recreate_all(CRIMES, at=world.now())
    assert world.run().is_completed()
    assert_equal(world)
    assert world.last_run()["kind"] == "reconcile"
    assert world.counts()["rekeyed"] == 60
    assert world.history() == []


def test_a_touch_of_all_rows_is_counted_as_unchanged(world):
    """B06: same ids, same content, newer stamps."""
    insert(world, crime("JH000001"), crime("JH000002"))
    world.run()
    world.store.touch_all(CRIMES, at=world.now())
    assert world.run().is_completed()
    assert_equal(world)
    assert world.counts()["unchanged"] == 2
    assert world.query("select sum(touched)::int from pipeline.windows where kind = 'incremental'") == [(2,)]


def test_a_row_with_the_stamp_of_the_watermark_is_not_lost(world):
    """B09: strictly greater than the last stamp would drop it."""
    stamp = "2024-01-15T11:02:05.000Z"
    insert(world, crime("JH000001"), updated_at=stamp)
    world.run()
    insert(world, crime("JH000002"), updated_at=stamp)
    assert world.run().is_completed()
    assert_equal(world)


def test_the_source_as_it_is_now_wins_whatever_its_stamps_say(world):
    """B20: reclassified late, or put back; all columns follow, those that became null too, and a replay is harmless."""
    (row_id,) = insert(world, crime("JH000001", iucr="0460", _primary_decsription="BATTERY"))
    world.run()
    published = world.store.rows(CRIMES)
    said = "select iucr, primary_description, ward, updated_at from chicago.crimes"
    battery = world.query(said)
    homicide = {"_iucr": "0110", "_primary_decsription": "HOMICIDE", "ward": None}
    world.store.edit(CRIMES, row_id, homicide, at=world.now())
    assert world.run().is_completed()
    assert [row[:3] for row in world.query(said)] == [("0110", "HOMICIDE", None)]
    assert world.run("reconcile").is_completed()
    assert world.counts()["unchanged"] == 1
    # The publisher takes it back: the first version stands again, under its old stamp.
    with world.store.change(CRIMES, at=world.now()) as change:
        change.replace_all(published)
    assert world.run().is_completed()
    assert_equal(world)
    assert world.query(said) == battery


def test_a_late_row_with_an_old_stamp_is_found_by_the_census(world):
    insert(world, crime("JH000001"))
    world.run()
    insert(
        world, crime("JH000002"), created_at="2023-12-01T11:02:00.000Z", updated_at="2023-12-01T11:02:05.000Z"
    )
    assert world.run().is_completed()
    assert_equal(world)
    assert world.query("select kind, inserted from pipeline.windows where round > 0") == [("repair", 1)]


def test_rows_without_an_occurrence_date_are_held_in_quarantine_and_are_a_window(world):
    (dateless,) = insert(world, crime("JH000001", date_of_occurrence=None))
    insert(world, crime("JH000002"))
    assert world.run().is_completed()
    assert_equal(world)
    assert world.query("select crime_id, reasons from pipeline.rejected_rows") == [
        (dateless, ["date_of_occurrence: missing"])
    ]
    world.store.withdraw(CRIMES, [dateless], at=world.now())
    assert world.run().is_completed()
    assert_equal(world)


def test_one_bad_row_is_set_aside_with_all_reasons_and_the_others_are_stored(world):
    """B18: a quarantine, not a lost batch."""
    good = [crime(f"JH{number:06}") for number in range(199)]
    insert(world, *good, crime("JH900000", ward="40000", arrest="U"))
    assert world.run().is_completed()
    assert_equal(world)
    ((case, reasons, raw),) = world.query("select case_number, reasons, raw from pipeline.rejected_rows")
    assert case == "JH900000"
    assert reasons == ["arrest: neither Y nor N", "ward: not within 1 to 50"]
    assert raw["ward"] == "40000"
    counts = world.counts()
    assert (counts["inserted"], counts["rejected"], counts["source_rows"]) == (199, 1, 200)


def test_a_rejected_row_leaves_the_quarantine_when_its_new_version_is_good(world):
    good = [crime(f"JH{number:06}") for number in range(199)]
    *_, bad = insert(world, *good, crime("JH900000", ward="40000"))
    world.run()
    world.store.recreate(CRIMES, [bad], {"ward": "42"}, at=world.now())
    assert world.run().is_completed()
    assert_equal(world)
    assert world.value("select count(*) from pipeline.rejected_rows") == 0
    assert world.value("select count(*) from chicago.crimes") == 200


def test_too_many_rejected_rows_fail_the_window_and_store_nothing_of_it(world):
    insert(world, *(crime(f"JH{number:06}", ward="99") for number in range(30)), crime("JH900000"))
    assert world.run().is_failed()
    assert world.held_ids() == []
    run = world.last_run()
    assert run["status"] == "failed"
    assert "MAX_REJECT_SHARE" in run["message"]
    assert "ward: not within 1 to 50 (30)" in run["message"]


def test_a_mass_withdrawal_stops_and_says_what_it_would_have_done(world):
    ids = insert(world, *(crime(f"JH{number:06}") for number in range(60)))
    world.run()
    before = world.held_ids()
    world.store.withdraw(CRIMES, ids[:30], at=world.now())
    assert world.run().is_failed()
    assert world.held_ids() == before
    message = world.last_run()["message"]
    assert "30 of 60 rows" in message
    assert "by day: 2024-01-02 30" in message
    assert "--accept-retirements" in message
    assert world.run("reconcile", accept_retirements=True).is_completed()
    assert_equal(world)
    assert world.last_run()["accept_retirements"]


def test_a_source_that_says_it_is_empty_changes_nothing(world):
    ids = insert(world, crime("JH000001"))
    world.run()
    world.store.withdraw(CRIMES, ids, at=world.now())
    assert world.run().is_failed()
    assert world.held_ids() == ids
    assert "holds no row at all" in world.last_run()["message"]


def test_an_empty_source_on_the_first_day_is_a_run_of_nothing(world):
    assert world.run().is_completed()
    assert world.held_ids() == []


@pytest.mark.parametrize(
    "moment", ["2024-03-10T02:30:00.000", "2023-11-05T01:30:00.000", "2024-07-01T23:30:00.000"]
)
def test_wall_clock_times_are_stored_as_published(world, moment):
    """B08: hours within a clock change, and evenings that are tomorrow in UTC."""
    insert(world, crime("JH000001", moment))
    assert world.run().is_completed()
    assert world.value("select date_of_occurrence from chicago.crimes") == datetime.fromisoformat(moment)
    stamp = world.value("select updated_at from chicago.crimes")
    assert stamp.astimezone(UTC) > FIRST_LOAD


def test_a_thousand_and_one_rows_are_stored_over_several_pages(world, monkeypatch):
    """B01, B02: paged by key, so that pages neither lose nor repeat."""
    monkeypatch.setenv("PORTAL_PAGE_ROWS", "100")
    insert(world, *(crime(f"JH{number:06}") for number in range(1001)))
    assert world.run().is_completed()
    assert world.value("select count(distinct crime_id) from chicago.crimes") == 1001


def test_a_source_that_changes_while_it_is_read_ends_equal(world):
    ids = insert(
        world,
        *(crime(f"JH{number:06}", f"2024-01-{number % 28 + 1:02}T10:00:00.000") for number in range(60)),
    )
    changed = []

    def change_once(seen):
        if len(changed) < 3 and ":*" in seen.params.get("$select", ""):
            changed.append(world.store.recreate(CRIMES, [ids[len(changed)]], {"arrest": "Y"}, at=world.now()))

    world.portal.before_answer = change_once
    assert world.run().is_completed()
    assert len(changed) == 3
    assert_equal(world)
    assert world.value("select count(*) from chicago.crimes where arrest") == 3


def test_a_range_is_synced_alone_and_sets_no_watermark(world):
    insert(world, crime("JH000001", "2024-01-02T10:00:00.000"), crime("JH000002", "2024-01-12T10:00:00.000"))
    day = datetime(2024, 1, 2).date()
    assert world.run(start=day, end=datetime(2024, 1, 3).date()).is_completed()
    assert world.query("select case_number from chicago.crimes") == [("JH000001",)]
    assert world.query("select * from pipeline.watermark") == []
    assert world.run().is_completed()
    assert world.last_run()["kind"] == "backfill"
    assert_equal(world)


def test_a_range_that_has_aged_out_whole_is_done_and_changes_nothing(world):
    insert(world, crime("JH000001", "2024-01-03T22:00:00.000"))
    assert world.run(start=date(2023, 12, 18), end=date(2023, 12, 28)).is_completed()
    assert world.held_ids() == []
    assert world.query("select equal, isempty(span) from pipeline.audits") == [(True, True)]
