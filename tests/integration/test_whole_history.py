"""The whole history: rows that are edited under their id, proven by fingerprint; the rules where it differs."""

from datetime import date, datetime, timedelta

import pytest

from demo.city import City, build_history
from demo.portal_faults import Fault
from demo.shapes import HISTORY, ONE_YEAR
from demo.store import Store
from tasks import windows
from tasks.commands.export import export
from tasks.commands.plan import planned_changes
from tasks.commands.start_anew import start_anew
from tasks.errors import ConfigError, LoadError, UsageError
from tasks.request import make_request
from tasks.run import connections
from tasks.warehouse.lock import writer_lock
from tests.integration.conftest import FIRST_LOAD, crime

CRIMES = HISTORY.id


@pytest.fixture
def store():
    """Give an empty dataset of the whole history."""
    with Store.temporary() as made:
        made.create(HISTORY, at=FIRST_LOAD)
        yield made


@pytest.fixture
def environment(environment, monkeypatch):
    """Set what a run reads from its environment, for this dataset."""
    monkeypatch.setenv("CRIMES_DATASET", CRIMES)
    # A window of a week would be a thousand windows of nothing between two rows.
    monkeypatch.setenv("WINDOW_DAYS", "31")
    return environment | {"CRIMES_DATASET": CRIMES, "WINDOW_DAYS": "31"}


def row(number, when="2019-01-02T10:00:00.000", **changed):
    """Return a published row of an ordinary theft, and what differs from it; None leaves a field out."""
    whole = {
        "id": str(number),
        "case_number": f"JC{number:06}",
        "date": when,
        "block": "001XX N STATE ST",
        "iucr": "0820",
        "primary_type": "THEFT",
        "description": "$500 AND UNDER",
        "location_description": "STREET",
        "arrest": False,
        "domestic": False,
        "beat": "0111",
        "district": "001",
        "ward": "42",
        "community_area": "32",
        "fbi_code": "06",
        "x_coordinate": "1176369",
        "y_coordinate": "1900927",
        "year": when and when[:4],
        "updated_on": "2019-01-10T15:41:07.000",
        "latitude": "41.883495",
        "longitude": "-87.627873",
    }
    return {name: value for name, value in (whole | changed).items() if value is not None}


def insert(world, *rows, **stamps):
    """Insert rows at the source."""
    world.store.insert(CRIMES, rows, at=world.now(), **stamps)


def edit(world, number, /, **changes):
    """Edit the row of this id at the source, as the City does."""
    (found,) = world.store.rows(CRIMES, "id = ?", [number])
    world.store.edit(CRIMES, found[":id"], changes, at=world.now())


def withdraw(world, *numbers):
    """Take the rows of these ids away at the source."""
    marks = ", ".join("?" * len(numbers))
    found = world.store.rows(CRIMES, f"id in ({marks})", numbers)
    assert len(found) == len(numbers)
    world.store.withdraw(CRIMES, [one[":id"] for one in found], at=world.now())


def held(world):
    """Return id to version of what we hold, in crimes or in quarantine."""
    return dict(
        world.query(
            "select crime_id, version from chicago.crimes"
            " union all select crime_id, version from pipeline.rejected_rows"
        )
    )


def assert_equal(world):
    """Assert that we hold what the source holds, and that the last run has proven it."""
    assert held(world) == {one["id"]: one[":version"] for one in world.store.rows(CRIMES)}
    assert world.value("select equal from pipeline.audits order by audit_id desc limit 1") is True


def history(world):
    """Return what left: id, reason, successor, date of each."""
    return sorted(
        world.query("select crime_id, reason, replaced_by, date_of_occurrence from chicago.crime_history")
    )


def test_types_that_nobody_here_could_see_load_on_while_their_values_pass(world):
    """The first contact with the live portal does not fail for a word; a window without a ward is nothing odd."""
    insert(world, row(1, "2019-01-02T10:00:00.000", ward=None), row(2, "2019-03-05T10:00:00.000"))
    for name, stated in {
        "beat": "number",
        "district": "number",
        "ward": "text",
        "x_coordinate": "text",
    }.items():
        world.portal.drift.retype(CRIMES, name, stated)
    assert world.run().is_completed()
    assert world.query(
        "select crime_id, beat, district, ward, x_coordinate from chicago.crimes order by 1"
    ) == [
        ("1", "0111", 1, None, 1176369),
        ("2", "0111", 1, 42, 1176369),
    ]
    # The key is what pages and sums are asked by.
    world.portal.drift.retype(CRIMES, "id", "text")
    insert(world, row(3, "2019-03-06T10:00:00.000"))
    state = world.run()
    assert state.is_failed()
    assert "'id' became text, it was number" in state.message
    assert world.value("select count(*) from chicago.crimes") == 2


