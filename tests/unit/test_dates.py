"""The calendar: every date once, and the City's holidays on the right ones."""

from datetime import date, timedelta

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.contract.dates import city_holidays, dates, observed
from tasks.contract.reference import read_bundled
from tasks.errors import ContractError

YEARS = range(2001, 2041)


def row_of(day, first=None, last=None):
    frame = dates(first or day, last or day).set_index("date")
    return frame.loc[pd.Timestamp(day)]


def test_every_day_from_the_first_year_to_the_year_after_the_last_stands_once():
    frame = dates(date(2023, 1, 7), date(2024, 1, 6))
    assert frame["date"].dt.date.tolist() == [
        date(2023, 1, 1) + timedelta(days=day) for day in range(365 + 366 + 365)
    ]


def test_one_day_has_the_fields_of_its_date():
    assert row_of(date(2024, 2, 29)).dropna().to_dict() == {
        "day": 29,
        "month": 2,
        "month_name": "February",
        "year": 2024,
        "quarter": 1,
        "day_of_week": 4,
        "day_of_week_name": "Thursday",
        "is_weekend": False,
    }


def test_weekdays_run_from_1_monday_to_7_sunday():
    week = dates(date(2024, 1, 1), date(2024, 1, 1)).head(7)
    assert week["day_of_week"].tolist() == [1, 2, 3, 4, 5, 6, 7]
    assert week["day_of_week_name"].tolist() == [
        "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday",
    ]  # fmt: skip
    assert week["is_weekend"].tolist() == [False] * 5 + [True] * 2


def test_new_years_day_2028_closes_the_last_day_of_2027():
    closed = row_of(date(2027, 12, 31), last=date(2026, 6, 1), first=date(2026, 1, 1))
    assert closed["holiday_name"] == "New Year's Day"
    assert pd.isna(closed["actual_holiday_name"])


def test_the_holidays_of_the_year_before_do_not_reach_into_the_first_year():
    # No holiday of a December is observed in January; the first of January is the year's own.
    assert row_of(date(2023, 1, 2))["holiday_name"] == "New Year's Day"
    assert row_of(date(2023, 1, 1))["actual_holiday_name"] == "New Year's Day"
    assert pd.isna(row_of(date(2023, 1, 1))["holiday_name"])


def test_july_4_2026_is_observed_on_friday_the_3rd():
    closed, day = row_of(date(2026, 7, 3)), row_of(date(2026, 7, 4))
    assert (closed["holiday_name"], pd.isna(closed["actual_holiday_name"])) == ("Independence Day", True)
    assert (pd.isna(day["holiday_name"]), day["actual_holiday_name"]) == (True, "Independence Day")


def test_election_day_is_not_a_holiday_of_the_city():
    assert pd.isna(row_of(date(2026, 11, 3))["holiday_name"])
    assert pd.isna(row_of(date(2028, 11, 7))["actual_holiday_name"])


@pytest.mark.parametrize("year", YEARS)
def test_a_year_has_13_holidays_and_12_before_juneteenth(year):
    holidays = city_holidays(year)
    assert len(holidays) == (13 if year >= 2022 else 12)
    assert len({holiday.name for holiday in holidays}) == len(holidays)
    assert [holiday.actual for holiday in holidays] == sorted(holiday.actual for holiday in holidays)
    assert {holiday.name for holiday in holidays} <= set(read_bundled("holidays")["holiday_name"])


@pytest.mark.parametrize("year", YEARS)
def test_the_city_closes_on_a_weekday_next_to_the_holiday(year):
    for holiday in city_holidays(year):
        assert holiday.observed.isoweekday() <= 5
        assert holiday.observed == observed(holiday.actual)


def test_no_two_holidays_close_the_same_day():
    closed = [holiday.observed for year in YEARS for holiday in city_holidays(year)]
    assert len(closed) == len(set(closed))


def test_the_rule_agrees_with_the_citys_own_list():
    from tasks.contract.dates import _holidays_by_rule

    for year in range(2023, 2027):
        assert list(_holidays_by_rule(year)) == city_holidays(year)


def test_a_holiday_that_nobody_decided_on_is_an_error(monkeypatch):
    from tasks.contract import dates as module

    known = {key: name for key, name in module._CITY_NAMES.items() if key != "Labor Day"}
    monkeypatch.setattr(module, "_CITY_NAMES", known)
    module._holidays_by_rule.cache_clear()
    with pytest.raises(ContractError, match="Labor Day"):
        city_holidays(2031)


def test_a_last_day_before_the_first_is_refused():
    with pytest.raises(ContractError, match="before the first"):
        dates(date(2024, 1, 2), date(2024, 1, 1))


@settings(max_examples=25, deadline=None)
@given(
    first=st.dates(date(2001, 1, 1), date(2038, 12, 31)),
    days=st.integers(min_value=0, max_value=800),
)
def test_any_span_is_covered_with_the_next_year_and_all_its_holidays(first, days):
    last = first + timedelta(days=days)
    frame = dates(first, last)
    assert frame["date"].min() <= pd.Timestamp(first)
    assert frame["date"].max() == pd.Timestamp(last.year + 1, 12, 31)
    expected = [holiday for year in range(first.year, last.year + 2) for holiday in city_holidays(year)]
    assert frame["actual_holiday_name"].dropna().tolist() == [holiday.name for holiday in expected]
    assert frame["date"].dt.isocalendar().day.tolist() == frame["day_of_week"].tolist()
