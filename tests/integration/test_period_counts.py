"""The counts by period: after any sequence of loads and days they are what counting two years anew gives."""

import random

import pytest
from sqlalchemy import text

from tasks.errors import LoadError
from tasks.warehouse import counts, periods
from tasks.warehouse.counts import recount
from tasks.warehouse.periods import follow_crimes
from tasks.warehouse.views import deploy_views, refresh_stale_views
from tests.integration.conftest import database_like
from tests.integration.test_counts import (
    COLUMNS,
    RETIRE,
    UNSEEN,
    anew,
    change,
    counted,
    insert_copies,
    update,
)
from tests.integration.views_support import PLACED, engine_on, generated_city, load_city, rows, views_engine  # noqa: F401

COUNTS = ("place_period_counts", "cell_period_counts", "community_area_period_counts")
HELD = "select period, first_date::text, last_date::text from pipeline.counted_periods where is_held order by number"
MADE_AT = "select made_at from pipeline.period_counts_state"
MOVE = "update chicago.crimes set updated_at = updated_at + interval '{days} days'"


@pytest.fixture(scope="module")
def counted_city(postgres, template):
    """Give a database with a city of 26 months that is counted, in which all four periods are held."""
    with database_like(postgres, template) as name:
        engine = engine_on(postgres, name)
        load_city(engine, generated_city(seed=5, first="2023-08-01", days=900, per_day=8))
        # Some areas are published, and most are told from the point.
        change(
            engine, PLACED, "update chicago.crimes set community_area = 25 where hashtext(crime_id) % 5 = 0"
        )
        # The newest complete day is in December, and some weeks after it are held: a new year to go over.
        change(engine, MOVE.format(days=-12))
        update(engine)
        assert len(rows(engine, HELD)) == 4
        engine.dispose()
        yield name


@pytest.fixture
def loaded(postgres, counted_city):
    """Give a copy of the counted city, which a test may change."""
    with database_like(postgres, counted_city) as name:
        engine = engine_on(postgres, name)
        yield engine
        engine.dispose()


def is_followed(engine):
    """Bring all up to the crimes, without counting them anew, and say whether anew gives the same."""
    made_at = rows(engine, MADE_AT)
    assert update(engine) is False
    assert rows(engine, MADE_AT) == made_at
    return counted(engine) == anew(engine) and recount(engine) == []


SET = "update chicago.crimes set {} where {{which}}"

# Each is a share of the crimes: some changed in what they are counted as, some came, some went.
CHANGES = {
    "insert": None,
    "retire": [RETIRE],
    "revise": [SET.format("arrest = not arrest, domestic = not domestic")],
    "move in time": [SET.format("date_of_occurrence = date_of_occurrence - interval '200 days'")],
    "move in the day": [SET.format("date_of_occurrence = date_of_occurrence + interval '5 hours'")],
    "lose its time": [SET.format("date_of_occurrence = date_trunc('day', date_of_occurrence)")],
    "reclassify": [SET.format("primary_description = 'ARSON', fbi_code = '01A'")],
    "move": [SET.format("latitude = 41.87 - latitude + 41.87, x_coordinate = x_coordinate + 3000")],
    "lose its point": [
        SET.format("x_coordinate = null, y_coordinate = null, latitude = null, longitude = null")
    ],
    "lose its area": [SET.format("community_area = null")],
    "get an area": [SET.format("community_area = 24")],
    "get another place": [SET.format("beat = '0112', district = 1, ward = null")],
}


def test_after_any_sequence_of_loads_and_days_the_counts_are_those_of_all_crimes(loaded):
    draw = random.Random(17)
    steps = [*CHANGES]
    draw.shuffle(steps)
    # A day passes with each load, as with the source's, so that what changes lies on days that enter and leave too; now
    # and then a week, none, or one back by an error of the source. In all they go over a new year.
    days = [1] * (len(steps) - 4) + [7, -1, 0, 3]
    draw.shuffle(days)
    years, moves = set(), 0
    for number, (name, moved) in enumerate(zip(steps, days, strict=True)):
        before = rows(loaded, HELD)
        sample = f"hashtext(crime_id || '{number}') % 9 = 0"
        if name == "insert":
            insert_copies(loaded, number, sample)
        else:
            change(loaded, *(statement.format(which=sample) for statement in CHANGES[name]))
        change(loaded, MOVE.format(days=moved))
        assert is_followed(loaded), (name, moved)
        moves += rows(loaded, HELD) != before
        years.add(rows(loaded, HELD)[2][1][:4])
    assert len(years) == 2
    # One step passes no day, and what is retired may have had the newest stamp.
    assert moves >= len(steps) - 4


