# ruff: noqa: F811  (the fixtures of views_support)
"""First-seen times read from the warehouse, what the views say of the newest days, and the operator's back-test."""

from datetime import UTC, date, datetime, timedelta

import pandas as pd
import pytest
from sqlalchemy import text

from bench.nowcast_city import History, write
from demo.city import City
from demo.occurrences import FIRST_LAG_DAYS, NEVER_DAYS, tables
from demo.store import Store
from tasks.commands.backtest import backtest_lines
from tasks.contract.reference import read_bundled
from tasks.warehouse.nowcast import read_past
from tasks.warehouse.reference import replace_table
from tasks.warehouse.views import refresh_views
from tests.integration.conftest import database_like
from tests.integration.main_here import run_main_here
from tests.integration.views_support import (  # noqa: F401  (a fixture)
    city,
    engine_on,
    load_city,
    rows,
    views_engine,
)

FIRST_DAY = date(2026, 3, 20)
LOADS = 3
CITY = City(rows=3_500, days=60)


@pytest.fixture
def store():
    """Give the stand-in city instead of an empty dataset."""
    with Store.temporary() as made:
        CITY.build(made, FIRST_DAY)
        yield made


def late_arrivals():
    """Return how many rows came late with the loads after the first, by the city's own draw.

    Whole days alone, as they were published when first seen; a crime that becomes another kind comes there.
    """
    primary = [code[1] for code in tables().codes]
    last, found = FIRST_DAY + timedelta(days=LOADS), 0
    for age in range(FIRST_LAG_DAYS + 1, CITY.days + LOADS):
        day = last - timedelta(days=age)
        drawn = CITY.draw(day)
        followed = (FIRST_DAY - day).days
        for row in range(len(drawn)):
            lag, changed = int(drawn.first[row]), int(drawn.changed[row])
            new = max(followed, FIRST_LAG_DAYS)
            found += new < lag <= age
            is_other = primary[drawn.code[row]] != primary[drawn.first_code[row]]
            found += changed < NEVER_DAYS and is_other and new < changed <= age
    return found


def test_late_arrivals_are_counted_by_the_loads_that_brought_them(world):
    """Through real runs: four daily loads within a minute are four days apart, as the source's own stamps say."""
    assert run_main_here(world).code == 0
    for _ in range(LOADS):
        CITY.live_on(world.store)
        ended = run_main_here(world)
        assert ended.code == 0, ended.said
    (found,) = world.query("select distinct basis, days_followed, arrivals from chicago.reporting_delay")
    assert found == ("bundled", LOADS, late_arrivals())
    assert found[2] > 5
    held = "select date, crimes from chicago.daily_crimes where date >= (select min(date) from chicago.nowcast_days)"
    said = world.query(
        "select date, crimes from chicago.nowcast_days where family = 'city' and place = 'crimes' order by date"
    )
    assert said == [row for row in sorted(world.query(held)) if row[0] <= said[-1][0]]
    assert said[-1][0] == FIRST_DAY + timedelta(days=LOADS - FIRST_LAG_DAYS)
    assert "a back-test needs 60 days" in run_main_here(world, "backtest").said


def version(case, day, came, went=None, kind="THEFT", crime_id=None):
    return {
        "crime_id": crime_id or f"row-{case}-{came}",
        "case_number": case,
        "date_of_occurrence": f"2024-01-{day:02}T10:00:00",
        "primary_description": kind,
        "loaded_at": f"{came}T12:00:00Z",
        "went": went and f"{went}T12:00:00Z",
    }


def store_versions(engine, versions):
    with engine.begin() as connection:
        connection.execute(text("truncate chicago.crimes, chicago.crime_history"))
        for each in versions:
            table = "crime_history" if each["went"] else "crimes"
            connection.execute(
                text(
                    f"insert into chicago.{table} (crime_id, case_number, date_of_occurrence, iucr,"
                    " primary_description, arrest, domestic, loaded_at, updated_at"
                    + (", retired_at, reason, run_id" if each["went"] else "")
                    + ") values (:crime_id, :case_number, :date_of_occurrence, '0810', :primary_description, false,"
                    " false, :loaded_at, :loaded_at"
                    + (", :went, 'revised', gen_random_uuid()" if each["went"] else "")
                    + ")"
                ),
                each,
            )