def test_a_city_of_the_whole_history_is_loaded_as_published(world):
    with Store.temporary() as city:
        build_history(City(rows=4_000), city, date(2002, 12, 20), date(2003, 1, 20))
        rows = city.rows(CRIMES)
    world.store.replace_all(CRIMES, rows, at=world.now())
    assert world.run().is_completed()
    assert_equal(world)
    assert world.last_run()["kind"] == "backfill"
    ours = {
        one[0]: one[1:]
        for one in world.query(
            "select crime_id, case_number, date_of_occurrence, block, iucr, primary_description, arrest, domestic,"
            " beat, district, ward, community_area, fbi_code, updated_on, x_coordinate, latitude from chicago.crimes"
        )
    }
    theirs = {
        one["id"]: (
            one["case_number"],
            datetime.fromisoformat(one["date"]),
            one["block"].upper(),
            one["iucr"],
            one["primary_type"],
            one["arrest"],
            one["domestic"],
            one["beat"],
            int(one["district"]),
            int(one["ward"]) if "ward" in one else None,
            int(one["community_area"]) if "community_area" in one else None,
            one["fbi_code"],
            datetime.fromisoformat(one["updated_on"]),
            int(one["x_coordinate"]) if "x_coordinate" in one else None,
            float(one["latitude"]) if "latitude" in one else None,
        )
        for one in rows
    }
    bad_points = [one for one, said in ours.items() if said[13] is None]
    for one in bad_points:
        theirs[one] = (*theirs[one][:13], None, None)
    assert ours == theirs
    assert len(bad_points) < len(ours) / 10


def test_an_edited_row_stays_one_row_and_leaves_one_history_row(world):
    insert(world, row(1), row(2))
    world.run()
    edit(world, 1, arrest=True)
    assert world.run().is_completed()
    assert_equal(world)
    assert world.last_run()["kind"] == "incremental"
    assert world.query("select arrest from chicago.crimes where crime_id = '1'") == [(True,)]
    assert history(world) == [("1", "revised", "1", datetime(2019, 1, 2, 10))]
    edit(world, 1, primary_type="BURGLARY", iucr="0610", fbi_code="05")
    assert world.run().is_completed()
    assert_equal(world)
    assert [one[1:3] for one in history(world)] == [("revised", "1")] * 2
    assert world.query(
        "select arrest, primary_description from chicago.crime_history order by retired_at"
    ) == [
        (False, "THEFT"),
        (True, "THEFT"),
    ]
    assert world.query(
        "select column_name, old_value, new_value from chicago.crime_revisions order by revised_at, column_name"
    ) == [
        ("arrest", "false", "true"),
        ("fbi_code", "06", "05"),
        ("iucr", "0820", "0610"),
        ("primary_description", "THEFT", "BURGLARY"),
    ]


def test_a_row_that_is_saved_again_unchanged_has_new_stamps_and_no_history(world):
    insert(world, row(1))
    world.run()
    edit(world, 1)
    assert world.run().is_completed()
    assert_equal(world)
    assert history(world) == []
    assert world.counts()["unchanged"] == 1


@pytest.mark.parametrize("to", ["2019-02-20T09:00:00.000", "2018-11-20T09:00:00.000"])
@pytest.mark.parametrize("mode", ["auto", "reconcile"])
def test_a_row_that_moves_to_another_week_is_one_row_and_one_history_row(world, to, mode):
    """By an incremental run, and by one with both windows in flight, whichever commits first."""
    insert(world, row(1), row(2), row(3, "2019-02-21T09:00:00.000"), row(4, "2018-11-21T09:00:00.000"))
    world.run()
    edit(world, 1, date=to)
    assert world.run(mode).is_completed()
    assert_equal(world)
    assert world.query("select date_of_occurrence from chicago.crimes where crime_id = '1'") == [
        (datetime.fromisoformat(to),)
    ]
    assert history(world) == [("1", "revised", "1", datetime(2019, 1, 2, 10))]


def test_a_row_that_moves_and_changes_its_case_number_is_still_the_same_row(world):
    insert(world, row(1), row(2, "2019-02-20T09:00:00.000"))
    world.run()
    edit(world, 1, date="2019-02-20T09:00:00.000", case_number="JC999999")
    assert world.run("reconcile").is_completed()
    assert_equal(world)
    assert history(world) == [("1", "revised", "1", datetime(2019, 1, 2, 10))]


def test_a_row_that_goes_is_withdrawn_though_its_case_has_a_newer_one(world):
    """An id is a crime: another id of the same case, even with the same content, is another crime."""
    insert(world, row(1, case_number="JC700000"), row(2, case_number="JC700000"), row(3))
    world.run()
    withdraw(world, 1)
    insert(world, row(9, case_number="JC700000"))
    assert world.run().is_completed()
    assert_equal(world)
    assert history(world) == [("1", "withdrawn", None, datetime(2019, 1, 2, 10))]
    assert world.counts()["rekeyed"] == 0


