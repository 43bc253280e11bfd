"""Overview: the last complete 28 days against those before and a year before, the trend, and how new all this is."""

from typing import Final

import pandas as pd
import streamlit as st

from dashboard import charts, items, parts, shapes
from dashboard.items import Asked, Box, Boxes, Chart, Heading, Item, Words
from dashboard.warehouse import Freshness

_NAMES: Final = {
    "crimes": "All crimes",
    "violent": "Violent",
    "property": "Property",
    "arrests": "With an arrest",
    "domestic": "Domestic",
}
_SPANS: Final = {
    "731": "the last two years",
    "all": "all days held",
    "182": "the last 26 weeks",
    "91": "the last 13 weeks",
}


def _what_crosses_are(days: pd.DataFrame) -> str:
    _, step = shapes.thinned(days)
    rest = f" One day in {step} is drawn; the CSV has all." if step > 1 else ""
    return f"{parts.STILL_FILLING} {parts.CROSSES}{rest}"


_TREND: Final = Chart(
    name="crimes_by_day",
    title=shapes.latest_mean,
    view="daily_crimes",
    caveat=_what_crosses_are,
    query="days",
    asks=("first_date",),
    drawing=charts.trend,
    drawn=lambda frame: shapes.thinned(shapes.without_part_of_a_day(frame))[0],
    alt="Crimes of each day as dots, with the means of 7 and of 28 days as lines",
)


def show(freshness: Freshness, days: shapes.Held) -> None:
    """Draw the page."""
    parts.head("The city in the last 28 complete days", freshness)
    sums = Asked(freshness).read("last_28_days")
    if sums.empty or pd.isna(sums["last_28_days"].iloc[0]):
        st.info("We do not hold 28 complete days yet, so there is nothing to compare.")
    else:
        _compare(sums, days)
    span = parts.choose("Show", "span", _SPANS, "731")
    first = days.first if span == "all" else shapes.newest(days.first, days.last, int(span))
    items.draw([_TREND, *_how_new(freshness, days)], Asked(freshness, {"first_date": first}))
    items.how_to_read("data_freshness", "The newest day that the City publishes is about eight days old.")


def _compare(sums: pd.DataFrame, days: shapes.Held) -> None:
    first, last = sums["first_date"].iloc[0], sums["last_date"].iloc[0]
    st.write(f"**{first:%-d %B %Y} to {last:%-d %B %Y}**, against the 28 days before.")
    boxes = [
        Box(
            _NAMES[row["counted"]],
            shapes.number(row["last_28_days"]),
            shapes.judged_change(row["change_pct"], row["change_is_unusual"]),
        )
        for _, row in sums.iterrows()
    ]
    Boxes(boxes).draw()
    st.write(_last_year(sums, days))
    items.how_to_read(
        "city_last_28_days",
        "Arrests come late, so the newest 28 days have fewer than they will have. Chance is judged by how such "
        "changes went in the year before, over the five counts together.",
    )


def _last_year(sums: pd.DataFrame, days: shapes.Held) -> str:
    """Return what there was a year before, or from when on we shall know."""
    if pd.isna(sums["same_28_days_last_year"].iloc[0]):
        since = shapes.year_comparison_from(days)
        return (
            f"**The same 28 days last year: {shapes.NOT_HELD}.** Our first complete day is "
            f"{days.first_complete:%-d %B %Y}; the comparison is there from the load of {since:%-d %B %Y}."
        )
    said = [
        f"{_NAMES[row['counted']]} {shapes.number(row['same_28_days_last_year'])}"
        f" ({shapes.judged_change(row['year_change_pct'], row['year_change_is_unusual'])})"
        for _, row in sums.iterrows()
    ]
    return "**The same 28 days last year** (364 days before, so the same weekdays): " + ", ".join(said) + "."


def _how_new(freshness: Freshness, days: shapes.Held) -> list[Item]:
    complete = (
        "none"
        if days.last_complete is None
        else f"{days.first_complete:%-d %B %Y} to {days.last_complete:%-d %B %Y}"
    )
    proven = shapes.instant(freshness.last_equal_at, "never")
    published = shapes.instant(freshness.source_loaded_at, "unknown")
    words = (
        f"- Days held: {days.first:%-d %B %Y} to {days.last:%-d %B %Y}; complete: {complete}.\n"
        f"- The City published last: {published}. All we hold was last proven equal to it: {proven}.\n"
        f"- Last run: {freshness.last_run_status or 'none'}. {parts.STILL_FILLING}"
    )
    return [Heading("How new, and how complete"), Words(words)]