def events(engine):
    with engine.connect() as connection:
        past = read_past(connection, date(2024, 2, 20), 60)
    frame = past.events.assign(
        observed=[date.fromordinal(day).isoformat() for day in past.events["observed"]],
        date=[date.fromordinal(day).day for day in past.events["date"]],
    )
    return sorted(frame[["date", "kind", "observed", "gains", "losses"]].itertuples(index=False, name=None))


def test_a_crime_that_is_published_anew_is_no_late_one(views_engine):
    """Under a new id, or overwritten in place; one that becomes another kind goes there, and a withdrawn one goes."""
    store_versions(
        views_engine,
        [
            version("JH1", 5, "2024-01-20", "2024-01-25"),
            version("JH1", 5, "2024-01-25", "2024-02-01"),
            version("JH1", 5, "2024-02-01"),
            version("JH2", 6, "2024-01-20", "2024-01-26", crime_id="12"),
            version("JH2", 6, "2024-01-26", crime_id="12"),
            version("JH3", 7, "2024-01-20", "2024-01-27", kind="CRIM SEXUAL ASSAULT"),
            version("JH3", 7, "2024-01-27", kind="CRIMINAL SEXUAL ASSAULT"),
            version("JH4", 8, "2024-01-20", "2024-01-28"),
            version("JH4", 8, "2024-01-28", kind="ROBBERY"),
            version("JH5", 9, "2024-01-20", "2024-01-29"),
            version("JH6", 9, "2024-01-30"),
        ],
    )
    assert events(views_engine) == [
        (5, "THEFT", "2024-01-20", 1, 0),
        (6, "THEFT", "2024-01-20", 1, 0),
        (7, "CRIMINAL SEXUAL ASSAULT", "2024-01-20", 1, 0),
        (8, "ROBBERY", "2024-01-28", 1, 0),
        (8, "THEFT", "2024-01-20", 1, 0),
        (8, "THEFT", "2024-01-28", 0, 1),
        (9, "THEFT", "2024-01-20", 1, 0),
        (9, "THEFT", "2024-01-29", 0, 1),
        (9, "THEFT", "2024-01-30", 1, 0),
    ]


def test_an_instant_before_the_first_load_is_told(views_engine):
    store_versions(
        views_engine, [version("JH1", 5, "2024-01-20", "2024-01-25"), version("JH2", 6, "2024-01-26")]
    )
    said = []

    def held(moment):
        said.clear()
        with views_engine.connect() as connection:
            connection.connection.driver_connection.add_notice_handler(
                lambda notice: said.append(notice.message_primary)
            )
            query = text("select count(*) from chicago.crimes_as_of(:moment)")
            return connection.execute(query, {"moment": datetime.fromisoformat(moment)}).scalar_one()

    assert (held("2024-01-22T00:00:00+00:00"), said) == (1, [])
    assert held("2024-01-19T00:00:00+00:00") == 0
    # PostgreSQL asks once when it plans, too.
    assert said
    assert all("before the first load" in message for message in said)


def test_a_city_with_fewer_than_five_crimes_a_day_has_no_nowcast_and_its_views_say_what_is_held(views_engine):
    days = pd.date_range("2023-12-01", "2024-03-23").strftime("%Y-%m-%d")
    load_city(views_engine, city(*[(f"{day} 10:00", 4) for day in days]))
    assert rows(views_engine, "select count(*) from pipeline.nowcasts") == [(0,)]
    (whole,) = rows(
        views_engine,
        "select last_28_days, previous_28_days, change_pct from chicago.city_last_28_days where counted = 'crimes'",
    )
    assert whole == (112, 112, 0)
    assert rows(views_engine, "select nowcast from chicago.daily_crimes where date = '2024-03-23'") == [
        (None,)
    ]


