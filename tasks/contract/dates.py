"""The calendar: one row a Chicago local date, with the City's holidays. Pure; knows no clock.

Here: which days are holidays of the City, and the rows of `chicago.dates`. The City's own list
(`data/holidays.csv`) stands for the years it gives; for the others the PyPI package `holidays` (US,
Illinois) does, under the City's names. Not here: storing them. Mirrors
https://www.chicago.gov/city/en/narr/misc/city-holidays.html.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from itertools import groupby

import pandas as pd
from holidays import country_holidays

from tasks.contract.reference import checked, read_bundled
from tasks.errors import ContractError

SATURDAY, SUNDAY = 6, 7
# The City has closed on Juneteenth since 2022; the package has had it since 2021, as the nation has.
JUNETEENTH_SINCE_YEAR = 2022
JUNETEENTH = "Juneteenth Day"
_CITY_NAMES = {
    "New Year's Day": "New Year's Day",
    "Martin Luther King Jr. Day": "Dr. Martin Luther King Jr.'s Birthday",
    "Lincoln's Birthday": "Lincoln's Birthday",
    "Washington's Birthday": "Washington's Birthday",
    "Casimir Pulaski Day": "Pulaski Day",
    "Memorial Day": "Memorial Day",
    "Juneteenth National Independence Day": JUNETEENTH,
    "Independence Day": "Independence Day",
    "Labor Day": "Labor Day",
    "Columbus Day": "Columbus Day",
    "Veterans Day": "Veterans Day",
    "Thanksgiving Day": "Thanksgiving Day",
    "Christmas Day": "Christmas Day",
}
_NOT_KEPT_BY_THE_CITY = frozenset({"Election Day"})


@dataclass(frozen=True)
class Holiday:
    """One holiday of one year: the day itself, and the day that the City is closed for it."""

    name: str
    actual: date
    observed: date


def dates(first: date, last: date) -> pd.DataFrame:
    """Return rows of `chicago.dates` for occurrences from `first` to `last`, Chicago local dates, both included.

    One row a date, in order, from 1 January of the first's year to 31 December of the year after the last's.
    Columns: those of `tasks.contract.reference.Dates`. `holiday_name` is on the day that the City is closed,
    `actual_holiday_name` on the day itself. Holidays of neighbouring years count: New Year's Day 2028, a
    Saturday, closes 31 December 2027. Raises `ContractError` when `last` is before `first`.
    """
    if last < first:
        raise ContractError(f"No dates from {first} to {last}: the last is before the first.")
    years = range(first.year - 1, last.year + 3)
    holidays = [holiday for year in years for holiday in city_holidays(year)]
    days = pd.date_range(date(first.year, 1, 1), date(last.year + 1, 12, 31), freq="D", unit="us").to_series()
    weekday = days.dt.day_of_week + 1
    frame = pd.DataFrame(
        {
            "date": days,
            "day": days.dt.day,
            "month": days.dt.month,
            "month_name": days.dt.month_name(),
            "year": days.dt.year,
            "quarter": days.dt.quarter,
            "day_of_week": weekday,
            "day_of_week_name": days.dt.day_name(),
            "is_weekend": weekday >= SATURDAY,
            "holiday_name": _names_of(days, {holiday.observed: holiday.name for holiday in holidays}),
            "actual_holiday_name": _names_of(days, {holiday.actual: holiday.name for holiday in holidays}),
        }
    )
    return checked("dates", frame)


def city_holidays(year: int) -> list[Holiday]:
    """Return the holidays of `year` by their actual date, in order: 13, or 12 before 2022 (no Juneteenth).

    Raises `ContractError` where we do not know whether the City keeps a holiday of the package.
    """
    return list(_listed_holidays().get(year) or _holidays_by_rule(year))


def observed(actual: date) -> date:
    """Return when the City closes: the Friday before a Saturday, the Monday after a Sunday, else that day."""
    shift_days = {SATURDAY: -1, SUNDAY: 1}.get(actual.isoweekday(), 0)
    return actual + timedelta(days=shift_days)


@cache
def _listed_holidays() -> dict[int, tuple[Holiday, ...]]:
    """Return the bundled list by year of the actual date."""
    bundled = read_bundled("holidays").sort_values("actual_date")
    listed = [
        Holiday(name, actual, observed)
        for name, actual, observed in zip(
            bundled["holiday_name"],
            bundled["actual_date"].dt.date,
            bundled["observed_date"].dt.date,
            strict=True,
        )
    ]
    return {
        year: tuple(of_year) for year, of_year in groupby(listed, key=lambda holiday: holiday.actual.year)
    }


@cache
def _holidays_by_rule(year: int) -> tuple[Holiday, ...]:
    known = country_holidays("US", subdiv="IL", years=year, observed=False, language="en_US")
    named = [(day, name) for day in sorted(known) for name in known.get_list(day)]
    return tuple(
        Holiday(city_name, day, observed(day))
        for day, name in named
        if name not in _NOT_KEPT_BY_THE_CITY
        for city_name in [_city_name(name)]
        if city_name != JUNETEENTH or year >= JUNETEENTH_SINCE_YEAR
    )


def _city_name(name: str) -> str:
    if name not in _CITY_NAMES:
        raise ContractError(
            f"Unknown holiday of Illinois {name!r}: say in dates.py whether the City keeps it."
        )
    return _CITY_NAMES[name]


def _names_of(days: Iterable[pd.Timestamp], names: dict[date, str]) -> list[str | None]:
    return [names.get(day.date()) for day in days]