@pytest.mark.parametrize(
    "days", [10, -400, -900], ids=["ten days on", "a year back", "before all that is held"]
)
def test_periods_that_are_held_no_more_or_again_are_followed(loaded, days):
    before = rows(loaded, HELD)
    change(loaded, MOVE.format(days=days))
    insert_copies(loaded, "too", "hashtext(crime_id) % 9 = 0")
    assert is_followed(loaded)
    assert rows(loaded, HELD) != before
    change(loaded, MOVE.format(days=-days))
    assert is_followed(loaded)
    assert rows(loaded, HELD) == before


def test_a_day_reads_the_days_at_the_ends_of_the_periods_alone(loaded):
    """What a refresh costs is what this is for: a change that counted all days would be equal too."""
    change(loaded, MOVE.format(days=1))
    with loaded.connect() as connection:
        connection.execute(text("create temporary table changed_crimes (like pipeline.crime_changes)"))
        connection.execute(
            text("update pipeline.counts_state set last_complete_date = last_complete_date + 1")
        )
        periods.execute(connection, "periods/changes")
        touched, held = connection.execute(
            text("select (select count(*) from period_changes), (select count(*) from chicago.crimes)")
        ).one()
    # Four days move: the new one, the first of either year, and the same day of the year before.
    assert 0 < touched < 4 * 8 * 3 < held / 10


def test_watches_of_a_day_that_is_gone_are_not_counted_until_it_is_back(loaded):
    def first_watches():
        return rows(
            loaded, "select sum(crimes) from pipeline.time_sums where counted = 'district watch' and part = 1"
        )

    ((day,),) = rows(
        loaded, "select first_date + 100 from pipeline.counted_periods where period = 'last_year'"
    )
    before = first_watches()
    # Of the day that goes neither its own first watch is held whole, nor that of the next.
    ((lost,),) = rows(
        loaded,
        "select count(*) from chicago.crimes where chicago.known_hour(date_of_occurrence) not between 6 and 21"
        f" and date_of_occurrence >= date '{day}' - interval '2 hours'"
        f" and date_of_occurrence < date '{day}' + interval '30 hours'",
    )
    which = f"date_of_occurrence >= date '{day}' and date_of_occurrence < date '{day}' + 1"
    change(loaded, f"create table public.gone as select {COLUMNS} from chicago.crimes where {which}")
    change(loaded, RETIRE.format(which=which))
    assert is_followed(loaded)
    assert first_watches() == [(before[0][0] - lost,)]
    assert lost > 0
    change(loaded, f"insert into chicago.crimes ({COLUMNS}) select {COLUMNS} from public.gone")
    assert is_followed(loaded)
    assert first_watches() == before


def test_a_crime_that_changes_what_no_hour_counts_touches_no_hour(loaded):
    """As with periods: what a refresh costs is what this is for."""
    change(loaded, "update chicago.crimes set arrest = not arrest")
    versions = "select cast(ctid as text), cast(xmin as text) from pipeline.time_sums order by 1"
    before = rows(loaded, versions)
    assert is_followed(loaded)
    assert rows(loaded, versions) == before


def test_other_watches_are_counted_anew(loaded):
    change(loaded, "update chicago.watches set ends_at_hour = 15 where watch = 2")
    change(loaded, "update chicago.watches set starts_at_hour = 15 where watch = 3")
    assert update(loaded) is True
    assert recount(loaded) == []


def test_without_a_list_of_watches_only_unknown_times_are_counted_by_watch(loaded):
    change(loaded, "delete from chicago.watches")
    assert update(loaded) is True
    assert recount(loaded) == []
    found = rows(
        loaded,
        "select counted, sum(crimes) from pipeline.time_sums where part is null and counted <> 'beat hour'"
        " group by 1 order by 1",
    )
    assert [counted for counted, _ in found] == ["district hour", "district watch"]
    assert found[0][1] == found[1][1] > 0
    assert (
        rows(loaded, "select 1 from pipeline.time_sums where counted = 'district watch' and part is not null")
        == []
    )


def test_a_recount_names_an_hour_that_is_wrong_in_its_squares_alone(loaded):
    change(
        loaded,
        "update pipeline.time_sums set crimes_squared = crimes_squared + 2"
        " where ctid = (select min(ctid) from pipeline.time_sums)",
    )
    (line,) = recount(loaded)
    assert line.startswith("pipeline.time_sums differs from the crimes in 1 groups; one is {")
    assert '"crimes_squared": 2' in line


def test_what_a_killed_refresh_left_uncounted_is_counted_by_the_next(loaded):
    insert_copies(loaded, "killed", "hashtext(crime_id) % 9 = 0")
    change(loaded, MOVE.format(days=2))
    with loaded.connect() as connection:
        assert follow_crimes(connection) is False
        connection.rollback()
    change(loaded, RETIRE.format(which="hashtext(crime_id) % 11 = 0"), MOVE.format(days=1))
    assert is_followed(loaded)