def test_an_id_that_comes_back_after_it_was_withdrawn_is_a_crime_again(world):
    insert(world, row(1), row(2))
    world.run()
    withdraw(world, 1)
    assert world.run().is_completed()
    insert(world, row(1, arrest=True))
    assert world.run().is_completed()
    assert_equal(world)
    assert history(world) == [("1", "withdrawn", None, datetime(2019, 1, 2, 10))]


def test_a_row_of_an_old_year_that_changes_is_found_by_its_stamp(world):
    insert(world, row(1, "2001-01-01T00:00:00.000", ward=None, updated_on="2018-02-10T15:50:01.000"), row(2))
    world.run(window_days=366)
    edit(world, 1, arrest=True)
    assert world.run().is_completed()
    assert_equal(world)
    assert world.counts()["source_rows"] < 3
    assert world.query("select arrest, ward from chicago.crimes where crime_id = '1'") == [(True, None)]


def test_a_district_other_than_the_beats_is_kept_and_counted_where_it_was_published(world):
    insert(world, row(1), row(2, beat="0733", district="011"), row(3, beat="0733", district=None))
    assert world.run().is_completed()
    assert world.query("select crime_id, beat, district from chicago.crimes order by crime_id") == [
        ("1", "0111", 1),
        ("2", "0733", 11),
        ("3", "0733", 7),
    ]
    assert dict(
        world.query("select district, total_crimes from chicago.police_rank_by_arrest where total_crimes > 0")
    ) == {1: 1, 11: 1, 7: 1}
    assert world.value("select district from chicago.violent_crimes_by_beat where beat = '0733'") == 7


def test_old_spellings_stay_as_published_and_are_one_kind_in_the_views(world):
    insert(
        world,
        row(1, primary_type="CRIM SEXUAL ASSAULT", iucr="0281", fbi_code="02"),
        row(2, primary_type="CRIMINAL SEXUAL ASSAULT", iucr="0281", fbi_code="02"),
        row(3, primary_type="NON - CRIMINAL", iucr="5114", fbi_code="26"),
    )
    assert world.run().is_completed()
    assert world.query(
        "select primary_description, primary_type from chicago.crimes_enriched order by crime_id"
    ) == [
        ("CRIM SEXUAL ASSAULT", "CRIMINAL SEXUAL ASSAULT"),
        ("CRIMINAL SEXUAL ASSAULT", "CRIMINAL SEXUAL ASSAULT"),
        ("NON - CRIMINAL", "NON-CRIMINAL"),
    ]


def test_a_first_load_that_did_not_end_has_taken_its_warehouse(world, monkeypatch, tmp_path):
    insert(world, *(row(number, f"2019-0{number}-02T10:00:00.000") for number in range(1, 10)))
    world.portal.faults.add(Fault("status", match="2019-08", status=404, times=None))
    assert world.run().is_failed()
    assert world.query("select * from pipeline.watermark") == []
    before = held(world)
    assert before
    monkeypatch.setenv("CRIMES_DATASET", "x2n5-8w5q")
    refused = world.run()
    assert refused.is_failed()
    with pytest.raises(ConfigError, match=r"CRIMES_DATASET is x2n5-8w5q, .* holds ijzp-q8t2.*start-anew"):
        refused.result()
    with pytest.raises(ConfigError, match="holds ijzp-q8t2"):
        export(connections.warehouse(), str(tmp_path), ONE_YEAR.id)
    connections.close()
    assert list(tmp_path.iterdir()) == []
    assert held(world) == before
    monkeypatch.setenv("CRIMES_DATASET", CRIMES)
    world.portal.faults.clear()
    assert world.run().is_completed()
    assert_equal(world)
    assert world.last_run()["kind"] == "resume"
    assert history(world) == []


def test_a_warehouse_starts_anew_for_another_dataset_only_when_it_is_named(world, database, monkeypatch):
    insert(world, row(1), row(2))
    world.run()
    edit(world, 1, arrest=True)
    world.run()
    contents = f"2 crimes, 0 in quarantine, 1 in history of {CRIMES}"
    engine = connections.warehouse()
    for wrong in (None, "another"):
        with pytest.raises(UsageError, match=f"would empty database {database}: {contents}"):
            start_anew(engine, wrong)
    with writer_lock(engine), pytest.raises(LoadError, match="a run is at work"):
        start_anew(engine, database)
    assert len(held(world)) == 2
    assert f"it held {contents}" in start_anew(engine, database)
    assert held(world) == {}
    assert world.query("select mode, status from pipeline.runs") == [("start-anew", "done")]
    assert world.value("select coalesce(sum(crimes), 0) from chicago.crimes_by_day_of_week") == 0
    assert world.value("select count(*) from chicago.police_stations") == 22
    world.store.create(ONE_YEAR, [crime("JH000001")], at=FIRST_LOAD)
    connections.close()
    monkeypatch.setenv("CRIMES_DATASET", ONE_YEAR.id)
    assert world.run().is_completed()
    assert world.query("select case_number, updated_on from chicago.crimes") == [("JH000001", None)]


