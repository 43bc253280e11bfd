# ruff: noqa: F811  (the fixtures of views_support)
"""Small hand-computed cities for the views of weekdays, hours, holidays, places, kinds and revisions."""

import math

import pandas as pd
import pytest
from sqlalchemy import text

from tests.integration.views_support import city, load_city, rows, views_engine  # noqa: F401

UNKNOWN_PLACE = {"beat": None, "district": None, "ward": None}
ARRESTED = {"arrest": True}
ROBBERY = {"primary_description": "ROBBERY", "fbi_code": "03"}
HOMICIDE = {"primary_description": "HOMICIDE", "fbi_code": "01A"}


def test_weekdays_are_compared_per_day(views_engine):
    load_city(
        views_engine,
        city(
            ("2024-03-04 00:00", 4),  # Monday
            ("2024-03-11 00:00", 2),  # Monday
            ("2024-03-05 00:00", ROBBERY, 5),  # Tuesday
            ("2024-03-26 00:00", 3),  # Tuesday, recent
            ("2024-03-31 00:00", 6),  # Sunday, recent
            ("2024-03-01 00:00", 2),  # the first of a month: no known day
            ("2024-03-01 00:01", 3),
            ("2024-03-01 00:02", 1),  # Friday
        ),
    )
    query = """
        select day_of_week, day_of_week_name, days, crimes, crimes_per_day, violent_per_day, share, rank
        from chicago.crimes_by_day_of_week order by day_of_week
    """
    nothing = (0, 0, None, None)
    assert rows(views_engine, query) == [
        (1, "Monday", 2, 6, 3.0, 0.0, 0.2308, 2),
        (2, "Tuesday", 1, 8, 5.0, 5.0, 0.3077, 1),
        (3, "Wednesday", *nothing, None, None),
        (4, "Thursday", *nothing, None, None),
        (5, "Friday", 1, 1, 1.0, 0.0, 0.0385, 3),
        (6, "Saturday", *nothing, None, None),
        (7, "Sunday", 0, 6, None, None, 0.2308, None),
        (None, "unknown", 0, 5, None, None, 0.1923, None),
    ]


def test_months_of_the_year_are_compared_per_day_over_all_years(views_engine):
    load_city(
        views_engine,
        city(
            ("2023-02-01 00:00", 3), ("2024-02-29 00:00", 2), ("2024-03-01 00:00", 7), ("2024-03-30 00:00", 1)
        ),
    )
    query = "select month, month_name, days, crimes, crimes_per_day, rank from chicago.crimes_by_month"
    assert rows(views_engine, query + " where crimes > 0 order by month") == [
        (2, "February", 2, 5, 2.5, 2),
        (3, "March", 1, 8, 7.0, 1),
    ]
    assert rows(views_engine, "select count(*) from chicago.crimes_by_month") == [(12,)]


def test_midnight_is_an_unknown_time_and_one_second_later_is_night(views_engine):
    load_city(
        views_engine,
        city(
            ("2024-03-01 00:00:00", 4),
            ("2024-03-01 00:00:01", 1),
            ("2024-03-02 05:59:59", 2),
            ("2024-03-02 06:00", 6),
            ("2024-03-02 23:59", 1),
            ("2024-03-30 12:00", 2),  # recent: counted, but no part of the rate
        ),
    )
    query = (
        "select time_of_day, hours, crimes, crimes_per_hour, share, rank from chicago.crimes_by_time_of_day"
    )
    assert sorted(rows(views_engine, query)) == [
        ("afternoon", 12, 2, 0.0, 0.125, 4),
        ("evening", 12, 1, 0.08, 0.0625, 3),
        ("morning", 12, 6, 0.5, 0.375, 1),
        ("night", 12, 3, 0.25, 0.1875, 2),
        ("unknown", None, 4, None, 0.25, None),
    ]
    query = (
        "select hour, crimes, crimes_at_unknown_time, share, share_of_known_times from chicago.crimes_by_hour"
    )
    assert rows(views_engine, query + " where hour in (0, 1, 6) order by hour") == [
        (0, 5, 4, 0.3125, 0.0833),
        (1, 0, 0, 0.0, 0.0),
        (6, 6, 0, 0.375, 0.5),
    ]


def around(day, count, change=None, weeks=(-4, -3, -2, -1, 1, 2, 3, 4)):
    """Return `count` thefts at midnight on the same weekday of each of these weeks."""
    moment = pd.Timestamp(day)
    return [(str(moment + pd.Timedelta(days=7 * week)), change or {}, count) for week in weeks]