FIRST = " where ctid = (select min(ctid) from pipeline.{table})"


@pytest.mark.parametrize(
    "damage",
    [
        "update pipeline.place_period_counts set last_year = last_year + 1"
        + FIRST.format(table="place_period_counts"),
        "update pipeline.cell_period_counts set year_before = year_before - 1"
        + FIRST.format(table="cell_period_counts"),
        "delete from pipeline.community_area_period_counts"
        + FIRST.format(table="community_area_period_counts"),
        "update pipeline.community_area_period_counts set year_to_date_arrests = year_to_date_arrests + 1"
        + FIRST.format(table="community_area_period_counts"),
        "delete from pipeline.period_counts_state",
        "update pipeline.period_counts_state set made_at = made_at - interval '7 days'",
        "delete from pipeline.community_area_basis",
        "update pipeline.time_sums set crimes = crimes + 1" + FIRST.format(table="time_sums"),
        "update pipeline.counted_periods set last_date = last_date - 1 where period = 'year_before'",
    ],
    ids=[
        "a place",
        "a cell",
        "a group",
        "arrests",
        "no state",
        "a week",
        "other shapes",
        "an hour",
        "other days",
    ],
)
def test_two_years_are_counted_anew_where_what_moved_is_not_enough(loaded, damage):
    made_at = rows(loaded, MADE_AT)
    expected = anew(loaded)
    change(loaded, damage)
    assert update(loaded) is False
    assert rows(loaded, MADE_AT) > made_at
    assert counted(loaded) == expected
    assert recount(loaded) == []


@pytest.mark.parametrize("table", COUNTS)
def test_a_recount_names_a_group_of_a_period_that_is_wrong(loaded, table):
    change(
        loaded,
        f"with two as (select ctid as at, row_number() over (order by ctid) * 2 - 3 as more from pipeline.{table}"
        f" order by ctid limit 2) update pipeline.{table} set last_year = last_year + two.more"
        f" from two where {table}.ctid = two.at",
    )
    (line,) = recount(loaded)
    assert line.startswith(f"pipeline.{table} differs from the crimes in 2 groups; one is {{")
    assert '"period": "last_year"' in line


def test_a_swap_that_the_counts_notice_is_mended_in_the_periods_too(loaded):
    change(loaded, *UNSEEN, "update chicago.crimes set arrest = not arrest where hashtext(crime_id) % 9 = 0")
    assert recount(loaded) != []
    assert update(loaded) is True
    assert recount(loaded) == []
    assert counted(loaded) == anew(loaded)


def test_counts_by_day_that_are_wrong_are_counted_anew_where_marks_are_not_added_up(loaded, monkeypatch):
    """Above a million crimes marks notice a swap of two days once a week; a period that has one of them, at once."""
    monkeypatch.setattr(counts, "_MANY", 0)
    change(
        loaded,
        *(
            f"update pipeline.daily_counts set crimes = crimes {more} where ctid = (select min(ctid) from"
            f" pipeline.daily_counts where crimes > 1 and date {which} (select first_date from"
            " pipeline.counted_periods where period = 'last_year'))"
            for which, more in ((">", "+ 1"), ("<", "- 1"))
        ),
    )
    assert update(loaded) is True
    assert recount(loaded) == []
    assert update(loaded) is False


def test_a_crime_that_went_while_areas_are_placed_anew_is_taken_from_its_area(loaded):
    """The table's comment says how to have all placed anew; what left its point then has no estimate to be taken by."""
    change(
        loaded,
        "delete from pipeline.community_area_basis",
        RETIRE.format(which="community_area is null and hashtext(crime_id) % 9 = 0"),
    )
    assert update(loaded) is False
    assert recount(loaded) == []
    assert counted(loaded) == anew(loaded)


def test_counts_by_period_that_do_not_add_up_even_anew_change_nothing(loaded, monkeypatch):
    before = counted(loaded)
    insert_copies(loaded, "more", "hashtext(crime_id) % 9 = 0")
    monkeypatch.setattr(periods, "_count", lambda *_: False)
    with pytest.raises(LoadError, match="by period do not add up"):
        update(loaded)
    assert counted(loaded) == before


def test_views_are_stale_while_no_period_is_counted(loaded):
    deploy_views(loaded)
    change(loaded, "delete from pipeline.period_counts_state")
    with loaded.begin() as connection:
        run_id = connection.execute(
            text("insert into pipeline.runs (mode, status) values ('auto', 'running') returning run_id")
        ).scalar_one()
    assert refresh_stale_views(loaded, run_id)
    assert refresh_stale_views(loaded, run_id) == []
