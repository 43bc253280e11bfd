# ruff: noqa: F811  (the fixtures of views_support)
"""Small hand-computed cities: what the views that the dashboard added say of them, to the number."""

import math
from datetime import date, timedelta

import pytest
from sqlalchemy import text

from tests.integration.views_support import city, load_city, rows, views_engine  # noqa: F401  (a fixture)


def daily(first, counts):
    """Return so many thefts on each day from the first, the first of each day at midnight."""
    start = date.fromisoformat(first)
    return [
        (f"{start + timedelta(days=number)} 00:00", count) for number, count in enumerate(counts) if count
    ]


def test_the_last_28_days_are_compared_with_those_before_and_a_year_before(views_engine):
    # 11 March 2024 is the last complete day: 13 February to 11 March, 16 January to 12 February; a year before is not
    # held.
    load_city(
        views_engine,
        city(*daily("2024-01-16", [20] * 28 + [30] * 40), ("2024-03-11 10:00", {"arrest": True}, 4)),
    )
    query = "select * from chicago.city_last_28_days"
    *compared, corrected, _, published_share = rows(views_engine, query)[0]
    assert compared == [
        *("crimes", date(2024, 2, 13), date(2024, 3, 11), 844, 560, 50.71),
        *(None, None),
        # Half a year is needed to say what chance allows.
        *(None,) * 8,
    ]
    # The newer 28 days still gain more rows than those before.
    shares = dict(
        rows(
            views_engine,
            "select period, published_share from chicago.published_shares"
            " where family = 'city' and place = 'crimes'",
        )
    )
    newest, before = shares["complete_28"], shares["before_complete_28"]
    assert 0.95 < newest < before < 1
    assert published_share == pytest.approx(newest, abs=1e-4)
    assert corrected == pytest.approx(100 * (844 / 560 * before / newest - 1), abs=0.01)
    assert [row[3:5] for row in rows(views_engine, query)] == [(844, 560), (0, 0), (844, 560), (4, 0), (0, 0)]


def test_a_year_before_is_compared_when_it_is_held(views_engine):
    load_city(views_engine, city(*daily("2023-02-14", [1] * 28), *daily("2024-02-13", [2] * 28)))
    query = (
        "select last_28_days, previous_28_days, same_28_days_last_year, year_change_pct from"
        " chicago.city_last_28_days where counted = 'crimes'"
    )
    assert rows(views_engine, query) == [(56, None, 28, 100.0)]


def test_an_hour_of_a_weekday_is_compared_by_day_without_unknown_times(views_engine):
    load_city(
        views_engine,
        city(
            ("2024-03-04 00:00", 5),  # Mondays; the time of these is not known
            ("2024-03-04 00:01", 2),  # nor of these
            ("2024-03-04 00:30", 3),
            ("2024-03-11 00:30", 1),
            ("2024-03-18 00:30", 7),  # not complete
        ),
    )
    query = "select * from chicago.crimes_by_weekday_and_hour where crimes > 0"
    assert rows(views_engine, query) == [(1, "Monday", 0, 2, 18, 5, 3.0, 7, 0, 2.0, *(None,) * 6)]
    assert rows(views_engine, "select count(*) from chicago.crimes_by_weekday_and_hour") == [(168,)]


def test_a_holiday_has_the_range_of_ordinary_days_of_its_weekday(views_engine):
    # Lincoln's Birthday, Monday 12 February 2024: four Mondays on either side, less those that are holidays
    # (15 January and 19 February; Pulaski Day, 4 March): 22 and 29 January, 5 and 26 February, 11 March.
    mondays = {"2024-01-22": 8, "2024-01-29": 12, "2024-02-05": 10, "2024-02-26": 14, "2024-03-11": 6}
    others = {"2024-01-15": 99, "2024-02-12": 30, "2024-02-19": 99, "2024-03-04": 99}
    load_city(
        views_engine,
        city(*[(f"{day} 00:00", count) for day, count in sorted({**mondays, **others}.items())]),
    )
    query = (
        "select crimes, ordinary_days, expected, expected_low, expected_high, dispersion, is_unusual from"
        " chicago.crimes_by_holiday_date where date = '2024-02-12' and basis = 'actual'"
    )
    dispersion = (4 + 4 + 0 + 16 + 16) / 10 / 4
    half = 1.96 * math.sqrt(dispersion * 10 * (1 + 1 / 5))
    assert rows(views_engine, query) == [
        (
            30,
            5,
            10.0,
            pytest.approx(10 - half, abs=0.006),
            pytest.approx(10 + half, abs=0.006),
            dispersion,
            True,
        )
    ]
    query = "select expected, is_unusual from chicago.crimes_by_holiday_date where date = '2024-03-04'"
    assert set(rows(views_engine, query)) == {(None, None)}


def test_a_late_arrest_is_dated_by_the_day_we_learned_of_it(views_engine):
    load_city(
        views_engine, city(("2024-03-01 23:00", {"arrest": True}), ("2024-03-02 10:00", {"arrest": True}))
    )
    with views_engine.begin() as connection:
        for crime, arrest in (("row-0", False), ("row-1", True)):
            connection.execute(
                text(
                    "insert into chicago.crime_history select (jsonb_populate_record(null::chicago.crime_history,"
                    " to_jsonb(crimes) || jsonb_build_object('crime_id', 'old-' || crime_id, 'arrest', :arrest,"
                    " 'domestic', true, 'retired_at', '2024-03-12T02:00:00Z', 'reason', 'revised', 'replaced_by',"
                    " crime_id, 'run_id', gen_random_uuid()))).* from chicago.crimes where crime_id = :crime"
                ),
                {"crime": crime, "arrest": arrest},
            )
        connection.execute(text("refresh materialized view chicago.crime_revisions"))
    # 02:00 UTC is still 11 March in Chicago.
    assert rows(views_engine, "select case_number, district, days_after from chicago.late_arrests") == [
        ("JH0", 1, 10)
    ]