def holidays_of(engine, name):
    query = """
        select
            basis, holidays, crimes, crimes_per_day, compared_holidays, expected_per_day, change_pct,
            violent_per_day, violent_change_pct, rank
        from chicago.crimes_by_holiday
        where holiday_name = :name order by basis
    """
    with engine.connect() as connection:
        found = connection.execute(text(query), {"name": name})
        return [tuple(float(v) if type(v).__name__ == "Decimal" else v for v in row) for row in found]


def test_a_holiday_is_compared_with_its_weekday_around_it_on_both_bases(views_engine):
    load_city(
        views_engine,
        city(
            *around("2023-11-11", 4),  # Saturdays
            ("2023-11-11 00:00", 6),  # Veterans Day
            ("2023-11-11 01:00", ROBBERY, 2),
            *around("2023-11-10", 2),  # Fridays
            ("2023-11-10 00:00", 1),  # the City is closed for it
        ),
    )
    assert holidays_of(views_engine, "Veterans Day") == [
        ("actual", 1, 8, 8.0, 1, 4.0, 100.0, 2.0, None, 1),
        ("observed", 1, 1, 1.0, 1, 2.0, -50.0, 0.0, None, 1),
    ]


def test_both_bases_are_equal_when_it_is_one_day(views_engine):
    load_city(views_engine, city(*around("2023-07-04", 4, ROBBERY), ("2023-07-04 00:00", ROBBERY, 5)))
    numbers = (1, 5, 5.0, 1, 4.0, 25.0, 5.0, 25.0, 1)
    assert holidays_of(views_engine, "Independence Day") == [("actual", *numbers), ("observed", *numbers)]


def test_days_of_other_holidays_are_no_ordinary_days(views_engine):
    # Christmas Day 2023 was a Monday, New Year's Day 2024 the next: seven Mondays are left.
    load_city(
        views_engine,
        city(
            *around("2023-12-25", 3, weeks=(-4, -3, -2, -1, 2, 4)),
            ("2024-01-01 00:00", 100),
            ("2024-01-15 00:00", 100),  # Dr. King's Birthday
            ("2023-12-25 00:00", 3),
        ),
    )
    (actual, _) = holidays_of(views_engine, "Christmas Day")
    assert actual[4:7] == (1, 3.0, 0.0)


def test_a_holiday_with_a_day_around_it_missing_is_not_compared(views_engine):
    load_city(views_engine, city(*around("2023-07-04", 4)[1:], ("2023-07-04 00:00", 5)))
    assert holidays_of(views_engine, "Independence Day")[0] == (
        "actual",
        1,
        5,
        5.0,
        0,
        None,
        None,
        0.0,
        None,
        None,
    )


def test_every_holiday_has_both_rows_even_when_we_hold_none_of_its_days(views_engine):
    load_city(views_engine, city(("2023-07-05 00:00", 1)))
    query = (
        "select basis, count(*), sum(holidays)::int from chicago.crimes_by_holiday group by"
        " basis order by basis"
    )
    assert rows(views_engine, query) == [("actual", 13, 0), ("observed", 13, 0)]


def test_violent_is_by_fbi_code_and_a_beat_off_the_map_is_a_row(views_engine):
    load_city(
        views_engine,
        city(
            ("2024-03-01 00:00", {"beat": "0111", "primary_description": "ASSAULT", "fbi_code": "04A"}, 2),
            ("2024-03-01 00:00", {"beat": "0111", "primary_description": "ASSAULT", "fbi_code": "08A"}, 9),
            ("2024-03-01 00:00", {"beat": "0111", **HOMICIDE}, 2),
            ("2024-03-01 00:00", {"beat": "0112", "primary_description": "BATTERY", "fbi_code": "04B"}, 1),
            ("2024-03-01 00:00", {"beat": "1650", "district": 16, **ROBBERY}, 3),
            ("2024-03-01 00:00", {**UNKNOWN_PLACE, "fbi_code": "02"}, 1),
            ("2024-03-01 00:00", {"beat": "0113", "primary_description": "HOMICIDE", "fbi_code": "01B"}, 1),
        ),
    )
    query = """
        select
            beat, district, district_name, violent_crimes, homicides, sexual_assaults, robberies,
            aggravated_assaults, aggravated_batteries, share, rank, rank_in_district
        from chicago.violent_crimes_by_beat
    """
    assert rows(views_engine, query + " where violent_crimes > 0 order by beat") == [
        ("0111", 1, "Central", 4, 2, 0, 0, 2, 0, 0.4444, 1, 1),
        ("0112", 1, "Central", 1, 0, 0, 0, 0, 1, 0.1111, 3, 2),
        ("1650", 16, "Jefferson Park", 3, 0, 0, 3, 0, 0, 0.3333, 2, 1),
        ("unknown", None, "unknown", 1, 0, 1, 0, 0, 0, 0.1111, None, None),
    ]
    assert rows(views_engine, query + " where beat = '0113'") == [
        ("0113", 1, "Central", 0, 0, 0, 0, 0, 0, 0.0, 4, 3)
    ]
    assert rows(views_engine, query + " where beat = '3100'")[0][:3] == ("3100", 31, "unknown")
    assert rows(views_engine, "select count(*) from chicago.violent_crimes_by_beat") == [(277,)]


