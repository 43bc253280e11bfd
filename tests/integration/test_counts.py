# ruff: noqa: F811  (the fixtures of views_support)
"""The counts that follow the crimes: after any sequence of loads they are what counting all anew gives."""

import random

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from tasks.errors import LoadError
from tasks.warehouse import counts
from tasks.warehouse.counts import recount, update_counts
from tasks.warehouse.periods import follow_crimes
from tests.integration.conftest import database_like
from tests.integration.views_support import (  # noqa: F401
    city,
    engine_on,
    generated_city,
    load_city,
    rows,
    views_engine,
)

TABLES = ("daily_counts", "hour_counts", "place_counts", "cell_counts", "code_counts")
PERIODS = (
    "place_period_counts",
    "cell_period_counts",
    "community_area_period_counts",
    "time_sums",
    "counted_periods",
)
COLUMNS = (
    "crime_id, case_number, date_of_occurrence, block, iucr, primary_description, secondary_description,"
    " location_description, arrest, domestic, beat, district, ward, community_area, fbi_code, x_coordinate,"
    " y_coordinate, latitude, longitude, created_at, updated_at, version, loaded_at"
)
RETIRE = (
    f"with gone as (delete from chicago.crimes where {{which}} returning {COLUMNS})"
    f" insert into chicago.crime_history ({COLUMNS}, run_id) select gone.*, gen_random_uuid() from gone"
)


def change(engine, *statements):
    """Do what a window does: one transaction."""
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


def update(engine):
    with engine.begin() as connection:
        return follow_crimes(connection)


def counted(engine):
    return {
        table: sorted(rows(engine, f"select * from pipeline.{table}"), key=str)
        for table in (*TABLES, *PERIODS)
    }


def anew(engine):
    """Return what counting all anew gives, and leave everything as it was."""
    with engine.connect() as connection:
        connection.execute(text("delete from pipeline.counts_state"))
        assert follow_crimes(connection) is True
        found = {
            table: sorted(
                (tuple(row) for row in connection.execute(text(f"select * from pipeline.{table}"))), key=str
            )
            for table in (*TABLES, *PERIODS)
        }
        connection.rollback()
    return found


@pytest.fixture(scope="module")
def counted_city(postgres, template):
    """Give the name of a database with a city of 60 days that is counted."""
    with database_like(postgres, template) as name:
        engine = engine_on(postgres, name)
        load_city(engine, generated_city(seed=3, first="2024-01-01", days=60, per_day=20))
        update(engine)
        engine.dispose()
        yield name


@pytest.fixture
def loaded(postgres, counted_city):
    """Give a copy of the counted city, which a test may change."""
    with database_like(postgres, counted_city) as name:
        engine = engine_on(postgres, name)
        yield engine
        engine.dispose()


def insert_copies(engine, number, which):
    """Load new rows that are like others."""
    change(
        engine,
        f"insert into chicago.crimes ({COLUMNS.removesuffix(', loaded_at')}) select 'new-{number}-' ||"
        f" {COLUMNS.removesuffix(', loaded_at')} from chicago.crimes where {which}",
    )


def test_after_any_sequence_of_loads_the_counts_are_those_of_all_crimes(loaded):
    draw = random.Random(11)
    steps = ["insert", "retire", "revise", "touch", "reclassify", "days", "nothing"] * 2
    draw.shuffle(steps)
    for number, step in enumerate(steps):
        sample = f"hashtext(crime_id || '{number}') % {draw.choice([7, 50, 400])} = 0"
        if step == "insert":
            insert_copies(loaded, number, sample)
        elif step == "retire":
            change(loaded, RETIRE.format(which=sample))
        elif step == "revise":
            insert_copies(loaded, number, sample)
            change(loaded, RETIRE.format(which=sample))
        elif step == "touch":
            change(
                loaded,
                f"update chicago.crimes set version = 'touched', crime_id = crime_id || '~' where {sample}",
            )
        elif step == "reclassify":
            change(
                loaded,
                f"insert into chicago.crime_history ({COLUMNS}, run_id) select {COLUMNS}, gen_random_uuid()"
                f" from chicago.crimes where {sample}",
                "update chicago.crimes set primary_description = 'ROBBERY', fbi_code = '03', arrest = not arrest,"
                f" x_coordinate = null, y_coordinate = null, loaded_at = now(),"
                f" date_of_occurrence = date_of_occurrence - interval '9 hours' where {sample}",
            )
        elif step == "days":
            # What is complete moves with the source's stamps, and no crime is loaded.
            move = draw.choice(["3 days", "-2 days", "30 days"])
            change(loaded, f"update chicago.crimes set updated_at = updated_at + interval '{move}'")
        assert recount(loaded) == [], step
        assert update(loaded) is False, step
        assert counted(loaded) == anew(loaded), step
        assert recount(loaded) == [], step