def test_the_newest_days_say_what_they_will_come_to(views_engine):
    """By the bundled curve: 0.9473 of a day of all kinds, and 0.990 of its batteries, are there after nine days."""
    days = pd.date_range("2023-12-25", "2024-03-23").strftime("%Y-%m-%d")
    battery = {"primary_description": "BATTERY", "fbi_code": "08B", "district": 2, "beat": "0211"}
    arson = {"primary_description": "ARSON", "fbi_code": "09"}
    load_city(
        views_engine,
        city(
            *[(f"{day} 00:00", arson, 20) for day in days], *[(f"{day} 10:00", battery, 10) for day in days]
        ),
    )
    newest = rows(
        views_engine,
        "select place, date::text, crimes, published_share, nowcast, low <= nowcast and nowcast <= high, basis, caution"
        " from chicago.nowcast_days where date = '2024-03-23' and (family = 'district' or place = 'crimes')"
        " order by family, place",
    )
    assert [row[:3] for row in newest] == [
        (place, "2024-03-23", n) for place, n in (("crimes", 30), ("1", 20), ("2", 10))
    ]
    assert [row[3] for row in newest] == pytest.approx([0.963, 0.951, 0.990], abs=0.002)
    assert [row[4:] for row in newest] == [(n, True, "bundled", None) for n in (31, 21, 10)]
    assert rows(
        views_engine,
        "select date::text, nowcast, nowcast_low <= nowcast_high from chicago.daily_crimes"
        " where date in ('2024-03-23', '2024-01-01') order by date",
    ) == [("2024-01-01", None, None), ("2024-03-23", 31, True)]
    shares = rows(
        views_engine,
        "select family, place, period, last_date - first_date + 1, published_share from chicago.published_shares"
        " where family in ('district', 'city') and place in ('crimes', '1') order by family, period",
    )
    assert [row[:4] for row in shares] == [
        (family, place, period, 28)
        for family, place in (("city", "crimes"), ("district", "1"))
        for period in ("before_complete_28", "complete_28")
    ]
    before, complete = shares[2][4], shares[3][4]
    assert 0.98 < complete < before < 1
    # The same number every day: what falls, falls by lateness, which the nowcast takes out.
    (change,) = rows(
        views_engine,
        "select 100.0 * crimes / previous_crimes - 100, change_pct, change_low_pct, change_high_pct, year_change_pct"
        " from chicago.nowcast_periods where family = 'city' and place = 'crimes' and period = 'newest_28'",
    )
    assert change[0] == 0
    assert change[1] == pytest.approx(1.7, abs=0.8)
    assert change[2] < change[1] < change[3]
    assert change[4] is None
    months = rows(
        views_engine,
        "select month, days, is_whole, crimes, growth_pct is null, year_growth_pct from chicago.nowcast_months"
        " where counted = 'crimes' order by month",
    )
    assert months == [
        (1, 31, True, 930, True, None),
        (2, 29, True, 870, False, None),
        (3, 23, False, 690, True, None),
    ]


@pytest.fixture(scope="module")
def followed(postgres, template):
    """Give a warehouse that has followed a small stand-in city for 130 days."""
    today = date(2026, 6, 30).toordinal()
    history = History(today - 130, today, 60, is_other=False, oldest=130)
    with database_like(postgres, template) as name:
        engine = engine_on(postgres, name)
        with engine.begin() as connection:
            replace_table(connection, "fbi_codes", read_bundled("fbi_codes"))
            write(connection, history, history.versions())
        refresh_views(engine)
        yield engine, history
        engine.dispose()


def test_what_is_compared_is_what_crimes_as_of_holds(followed):
    engine, history = followed
    with engine.connect() as connection:
        past = read_past(connection, date.fromordinal(history.today), 260, by_district=True)
        for day in (history.first_load, history.first_load + 20, history.today - 45):
            moment = datetime.combine(date.fromordinal(day), datetime.min.time(), UTC) + timedelta(hours=12)
            query = text(
                "select date_of_occurrence::date, primary_description, district::text, count(*)"
                " from chicago.crimes_as_of(:moment) where date_of_occurrence >= :first group by 1, 2, 3"
            )
            first = date.fromordinal(day - 120)
            theirs = {
                (row[0].toordinal(), *row[1:3]): row[3]
                for row in connection.execute(query, {"moment": moment, "first": first})
            }
            held = past.held(day)
            held = held[(held["date"] >= day - 120) & (held["crimes"] != 0)]
            assert set(held.itertuples(index=False, name=None)) == {(*key, n) for key, n in theirs.items()}


def test_a_warehouse_that_was_followed_has_a_curve_of_its_own_and_tells_how_its_words_fared(followed):
    engine, _ = followed
    (curve,) = rows(engine, "select distinct basis, days_followed, recent_fits from chicago.reporting_delay")
    assert curve == ("learned", 84, True)
    lines = backtest_lines(engine)
    assert "against what was held 45 days later" in lines[0]
    assert "by a learned curve, 0 by the bundled one" in lines[0]
    (newest,) = [line for line in lines if line.startswith("newest 28 days:")]
    assert " % withheld; raw " in newest
    assert "too low" in newest
    assert "the interval of 90 % held the later number in" in newest