def days_of(first, days, district, count):
    return [(str(day), {"district": district}, count) for day in pd.date_range(first, periods=days)]


def test_districts_are_compared_over_28_complete_days(views_engine):
    # The newest complete day is 11 March: 13 February to 11 March, 16 January to 12 February, and 364 days
    # before.
    load_city(
        views_engine,
        city(
            *days_of("2024-02-13", 28, 1, 3),
            *days_of("2024-01-16", 28, 1, 2),
            *days_of("2023-02-14", 28, 1, 1),
            ("2024-03-20 00:00", {"district": 1, **ARRESTED}, 50),
            ("2024-03-01 00:00", {"district": 2, "domestic": True, **ARRESTED, **ROBBERY}, 4),
            ("2024-03-01 00:00", UNKNOWN_PLACE, 1),
        ),
    )
    query = """
        select
            district, district_name, crimes, violent, property, arrests, arrest_rate, domestic_share,
            last_28_days, previous_28_days, change_pct, same_28_days_last_year, year_change_pct,
            crimes_rank, violent_rank, property_rank, arrest_rate_rank, change_rank
        from chicago.crimes_by_district where crimes > 0 order by district
    """
    assert rows(views_engine, query) == [
        (1, "Central", 218, 0, 218, 50, 0.0, 0.0, 84, 56, 50.0, 28, 200.0, 1, 2, 1, 2, 1),
        (2, "Wentworth", 4, 4, 0, 4, 1.0, 1.0, 4, 0, None, 0, None, 2, 1, 2, 1, None),
        (None, "unknown", 1, 0, 1, 0, 0.0, 0.0, 1, 0, None, 0, None, None, None, None, None, None),
    ]


def test_28_days_that_are_not_held_whole_are_null_and_not_nought(views_engine):
    load_city(views_engine, city(*days_of("2024-02-13", 28, 1, 1), *days_of("2024-01-17", 27, 1, 1)))
    query = (
        "select last_28_days, previous_28_days, change_pct, same_28_days_last_year from"
        " chicago.crimes_by_district"
    )
    assert rows(views_engine, query + " where district = 1") == [(28, None, None, None)]
    assert rows(views_engine, query + " where district = 2") == [(0, None, None, None)]


def test_a_kind_is_unusual_in_a_district_by_its_share_in_the_city(views_engine):
    load_city(
        views_engine,
        city(
            ("2024-03-01 00:00", {"district": 1}, 30),
            ("2024-03-01 00:00", {"district": 1, **ROBBERY, **ARRESTED}, 10),
            (
                "2024-03-01 00:00",
                {"district": 2, "primary_description": "NON - CRIMINAL", "fbi_code": "26"},
                10,
            ),
            (
                "2024-03-01 00:00",
                {"district": 2, "primary_description": "NON-CRIMINAL", "fbi_code": "26"},
                10,
            ),
            ("2024-03-01 00:00", UNKNOWN_PLACE, 20),
        ),
    )
    query = """
        select
            district, district_name, primary_description, crimes, share, city_share, location_quotient,
            arrest_rate, rank
        from chicago.crime_types_by_district order by district, primary_description
    """
    assert rows(views_engine, query) == [
        (1, "Central", "ROBBERY", 10, 0.25, 0.125, 2.0, 1.0, 2),
        (1, "Central", "THEFT", 30, 0.75, 0.625, 1.2, 0.0, 1),
        (2, "Wentworth", "NON-CRIMINAL", 20, 1.0, 0.25, 4.0, 0.0, 1),
        (None, "unknown", "THEFT", 20, 1.0, 0.625, 1.6, 0.0, None),
    ]