def test_the_newest_date_of_a_cell_goes_back_when_its_newest_crime_goes(views_engine):
    here = {"x_coordinate": 1_176_000, "y_coordinate": 1_900_000}
    load_city(
        views_engine, city(("2024-03-01 00:00", here), ("2024-03-05 10:00", here), ("2024-03-09 10:00", 2))
    )
    change(
        views_engine,
        RETIRE.format(which="date_of_occurrence = '2024-03-05 10:00' or crime_id = 'row-3'"),
    )
    assert update(views_engine) is False
    query = "select cell_x, crimes, latest_date::text from pipeline.cell_counts order by cell_x"
    assert rows(views_engine, query) == [(1176, 1, "2024-03-01"), (None, 1, "2024-03-09")]


def test_a_crime_that_came_and_went_between_two_refreshes_leaves_no_date(views_engine):
    """As after a run that was killed before its refresh: the City published it, and took it back until the next."""
    here = {"x_coordinate": 1_176_000, "y_coordinate": 1_900_000}
    load_city(views_engine, city(("2024-03-01 00:00", here), ("2024-03-05 10:00", here)))
    update(views_engine)
    change(views_engine, RETIRE.format(which="date_of_occurrence = '2024-03-05 10:00'"))
    assert update(views_engine) is False
    insert_copies(views_engine, 1, "crime_id = 'row-0'")
    change(
        views_engine,
        "update chicago.crimes set date_of_occurrence = '2024-03-09 10:00' where crime_id like 'new-%'",
        RETIRE.format(which="crime_id like 'new-%'"),
    )
    assert update(views_engine) is False
    assert rows(views_engine, "select crimes, latest_date::text from pipeline.cell_counts") == [
        (1, "2024-03-01")
    ]
    assert recount(views_engine) == []


def test_what_a_killed_refresh_left_uncounted_is_counted_by_the_next(loaded):
    insert_copies(loaded, "killed", "hashtext(crime_id) % 9 = 0")
    change(loaded, RETIRE.format(which="hashtext(crime_id) % 11 = 0"))
    with loaded.connect() as connection:
        assert follow_crimes(connection) is False
        connection.rollback()
    insert_copies(loaded, "later", "hashtext(crime_id) % 50 = 0")
    assert update(loaded) is False
    assert counted(loaded) == anew(loaded)


@pytest.mark.parametrize(
    "by_hand",
    [
        "delete from chicago.crimes where crime_id = 'row-5'",
        # A row that was damaged and mended where it stands: no stamp of ours says so.
        "update chicago.crimes set district = 9, arrest = not arrest where crime_id = 'row-5'",
        (
            f"insert into chicago.crimes ({COLUMNS}) select 'back', {COLUMNS.removeprefix('crime_id, ')}"
            " from chicago.crimes where crime_id = 'row-5'"
        ),
    ],
    ids=["taken out", "changed in place", "put in with an old stamp"],
)
def test_what_a_person_changes_by_hand_is_followed(loaded, by_hand):
    change(loaded, by_hand)
    assert update(loaded) is False
    assert counted(loaded) == anew(loaded)


def test_a_table_emptied_by_hand_is_counted_anew(loaded):
    change(loaded, "truncate chicago.crimes")
    assert update(loaded) is True
    assert {len(counted(loaded)[table]) for table in (*TABLES, *PERIODS[:-1])} == {0}


def test_a_new_id_or_stamp_is_no_change_to_count(loaded):
    change(
        loaded,
        "update chicago.crimes set crime_id = crime_id || '~', version = 'touched', updated_at = now()",
    )
    assert rows(loaded, "select count(*) from pipeline.crime_changes") == [(0,)]


UNSEEN = ("set local session_replication_role = replica",)
SWAP = (
    "update pipeline.{table} set crimes = crimes + case when ctid = (select max(ctid) from pipeline.{table})"
    " then 1 else -1 end where ctid in (select max(ctid) from pipeline.{table} union all"
    " (select ctid from pipeline.{table} where crimes > 1 order by ctid limit 1))"
)

# Leaves the day and the hour as they are.
ROUNDED = (
    "update chicago.crimes set date_of_occurrence = date_trunc('day', date_of_occurrence)"
    " + interval '{hour}:{minute}' hour to minute where crime_id = (select min(crime_id) from chicago.crimes"
    " where extract(hour from date_of_occurrence) = {hour} and extract(minute from date_of_occurrence) > 1)"
)


@pytest.mark.parametrize(
    "swap",
    [
        *([SWAP.format(table=table)] for table in TABLES[:-1]),
        [*UNSEEN, "update chicago.crimes set district = 9 where crime_id = 'row-5'"],
        [*UNSEEN, "update chicago.crimes set arrest = not arrest where crime_id = 'row-5'"],
        [*UNSEEN, "update chicago.crimes set iucr = '0820' where crime_id = 'row-5'"],
        [
            *UNSEEN,
            "update chicago.crimes set date_of_occurrence = '2024-01-20 07:00' where crime_id = 'row-5'",
        ],
        [*UNSEEN, ROUNDED.format(hour=12, minute=0)],
        [*UNSEEN, ROUNDED.format(hour=0, minute=1)],
    ],
    ids=[*TABLES[:-1], "a district", "an arrest", "a code", "an hour", "noon", "a minute past midnight"],
)
def test_a_swap_that_leaves_the_totals_is_noticed_and_all_is_counted_anew(loaded, swap):
    """A revised row that is neither taken away nor added leaves each total as it is, and no page right."""
    change(loaded, *swap)
    assert recount(loaded) != []
    assert update(loaded) is True
    assert recount(loaded) == []
    assert counted(loaded) == anew(loaded)
    assert update(loaded) is False


