# ruff: noqa: F811  (the fixtures of views_support)
"""Small hand-computed cities: what each view says of them, to the number."""

import pytest
from sqlalchemy import text

from tests.integration.views_support import city, load_city, rows, views_engine  # noqa: F401  (a fixture)

UNKNOWN_PLACE = {"beat": None, "district": None, "ward": None}
ASSAULT = {"primary_description": "ASSAULT", "fbi_code": "08A"}
AGGRAVATED_ASSAULT = {"primary_description": "ASSAULT", "fbi_code": "04A"}
HOMICIDE = {"primary_description": "HOMICIDE", "fbi_code": "01A"}
ARRESTED = {"arrest": True}
# A calendar day of each month that the growth city holds, whole from midnight.
WHOLE = "00:00"


def every_day(month, last_day, count):
    """Return rows for every day of a month: `count` thefts a day, the first at midnight."""
    return [(f"{month}-{day:02d} {WHOLE}", count) for day in range(1, last_day + 1)]


def test_a_day_is_complete_when_held_whole_and_three_weeks_before_the_last_load(views_engine):
    load_city(
        views_engine,
        city(
            ("2024-03-08 05:05", 3),
            ("2024-03-09 12:00", {"arrest": True}, 2),
            ("2024-03-11 00:00", AGGRAVATED_ASSAULT, 1),
            ("2024-03-12 00:00", {"domestic": True}, 4),
        ),
    )
    query = (
        "select date::text, crimes, violent, property, arrests, domestic, is_complete from"
        " chicago.daily_crimes"
    )
    assert rows(views_engine, query + " order by date") == [
        ("2024-03-08", 3, 0, 3, 0, 0, False),  # the source gave it from 05:05 only
        ("2024-03-09", 2, 0, 2, 2, 0, True),
        ("2024-03-11", 1, 1, 0, 0, 0, True),  # 21 days before the load of 1 April; the 10th is not held
        ("2024-03-12", 4, 0, 4, 0, 4, False),
    ]


def test_the_first_day_counts_when_it_is_held_from_midnight(views_engine):
    load_city(views_engine, city(("2024-03-01 00:00", 1), ("2024-03-02 10:00", 1)))
    assert rows(views_engine, "select is_complete from chicago.daily_crimes order by date") == [
        (True,),
        (True,),
    ]


def test_the_load_is_dated_in_chicago_not_in_utc(views_engine):
    # 02:00 UTC of 2 April is still 1 April in Chicago, so 12 March is 20 days old.
    late = {"updated_at": "2024-04-02T02:00:00Z"}
    load_city(views_engine, city(("2024-03-11 00:00", late), ("2024-03-12 00:00", late)))
    assert rows(views_engine, "select is_complete from chicago.daily_crimes order by date") == [
        (True,),
        (False,),
    ]


def test_without_any_stamp_of_the_source_no_day_is_complete(views_engine):
    load_city(views_engine, city(("2024-03-01 00:00", {"updated_at": None}, 2)))
    assert rows(views_engine, "select crimes, is_complete from chicago.daily_crimes") == [(2, False)]


def test_a_mean_needs_all_its_days(views_engine):
    days = [(f"2024-02-{day:02d} 00:00", 7 if day == 7 else 1) for day in range(1, 9)]
    load_city(views_engine, city(*days, ("2024-02-10 00:00", 1)))
    query = "select date::text, mean_7_days, mean_28_days from chicago.daily_crimes order by date"
    means = {date: mean for date, mean, _ in rows(views_engine, query)}
    assert means["2024-02-06"] is None
    assert means["2024-02-07"] == pytest.approx(13 / 7, abs=0.005)
    assert means["2024-02-08"] == pytest.approx(13 / 7, abs=0.005)
    assert means["2024-02-10"] is None  # the 9th is not held


def test_districts_are_ranked_by_arrests_and_the_unknown_one_is_not(views_engine):
    load_city(
        views_engine,
        city(
            ("2024-03-01 00:00", ARRESTED, 1),
            ("2024-03-01 10:00", 3),
            ("2024-03-02 10:00", {"district": 2, **ARRESTED}, 2),
            ("2024-03-30 10:00", {"district": 2, **ARRESTED}, 5),  # recent: counted, but no part of the rate
            ("2024-03-01 10:00", {"district": 31}, 1),  # a district without a station
            ("2024-03-01 10:00", UNKNOWN_PLACE, 4),
        ),
    )
    query = """
        select
            district, district_name, total_arrests, total_crimes, arrest_percentage,
            arrest_ratio_rank, arrest_total_rank, total_crimes_rank
        from chicago.police_rank_by_arrest
        where total_crimes > 0 order by district
    """
    assert rows(views_engine, query) == [
        (1, "Central", 1, 4, 25.0, 2, 2, 2),
        (2, "Wentworth", 7, 7, 100.0, 1, 1, 1),
        (31, "unknown", 0, 1, 0.0, 3, 3, 3),
        (None, "unknown", 0, 4, 0.0, None, None, None),
    ]
    station = rows(
        views_engine,
        "select address, zip, phone, arrest_percentage, arrest_ratio_rank,"
        " arrest_total_rank, total_crimes_rank"
        " from chicago.police_rank_by_arrest where district = 25",
    )
    assert station == [("5555 W Grand Ave", "60639", "312-746-8605", None, None, 3, 4)]
    assert rows(
        views_engine, "select count(*), sum(total_crimes)::int from chicago.police_rank_by_arrest"
    ) == [(24, 16)]