def test_a_map_cell_is_1000_feet_and_the_crimes_without_a_point_are_one_row(views_engine):
    here = {"x_coordinate": 1_176_000, "y_coordinate": 1_900_999}
    load_city(
        views_engine,
        city(
            ("2024-03-01 00:00", here, 2),
            ("2024-03-03 00:00", {"x_coordinate": 1_176_999, "y_coordinate": 1_900_000}, 1),
            ("2024-03-01 00:00", {**here, **ROBBERY}, 1),
            ("2024-03-01 00:00", {**here, "x_coordinate": 1_177_000}, 1),
            ("2024-03-01 00:00", {"x_coordinate": None, "y_coordinate": None}, 1),
            ("2024-03-02 00:00", {"x_coordinate": None, "y_coordinate": None, **ROBBERY}, 1),
            ("2024-03-01 00:00", {**here, "y_coordinate": None}, 1),
        ),
    )
    query = """
        select cell_x, cell_y, primary_description, is_violent, crimes, latest_date::text
        from chicago.crime_map_cells order by cell_x, cell_y, primary_description
    """
    assert rows(views_engine, query) == [
        (1176, 1900, "ROBBERY", True, 1, "2024-03-01"),
        (1176, 1900, "THEFT", False, 3, "2024-03-03"),
        (1177, 1900, "THEFT", False, 1, "2024-03-01"),
        (None, None, None, None, 3, "2024-03-02"),
    ]
    totals = "select cell_x, cell_y, crimes, violent, latest_date::text from chicago.crime_map_totals order by 1, 2"
    assert rows(views_engine, totals) == [
        (1176, 1900, 4, 1, "2024-03-03"),
        (1177, 1900, 1, 0, "2024-03-01"),
        (None, None, 3, None, "2024-03-02"),
    ]


def test_a_cells_centre_is_where_the_city_says_that_those_feet_are(views_engine):
    # Station of district 1 as published: x 1176569.052, y 1891771.704 is 41.85837259, -87.62735617. Its
    # cell's centre
    # is 69.052 feet west and 271.704 feet south of it on a grid that is turned by 0.471 degrees there.
    point = {"x_coordinate": 1_176_569, "y_coordinate": 1_891_771}
    load_city(views_engine, city(("2024-03-01 00:00", point)))
    (centre,) = rows(views_engine, "select latitude, longitude from chicago.crime_map_cells")
    turn = math.radians(0.471)
    south_feet = 271.704 * math.cos(turn) - 69.052 * math.sin(turn)
    west_feet = 69.052 * math.cos(turn) + 271.704 * math.sin(turn)
    assert centre[0] == pytest.approx(41.85837259 - south_feet * 0.3048006 / 111_070, abs=2e-6)
    assert centre[1] == pytest.approx(-87.62735617 - west_feet * 0.3048006 / 83_050, abs=2e-6)


HISTORY = """
    insert into chicago.crime_history (
        crime_id, case_number, date_of_occurrence, iucr, primary_description, arrest, domestic, beat,
        district,
        loaded_at, retired_at, reason, replaced_by, run_id
    )
    values (
        :crime_id, 'JH1', '2024-03-01 10:00', '1320', 'CRIMINAL DAMAGE', :arrest, false, '0111', 1,
        '2024-03-10T12:00Z', :retired_at, :reason, :replaced_by, '00000000-0000-0000-0000-000000000000'
    )
"""


def add_history(engine, *retired):
    with engine.begin() as connection:
        for row in retired:
            connection.execute(text(HISTORY), row)
        connection.execute(text("update chicago.crimes set loaded_at = '2024-03-20T12:00Z'"))
        connection.execute(text("refresh materialized view concurrently chicago.crime_revisions"))


def retired(crime_id, retired_at, reason, replaced_by, arrest=False):
    return {
        "crime_id": crime_id,
        "retired_at": retired_at,
        "reason": reason,
        "replaced_by": replaced_by,
        "arrest": arrest,
    }