def test_many_crimes_are_added_up_mark_by_mark_once_a_week_and_their_number_each_time(loaded, monkeypatch):
    monkeypatch.setattr(counts, "_MANY", 0)
    added_up_at = "select added_up_at from pipeline.counts_state"
    first = rows(loaded, added_up_at)
    change(loaded, SWAP.format(table="hour_counts"))
    assert update(loaded) is False
    assert rows(loaded, added_up_at) == first
    change(loaded, "update pipeline.counts_state set added_up_at = added_up_at - interval '7 days'")
    assert update(loaded) is True
    assert rows(loaded, added_up_at) > first
    assert recount(loaded) == []
    change(loaded, *UNSEEN, "delete from chicago.crimes where crime_id = 'row-5'")
    assert update(loaded) is True
    assert recount(loaded) == []


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (
            "update pipeline.daily_counts set crimes = crimes + 1 where (date, district) = ('2024-01-01', 9)",
            'pipeline.daily_counts differs from the crimes in 1 groups; one is {"date": ',
        ),
        ("update pipeline.cell_counts set latest_date = '2025-01-01'", "pipeline.cell_counts differs"),
        (
            "update pipeline.place_counts set incomplete_arrests = incomplete_arrests + 1",
            "pipeline.place_counts differs",
        ),
        ("delete from pipeline.code_counts", "pipeline.code_counts differs from the crimes in 1 groups"),
        ("delete from pipeline.counts_state", "nothing is counted yet"),
    ],
    ids=["a count", "a newest date", "incomplete days", "a group that is not there", "nothing counted"],
)
def test_a_recount_says_which_counts_differ_and_changes_nothing(loaded, damage, said):
    change(loaded, damage)
    before = counted(loaded)
    (line,) = recount(loaded)
    assert line.startswith(said)
    assert counted(loaded) == before


def test_a_change_that_is_committed_while_another_counts_is_counted_once(loaded):
    """Begun before the count, and committed after it wants to begin: its stamp is older than the count's."""
    with loaded.connect() as loading, loaded.connect() as counting:
        loading.execute(text("update chicago.crimes set district = 9 where crime_id = 'row-5'"))
        counting.execute(text("set local lock_timeout = '100ms'"))
        with pytest.raises(OperationalError, match="lock timeout"):
            update_counts(counting)
        counting.rollback()
        loading.commit()
    assert update(loaded) is False
    assert counted(loaded) == anew(loaded)
    assert rows(loaded, "select count(*) from pipeline.crime_changes") == [(0,)]


def test_a_change_waits_for_the_end_of_a_count(loaded):
    with loaded.connect() as counting, loaded.connect() as loading:
        update_counts(counting)
        loading.execute(text("set local lock_timeout = '100ms'"))
        with pytest.raises(OperationalError, match="lock timeout"):
            loading.execute(text("update chicago.crimes set district = 9 where crime_id = 'row-5'"))
        loading.rollback()


def test_stamps_in_the_future_hide_no_change(loaded):
    """The server's clock is set back by an hour after a count: what is loaded then has an older stamp."""
    change(
        loaded,
        "update pipeline.counts_state set counted_at = counted_at + interval '1 hour'",
        "update chicago.crimes set loaded_at = loaded_at + interval '1 hour'",
    )
    insert_copies(loaded, "later", "hashtext(crime_id) % 50 = 0")
    change(loaded, RETIRE.format(which="hashtext(crime_id) % 11 = 0"))
    assert update(loaded) is False
    assert counted(loaded) == anew(loaded)


@pytest.mark.parametrize(
    "cause",
    [
        "update chicago.fbi_codes set is_violent = not is_violent where fbi_code = '06'",
        "delete from chicago.fbi_codes where fbi_code = '04B'",
        "delete from pipeline.counts_state",
        "update pipeline.counts_state set basis = 'that of other SQL'",
    ],
    ids=["a code is violent", "a code is gone", "the first time", "other SQL"],
)
def test_all_is_counted_anew_where_what_changed_is_not_enough(loaded, cause):
    change(loaded, cause)
    assert update(loaded) is True
    assert counted(loaded) == anew(loaded)
    assert update(loaded) is False


def test_counts_that_do_not_add_up_even_anew_change_nothing(loaded, monkeypatch):
    before = counted(loaded)
    monkeypatch.setattr(counts, "_count", lambda *_: False)
    with pytest.raises(LoadError, match="do not add up"):
        update(loaded)
    assert counted(loaded) == before
