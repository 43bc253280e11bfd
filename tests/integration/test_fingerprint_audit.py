"""The audit of the whole history: sums by month, then by day, a census of what differs, and of some months in turn."""

from datetime import date, datetime

import pytest

from tasks.proof.fingerprints import differing_periods, read_fingerprints
from tasks.run import connections
from tests.integration.test_whole_history import (  # noqa: F401 - fixtures
    CRIMES,
    assert_equal,
    edit,
    environment,
    history,
    insert,
    row,
    store,
    withdraw,
)

pytestmark = pytest.mark.usefixtures("views_left")

MONTHS = 12


@pytest.fixture
def year(world, monkeypatch):
    """Give a warehouse that holds two rows of each month of a year and a newer one, one month a run in turn."""
    monkeypatch.setenv("CENSUS_MONTHS", "1")
    monkeypatch.setenv("WINDOW_DAYS", "366")
    # Long before the watermark, so that no incremental window reads them again; those of day 3 are the newer ones.
    for day, loaded in ((3, "2023-12-01T11:02:05.000Z"), (17, "2023-11-01T11:02:05.000Z")):
        rows = (
            row(100 * month + day, f"2019-{month:02}-{day:02}T10:00:00.000") for month in range(1, MONTHS + 1)
        )
        insert(world, *rows, created_at=loaded)
    insert(world, row(9000, "2019-12-20T10:00:00.000"))
    assert world.run().is_completed()
    world.portal.forget_requests()
    return world


def censuses(world):
    """Return the days from which the source was asked for ids and versions alone since the record began."""
    return [
        seen.params["$where"].split("'")[1][:10]
        for seen in world.portal.requests
        if seen.params.get("$select") == "id,:version,date"
    ]


def last_audits(world):
    """Return proof, missing, surplus, outdated, equal of each comparison of the newest run."""
    return world.query(
        "select proof, missing_rows, surplus_rows, outdated_rows, equal from pipeline.audits where run_id ="
        " (select run_id from pipeline.runs order by started_at desc limit 1) order by audit_id"
    )


def test_equal_months_are_proven_by_fingerprint_and_one_in_turn_by_census(year):
    assert year.query("select month from pipeline.proven_months") == [(date(2019, 1, 1),)]
    insert(year, row(9001, "2019-06-20T10:00:00.000"))
    assert year.run().is_completed()
    assert_equal(year)
    assert censuses(year) == ["2019-02-01"]
    assert last_audits(year) == [("fingerprint", 0, 0, 0, True)]
    assert year.last_run()["proof"] == "fingerprint"
    assert year.query("select source_rows, our_rows from pipeline.audits order by audit_id desc limit 1") == [
        (26, 26)
    ]
    year.portal.forget_requests()
    assert year.run().is_completed()
    assert year.last_run()["proof"] == "unmoved"
    assert censuses(year) == []


def test_each_month_has_its_turn_and_then_the_first_again(year, monkeypatch):
    monkeypatch.setenv("CENSUS_MONTHS", "5")
    for number in range(3):
        insert(year, row(9100 + number, "2019-06-20T10:00:00.000"))
        assert year.run().is_completed()
    turns = [f"2019-{month:02}-01" for month in (*range(2, MONTHS + 1), *range(1, MONTHS + 1))]
    assert censuses(year) == turns[:15]


@pytest.mark.parametrize(
    ("damage", "found"),
    [
        ("delete from chicago.crimes where crime_id = '603'", (1, 0, 0)),
        (
            (
                "insert into chicago.crimes (crime_id, case_number, date_of_occurrence, iucr, primary_description,"
                " arrest, domestic) select '77', case_number, date_of_occurrence, iucr, primary_description,"
                " arrest, domestic from chicago.crimes where crime_id = '603'"
            ),
            (0, 1, 0),
        ),
        (
            (
                "update chicago.crimes set version = 'rv-old', updated_on = updated_on - interval '1 second'"
                " where crime_id = '603'"
            ),
            (0, 0, 1),
        ),
        (
            (
                "update chicago.crimes set version = 'rv-old', updated_at = updated_at - interval '1 second'"
                " where crime_id = '603'"
            ),
            (0, 0, 1),
        ),
    ],
    ids=["missing", "surplus", "an edit missed by the City's stamp", "an edit missed by the portal's stamp"],
)
def test_a_day_that_differs_is_found_by_its_sums_compared_row_by_row_and_mended(year, damage, found):
    year.query(damage)
    insert(year, row(9001, "2019-09-20T10:00:00.000"))
    assert year.run().is_completed()
    assert_equal(year)
    assert last_audits(year) == [("fingerprint", *found, False), ("fingerprint", 0, 0, 0, True)]
    assert censuses(year) == ["2019-02-01", "2019-06-03"]
    assert year.query('select "start", "end" from pipeline.windows where kind = \'repair\'') == [
        (datetime(2019, 6, 3), datetime(2019, 6, 4))
    ]


def test_a_withdrawal_that_no_stamp_tells_of_is_found_by_its_month(year):
    withdraw(year, 603)
    assert year.run().is_completed()
    assert_equal(year)
    assert history(year) == [("603", "withdrawn", None, datetime(2019, 6, 3, 10))]