def test_a_revision_is_each_column_that_changed_old_and_new(views_engine):
    # row-old became row-mid (an arrest came), and row-mid became row-0 (reclassified); row-gone was
    # withdrawn.
    load_city(
        views_engine,
        city(("2024-03-01 10:00", {"case_number": "JH1", "iucr": "0810", "ward": None, **ARRESTED})),
    )
    add_history(
        views_engine,
        retired("row-old", "2024-03-15T12:00Z", "revised", "row-mid"),
        retired("row-mid", "2024-03-20T12:00Z", "revised", "row-0", arrest=True),
        retired("row-gone", "2024-03-20T12:00Z", "withdrawn", None),
    )
    query = """
        select case_number, revised_at::date::text, column_name, old_value, new_value, old_crime_id,
        new_crime_id
        from chicago.crime_revisions where column_name <> 'case_number' order by revised_at, column_name
    """
    assert rows(views_engine, query) == [
        ("JH1", "2024-03-15", "arrest", "false", "true", "row-old", "row-mid"),
        ("JH1", "2024-03-20", "fbi_code", None, "06", "row-mid", "row-0"),
        ("JH1", "2024-03-20", "iucr", "1320", "0810", "row-mid", "row-0"),
        ("JH1", "2024-03-20", "primary_description", "CRIMINAL DAMAGE", "THEFT", "row-mid", "row-0"),
    ]


def test_the_record_as_of_an_instant_is_what_we_held_then(views_engine):
    load_city(views_engine, city(("2024-03-01 10:00", 1)))
    add_history(
        views_engine,
        retired("row-old", "2024-03-20T12:00Z", "revised", "row-0"),
        retired("row-gone", "2024-03-15T12:00Z", "withdrawn", None),
    )
    held = {
        "2024-03-10T11:59Z": [],
        "2024-03-10T12:00Z": ["row-gone", "row-old"],
        "2024-03-15T12:00Z": ["row-old"],
        "2024-03-20T12:00Z": ["row-0"],
    }
    for instant, ids in held.items():
        query = f"select crime_id from chicago.crimes_as_of('{instant}') order by crime_id"
        assert [crime_id for (crime_id,) in rows(views_engine, query)] == ids


def test_new_years_day_is_compared_without_the_crimes_of_unknown_days(views_engine):
    # Six of its ten crimes were written down for a day that nobody knew; at noon 4, as on any Monday.
    ordinary = [(f"{moment[:10]} 12:00", 4) for moment, *_ in around("2024-01-01", 1)]
    load_city(
        views_engine,
        city(
            *ordinary,
            *around("2024-01-01", 2),  # Mondays at 00:00: compared without them, too
            ("2024-01-01 00:00", 5),
            ("2024-01-01 00:01", 1),
            ("2024-01-01 12:00", 4),
        ),
    )
    query = (
        "select crimes, compared_crimes, expected, change_pct, is_unusual from chicago.crimes_by_holiday_date"
    )
    assert set(rows(views_engine, query + " where date = '2024-01-01'")) == {(10, 4, 4.0, 0.0, False)}
    query = "select crimes, crimes_per_day, compared_per_day, expected_per_day, change_pct"
    assert rows(
        views_engine,
        query + " from chicago.crimes_by_holiday where holiday_name = 'New Year''s Day' and basis = 'actual'",
    ) == [(10, 10.0, 4.0, 4.0, 0.0)]


def test_the_first_of_a_month_is_no_ordinary_day(views_engine):
    # Veterans Day observed, on Friday: 1 December is three weeks on, and looks busy.
    firsts = [("2023-12-01 00:00", 40)]
    others = [row for row in around("2023-11-10", 2) if row[0][:10] != "2023-12-01"]
    load_city(views_engine, city(*others, *firsts, ("2023-11-10 00:00", 2)))
    query = "select ordinary_days, expected from chicago.crimes_by_holiday_date where date = '2023-11-10'"
    assert rows(views_engine, query) == [(7, 2.0)]


def test_a_late_arrest_is_listed_once_for_a_crime(views_engine):
    # No arrest, then one, taken back, and published again, with a revision between that is none of the arrest.
    load_city(
        views_engine,
        city(("2024-03-01 10:00", {"case_number": "JH1", **ARRESTED}), ("2024-03-01 10:00", ARRESTED)),
    )
    add_history(
        views_engine,
        retired("row-a", "2024-03-12T12:00Z", "revised", "row-b"),
        retired("row-b", "2024-03-14T12:00Z", "revised", "row-c", arrest=True),
        retired("row-c", "2024-03-15T12:00Z", "revised", "row-d"),
        retired("row-d", "2024-03-20T12:00Z", "revised", "row-0"),
        # First seen with an arrest, and so not learned of late.
        retired("row-e", "2024-03-13T12:00Z", "revised", "row-f", arrest=True),
        retired("row-f", "2024-03-20T12:00Z", "revised", "row-1"),
    )
    assert rows(
        views_engine, "select case_number, learned_at::date::text, days_after from chicago.late_arrests"
    ) == [("JH1", "2024-03-12", 11)]