@pytest.fixture
def uneven(world, monkeypatch):
    """A source with a dense month, a thin one, a hole of months and an absurd year; a window has 50 rows."""
    monkeypatch.delenv("WINDOW_DAYS")
    monkeypatch.setattr(windows, "ROWS_OF_A_WINDOW", 50)
    days = [date(2023, 7, 1) + timedelta(days=number) for number in range(62)] + [date(2023, 12, 30)]
    each = [day for day in days for _ in range(10 if day.month == 7 else 5)]
    insert(world, *(row(number, f"{day}T10:00:00.000") for number, day in enumerate(each)))
    insert(world, row(9_000, "2099-01-01T08:00:00.000"))
    return world


def ledger(world):
    """Return first day, end and rows of the windows of the last run, in order; no end: and all that is later."""
    return [
        (start.date(), end and end.date(), rows)
        for start, end, rows in world.query(
            'select "start", "end", source_rows from pipeline.windows where kind = \'occurrence\' and run_id ='
            ' (select run_id from pipeline.runs order by started_at desc limit 1) order by "start"'
        )
    ]


def test_windows_of_the_whole_history_have_about_as_many_rows_whatever_its_months_have(uneven):
    assert uneven.run().is_completed()
    assert_equal(uneven)
    assert ledger(uneven) == [
        *((date(2023, 7, 1 + 5 * number), date(2023, 7, 6 + 5 * number), 50) for number in range(6)),
        # Of a day of July and of eight of August, each with 5.
        (date(2023, 7, 31), date(2023, 8, 9), 50),
        (date(2023, 8, 9), date(2023, 8, 19), 50),
        (date(2023, 8, 19), date(2023, 8, 29), 50),
        # A hole is no longer than a month, whatever it has not.
        (date(2023, 8, 29), date(2023, 9, 29), 15),
        (date(2023, 9, 29), date(2023, 10, 30), 0),
        (date(2023, 10, 30), date(2023, 11, 30), 0),
        (date(2023, 11, 30), date(2023, 12, 31), 5),
        (date(2023, 12, 31), date(2024, 1, 17), 0),
        (date(2024, 1, 17), None, 1),
    ]


@pytest.mark.parametrize("by", ["setting", "parameter"])
def test_a_length_that_a_user_gives_wins(uneven, monkeypatch, by):
    if by == "setting":
        monkeypatch.setenv("WINDOW_DAYS", "30")
    assert uneven.run(**({} if by == "setting" else {"window_days": 30})).is_completed()
    lengths = [(end - start).days for start, end, _ in ledger(uneven)[:-1]]
    assert set(lengths[:-1]) == {30}


def test_a_range_has_windows_of_so_many_rows_too(uneven):
    assert uneven.run(start=date(2023, 7, 10), end=date(2023, 8, 20)).is_completed()
    assert ledger(uneven) == [
        *((date(2023, 7, 10 + 5 * number), date(2023, 7, 15 + 5 * number), 50) for number in range(4)),
        (date(2023, 7, 30), date(2023, 8, 7), 50),
        (date(2023, 8, 7), date(2023, 8, 17), 50),
        (date(2023, 8, 17), date(2023, 8, 20), 15),
    ]


def test_a_resume_goes_on_with_the_windows_that_it_finds(uneven, monkeypatch):
    monkeypatch.setenv("WINDOW_DAYS", "14")
    uneven.portal.faults.add(Fault("status", match="2023-07-29", status=404, times=None))
    assert uneven.run().is_failed()
    monkeypatch.delenv("WINDOW_DAYS")
    uneven.portal.faults.clear()
    assert uneven.run().is_completed()
    assert_equal(uneven)
    assert uneven.last_run()["kind"] == "resume"
    assert [one[:2] for one in ledger(uneven)] == [
        (date(2023, 7, 15), date(2023, 7, 29)),
        (date(2023, 7, 29), date(2023, 8, 12)),
    ]


def test_plan_says_how_windows_are_sized(uneven):
    settings = connections.settings()
    said = []
    for window_days in (None, 366):
        request = make_request(settings, "auto", None, None, window_days, None, accept_retirements=False)
        lines = planned_changes(connections.warehouse(), connections.source(), request, settings)
        said.append(next(lines).partition(" windows")[2])
    assert said == [
        " of about 12,000 rows, because the warehouse is empty",
        ", because the warehouse is empty",
    ]