def test_a_ward_has_its_two_most_common_crimes_and_unknown_wards_are_a_row(views_engine):
    load_city(
        views_engine,
        city(
            (
                "2024-03-01 00:00",
                {"ward": 7, "primary_description": "CRIM SEXUAL ASSAULT", "fbi_code": "02"},
                2,
            ),
            (
                "2024-03-01 01:00",
                {"ward": 7, "primary_description": "CRIMINAL SEXUAL ASSAULT", "fbi_code": "02"},
                2,
            ),
            ("2024-03-01 01:00", {"ward": 7, **ASSAULT, **ARRESTED}, 3),
            ("2024-03-01 01:00", {"ward": 7}, 3),
            ("2024-03-29 01:00", {"ward": 7, **HOMICIDE, **ARRESTED}, 1),
            ("2024-03-01 01:00", {"ward": 8}, 1),
            ("2024-03-01 01:00", UNKNOWN_PLACE, 1),
        ),
    )
    query = """
        select
            ward, ward_name, alderman, total_crimes, total_crimes_rank, most_common_crime,
            second_most_common_crime,
            violent, arrest_rate, ward_phone, email
        from chicago.ward_crimes_summary
    """
    assert rows(views_engine, query + " where total_crimes > 0 order by ward") == [
        (
            7, "7", "Mitchell, Gregory I.", 11, 1, "CRIMINAL SEXUAL ASSAULT", "ASSAULT", 5, 0.3,
            "(773) 731-7777", "Ward07@cityofchicago.org",
        ),
        (
            8, "8", "Harris, Michelle A.", 1, 2, "THEFT", None, 0, 0.0, "(773) 874-3300",
            "Ward08@cityofchicago.org",
        ),
        (None, "unknown", None, 1, None, "THEFT", None, 0, 0.0, None, None),
    ]  # fmt: skip
    assert rows(views_engine, query + " where ward = 50") == [
        (
            50,
            "50",
            "Silverstein, Debra L.",
            0,
            3,
            None,
            None,
            0,
            None,
            "(773) 262-1050",
            "Ward50@cityofchicago.org",
        )
    ]
    assert rows(views_engine, "select count(*) from chicago.ward_crimes_summary") == [(51,)]


def test_months_are_compared_per_day_and_only_when_both_are_whole(views_engine):
    load_city(
        views_engine,
        city(
            *every_day("2022-11", 30, 2),
            ("2023-09-01 00:00", 5),  # a month held in part
            *every_day("2023-11", 30, 1),
            *every_day("2023-12", 31, 3),
            *every_day(
                "2024-03", 20, 2
            ),  # the 12th to the 20th still gain rows; January and February are not held
        ),
    )
    query = """
        select
            year, month, days, is_complete, crimes, crimes_per_day, previous_crimes_per_day, growth_pct,
            same_month_last_year_per_day, year_growth_pct
        from chicago.crime_growth_by_month order by year, month
    """
    assert rows(views_engine, query) == [
        (2022, 11, 30, True, 60, 2.0, None, None, None, None),
        (2023, 9, 1, False, 5, 5.0, None, None, None, None),
        (2023, 11, 30, True, 30, 1.0, None, None, 2.0, -50.0),
        (2023, 12, 31, True, 93, 3.0, 1.0, 200.0, None, None),
        (2024, 3, 11, False, 40, 2.0, None, None, None, None),
    ]


def test_a_month_that_is_not_whole_shows_the_one_before_and_no_growth(views_engine):
    load_city(views_engine, city(*every_day("2024-02", 29, 2), ("2024-03-01 00:00", 4)))
    query = (
        "select month, crimes_per_day, previous_crimes_per_day, growth_pct from chicago.crime_growth_by_month"
    )
    assert rows(views_engine, query + " order by month") == [(2, 2.0, None, None), (3, 4.0, 2.0, None)]


def test_a_holiday_is_the_day_itself_and_not_the_day_the_city_is_closed(views_engine):
    load_city(
        views_engine,
        city(
            ("2023-11-10 00:00", 1),  # Friday: the City is closed for Veterans Day
            ("2023-11-11 00:00", 4),  # Saturday: Veterans Day
            ("2023-11-11 13:00", AGGRAVATED_ASSAULT, 2),
            ("2023-11-12 00:00", 2),
            ("2024-03-31 00:00", 9),  # recent, no holiday
        ),
    )
    query = "select is_holiday, days, crimes, crimes_per_day, violent_per_day"
    assert rows(views_engine, query + " from chicago.holiday_vs_non_holiday_crimes order by is_holiday") == [
        (False, 2, 12, 1.5, 0.0),
        (True, 1, 6, 6.0, 2.0),
        (None, 0, 0, None, None),
    ]


