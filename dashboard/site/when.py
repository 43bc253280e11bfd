"""When: hours and weekdays, months, and holidays against what their weekday would give."""

from datetime import timedelta
from typing import Final

import streamlit as st

from dashboard import charts, parts, shapes
from dashboard.warehouse import Freshness, read

_BASES: Final = {"actual": "the holiday itself", "observed": "the day the City is closed for it"}


def show(freshness: Freshness, days: shapes.Held) -> None:
    """Draw the page."""
    parts.head("When", freshness)
    st.subheader("Hour and weekday")
    hours = read(freshness, "weekday_hours")
    if hours["crimes_per_day"].notna().any():
        parts.chart(
            "crimes_by_weekday_and_hour",
            charts.heat_map,
            hours,
            "crimes_by_weekday_and_hour",
            "Complete days only. Exactly 00:00 stands for an unknown time and is left out.",
            "Crimes by hour of the day and day of the week",
        )
    else:
        st.info("We do not hold a complete day yet.")
    st.subheader("Months")
    months = read(freshness, "months")
    parts.chart(
        "crimes_by_month",
        charts.months,
        months,
        "crime_growth_by_month",
        "Crimes a day over the complete days of a month, since months differ in length.",
        "Crimes a day of each month",
    )
    st.subheader("Holidays")
    basis = parts.choose("Which day", "basis", _BASES, "actual")
    holidays = read(freshness, "holidays", basis=basis)
    if (days.last - days.first).days > shapes.MOST_DAYS:
        years = [str(year) for year in range(days.last.year, days.first.year - 1, -1)]
        year = parts.choose(
            "Holidays of", "year", {"newest": "the last two years"} | {y: y for y in years}, "newest"
        )
        since = days.last - timedelta(days=shapes.MOST_DAYS)
        holidays = holidays[
            [one >= since if year == "newest" else str(one.year) == year for one in holidays["date"]]
        ]
    compared = holidays.dropna(subset=["expected"])
    if compared.empty:
        st.info("No holiday can be compared yet: it needs four complete weeks on either side.")
        return
    dispersion = compared["dispersion"].iloc[0]
    parts.chart(
        "holidays",
        charts.holidays,
        holidays,
        "crimes_by_holiday_date",
        "Expected is the mean of the same weekday four weeks before and after, other holidays left out. The bar is "
        "where 19 of 20 ordinary days lie: expected ± 1.96 √(dispersion · expected · (1 + 1/days)); the dispersion, "
        f"{dispersion:.2f}, is how many times more than a Poisson count those days stray. Of twelve holidays, one "
        "outside the bar is no surprise.",
        "Each holiday against the range of ordinary days of its weekday",
    )
    if left := sorted(set(holidays["holiday_name"]) - set(compared["holiday_name"])):
        st.write(
            "Not compared yet, since four weeks on either side are not complete: " + ", ".join(left) + "."
        )
