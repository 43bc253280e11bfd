"""When: hours and weekdays, months, and holidays against what their weekday would give."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any, Final

import pandas as pd
import streamlit as st

from dashboard import charts, columns, items, parts, shapes
from dashboard.items import Asked, Chart, Heading
from dashboard.warehouse import Freshness

_BASES: Final = {"actual": "the holiday itself", "observed": "the day the City is closed for it"}


def _if_any_day(hours: pd.DataFrame) -> pd.DataFrame:
    return hours if hours["crimes_per_day"].notna().any() else hours.iloc[:0]


def _most_and_fewest(frame: pd.DataFrame, name: Callable[[Any], str]) -> tuple[str, str]:
    """Return the row with most crimes a day, and that with fewest, in words."""
    ranked = frame.dropna(subset=["crimes_per_day"]).sort_values("crimes_per_day", ascending=False)
    rows = list(ranked.itertuples())
    most, fewest = (f"{name(row)}, {columns.one_decimal(row.crimes_per_day)}" for row in (rows[0], rows[-1]))
    return most, fewest


def _busiest_hour(hours: pd.DataFrame) -> str:
    most, fewest = _most_and_fewest(
        hours, lambda row: f"{row.day_of_week_name} from {columns.hour(row.hour)}"
    )
    return f"Crimes in an hour of one complete day: most on {most}; fewest on {fewest}"


def _busiest_month(months: pd.DataFrame) -> str:
    whole = months[months["is_complete"].astype(bool)].dropna(subset=["crimes_per_day"])
    if whole.empty:
        return "Crimes a day of each month: no whole month is held yet"
    most, fewest = _most_and_fewest(whole, lambda row: columns.month(row.month))
    return f"Crimes a day, of whole months: most in {most}; fewest in {fewest}"


def _outstanding(holidays: pd.DataFrame) -> str:
    compared = holidays.dropna(subset=["expected"])
    found = compared[compared["stands_out"].fillna(value=False).astype(bool)]
    if found.empty:
        return f"None of {len(compared)} holidays differs from ordinary days by more than chance, in crimes that day"
    named = [f"{row['holiday_name']} ({columns.percent(row['change_pct'])})" for _, row in found.iterrows()]
    return (
        f"{len(found)} of {len(compared)} holidays differ from ordinary days by more than chance, in crimes that day: "
        + ", ".join(named[:4])
        + (" and others" if len(named) > 4 else "")
    )


_HOURS_AND_MONTHS: Final = (
    Chart(
        name="crimes_by_weekday_and_hour",
        title=_busiest_hour,
        view="crimes_by_weekday_and_hour",
        caveat="Complete days only, in the picture and in the file. Exactly 00:00 and 00:01 stand for an unknown time "
        "and are left out; noon has some of these too, and nobody knows which.",
        query="weekday_hours",
        prepare=_if_any_day,
        empty="We do not hold a complete day yet.",
        drawing=charts.heat_map,
        alt="Crimes by hour of the day and day of the week",
    ),
    Chart(
        name="crimes_by_month",
        title=_busiest_month,
        view="crime_growth_by_month",
        caveat="Crimes a day over the complete days of a month, since months differ in length.",
        query="months",
        drawing=charts.months,
        alt="Crimes a day of each month",
    ),
    Heading("Holidays"),
)


def _expected(holidays: pd.DataFrame) -> str:
    """Return what is to be known of the range; the dispersion is that of the days that it was made of."""
    dispersion = holidays["dispersion"].dropna().iloc[0]
    return (
        "Expected is the mean of the same weekday four weeks before and after, other holidays left out. The bar is "
        "where 19 of 20 ordinary days lie: expected ± 1.96 √(dispersion · expected · (1 + 1/days)); the dispersion, "
        f"{dispersion:.2f}, is how many times more than a Poisson count those days stray. One in 20 lies outside "
        "its bar by chance, so that a circle may: a diamond is beyond chance among all holidays. The CSV has violent "
        "crimes too."
    )


def show(freshness: Freshness, days: shapes.Held) -> None:
    """Draw the page."""
    parts.head("When", freshness)
    items.draw(_HOURS_AND_MONTHS, Asked(freshness))
    asked = Asked(freshness, {"basis": parts.choose("Which day", "basis", _BASES, "actual")})
    chart = _holidays(_of_years(days))
    chart.draw(asked)
    held = chart.prepare(asked.read(chart.query, chart.asks))
    compared = held.dropna(subset=["expected"])
    left = sorted(set(held["holiday_name"]) - set(compared["holiday_name"]))
    if left and not compared.empty:
        st.write(
            "Not compared yet, since four weeks on either side are not complete: " + ", ".join(left) + "."
        )


def _holidays(chosen: Callable[[pd.DataFrame], pd.DataFrame]) -> Chart:
    return Chart(
        name="holidays",
        title=_outstanding,
        view="crimes_by_holiday_date",
        caveat=_expected,
        query="holidays",
        asks=("basis",),
        prepare=chosen,
        empty="No holiday can be compared yet: it needs four complete weeks on either side.",
        drawing=charts.holidays,
        alt="Each holiday against the range of ordinary days of its weekday",
    )


def _of_years(days: shapes.Held) -> Callable[[pd.DataFrame], pd.DataFrame]:
    """Return what leaves the holidays of the years that are asked for, where more are held than can be drawn."""
    if (days.last - days.first).days <= shapes.MAX_DAYS:
        return partial(_if_any_compared, year=None, days=days)
    years = [str(year) for year in range(days.last.year, days.first.year - 1, -1)]
    choices = {"newest": "the last two years"} | {year: year for year in years}
    return partial(_if_any_compared, year=parts.choose("Holidays of", "year", choices, "newest"), days=days)


def _if_any_compared(holidays: pd.DataFrame, year: str | None, days: shapes.Held) -> pd.DataFrame:
    if year is not None:
        since = days.last - timedelta(days=shapes.MAX_DAYS)
        chosen = [one >= since if year == "newest" else str(one.year) == year for one in holidays["date"]]
        holidays = holidays[chosen]
    return holidays if holidays["expected"].notna().any() else holidays.iloc[:0]