def test_both_sides_of_a_comparison_are_rows_when_one_has_no_day(views_engine):
    load_city(views_engine, city(("2024-03-05 00:00", 1)))
    query = "select is_holiday, days, crimes, crimes_per_day from chicago.holiday_vs_non_holiday_crimes"
    assert rows(views_engine, query + " order by is_holiday") == [
        (False, 1, 1, 1.0),
        (True, 0, 0, None),
        (None, 0, 0, None),
    ]


def test_a_crime_is_enriched_and_never_lost_or_doubled(views_engine):
    load_city(
        views_engine,
        city(
            (
                "2023-11-11 23:59:59",
                {"primary_description": "CRIM SEXUAL ASSAULT", "fbi_code": "02", "ward": 35},
            ),
            ("2024-03-05 00:00", {**UNKNOWN_PLACE, "fbi_code": "99"}),
            ("2024-03-05 00:00:01", {"primary_description": "NON - CRIMINAL", "fbi_code": None}),
            ("1999-01-01 06:00", 1),  # before the calendar begins
        ),
    )
    query = """
        select
            date::text, year, quarter, month, month_name, day_of_week, day_of_week_name, is_weekend, hour,
            time_of_day,
            holiday_name, actual_holiday_name, district_name, alderman, fbi_name, is_index, is_violent,
            is_property,
            primary_type
        from chicago.crimes_enriched order by date_of_occurrence
    """
    assert rows(views_engine, query) == [
        (
            "1999-01-01", 1999, 1, 1, "January", 5, "Friday", False, 6, "morning", None, None, "Central",
            "Reilly, Brendan", "Larceny", True, False, True, "THEFT",
        ),
        (
            "2023-11-11", 2023, 4, 11, "November", 6, "Saturday", True, 23, "evening", None, "Veterans Day",
            "Central",
            "Quezada, Anthony J.", "Criminal Sexual Assault", True, True, False, "CRIMINAL SEXUAL ASSAULT",
        ),
        (
            "2024-03-05", 2024, 1, 3, "March", 2, "Tuesday", False, 0, "unknown", None, None, "unknown",
            None, None, None, None, None, "THEFT",
        ),
        (
            "2024-03-05", 2024, 1, 3, "March", 2, "Tuesday", False, 0, "night", None, None, "Central",
            "Reilly, Brendan", None, None, None, None, "NON-CRIMINAL",
        ),
    ]  # fmt: skip
    columns = (
        "select column_name from information_schema.columns where table_schema = 'chicago' and table_name = "
    )
    crimes = rows(views_engine, columns + "'crimes' order by ordinal_position")
    enriched = rows(views_engine, columns + "'crimes_enriched' order by ordinal_position")
    assert enriched[: len(crimes)] == crimes


def test_every_view_reads_an_empty_warehouse(views_engine):
    load_city(views_engine, city(("2024-03-05 00:00", 1)).head(0))
    for view in view_names(views_engine):
        rows(views_engine, f"select * from chicago.{view}")
    assert rows(views_engine, "select count(*), sum(total_crimes)::int from chicago.ward_crimes_summary") == [
        (51, 0)
    ]


def test_every_view_and_column_has_its_comment(views_engine):
    silent = """
        select class.relname, attribute.attname
        from pg_class as class
        inner join pg_attribute as attribute on class.oid = attribute.attrelid and attribute.attnum > 0
        where class.relnamespace = 'chicago'::regnamespace and class.relkind in ('r', 'v', 'm')
            and not attribute.attisdropped
            and (
                col_description(class.oid, attribute.attnum) is null
                or obj_description(class.oid, 'pg_class') is null
            )
    """
    assert rows(views_engine, silent) == []


def test_every_materialized_view_can_be_refreshed_concurrently_with_an_unknown_row(views_engine):
    load_city(
        views_engine,
        city(("2024-03-01 00:00", UNKNOWN_PLACE, 2), ("2024-03-01 01:00", {"fbi_code": None}, 3)),
    )
    for _ in range(2):
        with views_engine.begin() as connection:
            for view in view_names(views_engine, kinds=("m",)):
                connection.execute(text(f"refresh materialized view concurrently chicago.{view}"))
    assert rows(views_engine, "select total_crimes from chicago.ward_crimes_summary where ward is null") == [
        (2,)
    ]
    assert rows(
        views_engine, "select total_crimes from chicago.police_rank_by_arrest where district is null"
    ) == [(2,)]


def view_names(engine, kinds=("v", "m")):
    with engine.connect() as connection:
        names = connection.execute(
            text(
                "select relname from pg_class where relnamespace = 'chicago'::regnamespace and"
                " relkind = any(:kinds)"
                " order by relname"
            ),
            {"kinds": list(kinds)},
        )
        return names.scalars().all()