def test_an_edit_whose_stamps_are_old_is_found_by_sums_or_by_turn(year):
    """The City's stamp grows with an edit, and then the month's sum does, whatever the portal's stamp says."""
    (found,) = year.store.rows(CRIMES, "id = ?", [603])
    old = {":updated_at": found[":updated_at"]}
    year.store.edit(CRIMES, found[":id"], {"arrest": True, **old}, at=year.now())
    assert year.run().is_completed()
    assert_equal(year)
    assert year.value("select arrest from chicago.crimes where crime_id = '603'") is True


def test_the_census_in_turn_finds_what_no_sum_can_see(year):
    """An edit that renews neither stamp, and two ids for two with the same sum."""
    (found,) = year.store.rows(CRIMES, "id = ?", [203])
    same = {name: found[name] for name in (":updated_at", "updated_on")}
    year.store.edit(CRIMES, found[":id"], {"arrest": True, **same}, at=year.now())
    year.query("update chicago.crimes set crime_id = '304' where crime_id = '303'")
    year.query("update chicago.crimes set crime_id = '316' where crime_id = '317'")
    portal = connections.source().portal
    ours = read_fingerprints(connections.warehouse(), portal.profile, "month")
    assert differing_periods(portal.fetch_fingerprints("month"), ours) == []
    connections.close()
    assert year.run().is_completed()
    assert year.value("select arrest from chicago.crimes where crime_id = '203'") is True
    assert year.value("select count(*) from chicago.crimes where crime_id = '304'") == 1
    insert(year, row(9001, "2019-09-20T10:00:00.000"))
    assert year.run().is_completed()
    assert_equal(year)


def test_a_month_that_could_not_be_mended_keeps_its_turn(year, monkeypatch):
    year.query("delete from chicago.crimes where crime_id = '203'")
    year.query("update chicago.crimes set updated_on = null where crime_id = '217'")
    monkeypatch.setattr("tasks.proof.prove.MAX_ROUNDS", 0)
    insert(year, row(9001, "2019-09-20T10:00:00.000"))
    assert year.run().is_failed()
    assert year.last_run()["status"] == "unequal"
    assert year.query("select month from pipeline.proven_months") == [(date(2019, 1, 1),)]
    monkeypatch.undo()


def test_rows_without_a_time_are_compared_too(year):
    insert(year, row(9001, None, year="2019"), row(9002, "2019-09-20T10:00:00.000"))
    assert year.run().is_completed()
    assert_equal(year)
    withdraw(year, 9001)
    assert year.run().is_completed()
    assert_equal(year)
    assert year.query("select * from pipeline.rejected_rows") == []


def test_a_row_whose_time_cannot_be_read_is_compared_on_its_day(year):
    insert(year, row(9001, "2019-05-05T24:30:00.000"), row(9002, "20195-05-05T10:00:00.000"))
    for _ in range(2):
        assert year.run().is_completed()
    assert_equal(year)
    first_seen = "select first_seen_at from pipeline.rejected_rows order by crime_id"
    before = year.query(first_seen)
    assert year.run("reconcile").is_completed()
    assert year.query(first_seen) == before
    (found,) = year.store.rows(CRIMES, "id = ?", [9001])
    year.store.withdraw(CRIMES, [found[":id"]], at=year.now())
    assert year.run().is_completed()
    assert_equal(year)


def test_a_range_is_proven_by_a_census_of_each_month(year):
    year.query("delete from chicago.crimes where crime_id in ('603', '717', '803', '903')")
    year.portal.forget_requests()
    assert year.run(start=date(2019, 6, 2), end=date(2019, 8, 4)).is_completed()
    assert censuses(year) == ["2019-06-02", "2019-07-01", "2019-08-01"]
    assert year.last_run()["proof"] == "census"
    assert year.value("select count(*) from chicago.crimes") == 2 * MONTHS


def test_a_source_that_moves_while_it_is_compared_is_compared_again(year):
    moved = []

    def move_once(seen):
        if not moved and seen.params.get("$select") == "id,:version,date":
            moved.append(1)
            edit(year, 1103, arrest=True)

    insert(year, row(9001, "2019-09-20T10:00:00.000"))
    year.portal.before_answer = move_once
    assert year.run().is_completed()
    year.portal.before_answer = None
    assert_equal(year)
    assert year.value("select arrest from chicago.crimes where crime_id = '1103'") is True


def test_damage_that_no_sum_tells_of_is_found_by_content_and_repaired(year, monkeypatch):
    """The same number of rows, keys and stamps; another text and another number. In the turn of its day."""
    monkeypatch.setenv("CONTENT_DAYS", "30")
    rows = "select crimes::text from chicago.crimes order by crime_id"
    before = year.query(rows)
    year.query("update chicago.crimes set block = 'CAFÃ‰', latitude = 41.5 where crime_id in ('503', '1217')")
    insert(year, row(9001, "2019-12-21T10:00:00.000"))
    assert year.run().is_completed()
    assert year.last_run()["proof"] == "fingerprint"
    assert year.value("select sum(repaired)::int from pipeline.windows") == 2
    assert year.value("select max(damaged_rows) from pipeline.audits") == 2
    year.query("delete from chicago.crimes where crime_id = '9001'")
    assert year.query(rows) == before
    assert year.query("select * from chicago.crime_history") == []
