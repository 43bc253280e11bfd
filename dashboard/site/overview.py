"""Overview: the last complete 28 days against those before and a year before, the trend, and how new all this is."""

import pandas as pd
import streamlit as st

from dashboard import charts, parts, shapes
from dashboard.warehouse import Freshness, read

_NAMES = {
    "crimes": "All crimes",
    "violent": "Violent",
    "property": "Property",
    "arrests": "With an arrest",
    "domestic": "Domestic",
}
_SPANS = {
    "731": "the last two years",
    "all": "all days held",
    "182": "the last 26 weeks",
    "91": "the last 13 weeks",
}


def show(freshness: Freshness, days: shapes.Held) -> None:
    """Draw the page."""
    parts.head("The city in the last 28 complete days", freshness)
    sums = read(freshness, "last_28_days")
    if sums.empty or pd.isna(sums["last_28_days"].iloc[0]):
        st.info("We do not hold 28 complete days yet, so there is nothing to compare.")
    else:
        _compare(sums, days)
    st.subheader("Day by day")
    span = parts.choose("Show", "span", _SPANS, "731")
    first = days.first if span == "all" else shapes.newest(days.first, days.last, int(span))
    frame = read(freshness, "days", first_date=first)
    drawn, step = shapes.thinned(frame)
    rest = f" One day in {step} is drawn; the CSV has all." if step > 1 else ""
    parts.chart(
        "crimes_by_day",
        charts.trend,
        drawn,
        "daily_crimes",
        f"{parts.STILL_FILLING} They are crosses here, and no part of a mean.{rest}",
        "Crimes of each day as dots, with the means of 7 and of 28 days as lines",
        numbers=frame,
    )
    _how_new(freshness, days)


def _compare(sums: pd.DataFrame, days: shapes.Held) -> None:
    first, last = sums["first_date"].iloc[0], sums["last_date"].iloc[0]
    st.write(f"**{first:%-d %B %Y} to {last:%-d %B %Y}**, against the 28 days before.")
    for column, (_, row) in zip(st.columns(len(sums)), sums.iterrows(), strict=True):
        column.metric(
            _NAMES[row["counted"]],
            shapes.number(row["last_28_days"]),
            shapes.change(row["change_pct"]),
            delta_color="off",
            border=True,
        )
    if pd.isna(sums["same_28_days_last_year"].iloc[0]):
        since = shapes.year_comparison_from(days)
        st.write(
            f"**The same 28 days last year: {shapes.NOT_HELD}.** Our first complete day is "
            f"{days.first_complete:%-d %B %Y}; the comparison is there from the load of {since:%-d %B %Y}."
        )
    else:
        said = [
            f"{_NAMES[row['counted']]} {shapes.number(row['same_28_days_last_year'])}"
            f" ({shapes.change(row['year_change_pct'])})"
            for _, row in sums.iterrows()
        ]
        st.write(
            "**The same 28 days last year** (364 days before, so the same weekdays): " + ", ".join(said) + "."
        )
    parts.about(
        "city_last_28_days", "Arrests come late, so the newest 28 days have fewer than they will have."
    )
    parts.csv("last_28_days", sums, st)


def _how_new(freshness: Freshness, days: shapes.Held) -> None:
    st.subheader("How new, and how complete")
    complete = (
        "none"
        if days.last_complete is None
        else f"{days.first_complete:%-d %B %Y} to {days.last_complete:%-d %B %Y}"
    )
    proven = "never" if freshness.last_equal_at is None else f"{freshness.last_equal_at:%-d %B %Y %H:%M} UTC"
    published = (
        "unknown"
        if freshness.source_loaded_at is None
        else f"{freshness.source_loaded_at:%-d %B %Y %H:%M} UTC"
    )
    st.markdown(
        f"- Days held: {days.first:%-d %B %Y} to {days.last:%-d %B %Y}; complete: {complete}.\n"
        f"- The City published last: {published}. All we hold was last proven equal to it: {proven}.\n"
        f"- Last run: {freshness.last_run_status or 'none'}. {parts.STILL_FILLING}"
    )
    parts.about("data_freshness", "The newest day that the City publishes is about eight days old.")
