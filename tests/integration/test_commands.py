"""The commands beside a run: status, replay; what they print and how they exit."""

from datetime import UTC, datetime, timedelta

from demo.shapes import ONE_YEAR
from tests.integration.conftest import crime

CRIMES = ONE_YEAR.id


def test_status_is_good_after_a_run_and_behind_when_the_city_goes_on_without_us(world):
    now = datetime.now(UTC)
    world.store.insert(CRIMES, [crime("JH000001")], at=now - timedelta(hours=2))
    code, out, _ = world.run_main("status")
    assert code == 1
    assert "the warehouse is empty: a run is needed" in out
    assert world.run().is_completed()
    code, out, err = world.run_main("status")
    assert code == 0, out + err
    assert "held       1 crimes, 0 in quarantine" in out
    assert "good       current, and proven equal" in out
    # The City goes on, and for two days nobody runs.
    world.store.insert(CRIMES, [crime("JH000002")], at=now)
    world.query("update pipeline.audits set checked_at = checked_at - interval '2 days'")
    code, out, _ = world.run_main("status")
    assert code == 1
    assert "problem    we have not run" in out
    assert "has not published" not in out


def test_status_can_recount_and_says_what_to_do_where_the_counts_differ(world):
    world.store.insert(ONE_YEAR.id, [crime("JH000001"), crime("JH000002")], at=datetime.now(UTC))
    assert world.run().is_completed()
    code, out, _ = world.run_main("status", "--recount")
    assert code == 0
    assert "counts     all counted anew: what is stored is the same" in out
    world.query("update pipeline.code_counts set iucr = '0110'")
    code, out, _ = world.run_main("status", "--recount")
    assert code == 1
    assert "problem    pipeline.code_counts differs from the crimes in 2 groups" in out
    assert "problem    have all counted anew: delete from pipeline.counts_state" in out
    world.query("delete from pipeline.counts_state")
    assert world.run().is_completed()
    assert world.value("select iucr from pipeline.code_counts") == "0820"
    code, out, _ = world.run_main("status", "--recount")
    assert code == 0


def test_status_says_that_the_city_has_not_published(world):
    """B12"""
    world.store.insert(CRIMES, [crime("JH000001")], at=datetime.now(UTC) - timedelta(days=9))
    assert world.run().is_completed()
    code, out, _ = world.run_main("status")
    assert code == 1
    assert "problem    the City has not published for 9.0 days" in out
    assert "we have not run" not in out


def test_replay_takes_out_of_the_quarantine_what_the_contract_accepts_now(world):
    """A row is rejected, the contract is mended, and the row becomes a crime without being read again."""
    good = [crime(f"JH{number:06}") for number in range(199)]
    *_, kept, mended = world.store.insert(
        CRIMES, [*good, crime("JH900000", ward="99"), crime("JH900001", ward="98")], at=world.now()
    )
    assert world.run().is_completed()
    # As if today's contract read the row otherwise than the day before yesterday's.
    world.query(
        "update pipeline.rejected_rows set raw = jsonb_set(raw, '{ward}', '\"42\"') where crime_id = %s",
        mended,
    )
    code, out, err = world.run_main("replay")
    assert code == 0, err
    assert out.splitlines() == [
        "2 rows were in quarantine: 1 are accepted now, 1 stay",
        "  1 x ward: not within 1 to 50",
    ]
    assert world.query("select crime_id from pipeline.rejected_rows") == [(kept,)]
    assert world.value("select ward from chicago.crimes where crime_id = %s", mended) == 42
    # What was proven before the replay is proven anew, not taken for unmoved.
    assert world.run().is_completed()
    assert world.last_run()["kind"] == "incremental"
    assert world.held_ids() == world.source_ids()
