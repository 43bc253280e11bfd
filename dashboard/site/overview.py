"""Overview: is it getting worse, where, and is that more than chance? What is out of the ordinary, and the trend."""

from html import escape
from typing import Final

import pandas as pd
import streamlit as st

from dashboard import charts, findings, items, parts, shapes
from dashboard.items import Asked, Boxes, Chart, Heading, Item, Words
from dashboard.warehouse import Freshness

_SPANS: Final = {
    "731": "the last two years",
    "all": "all days held",
    "182": "the last 26 weeks",
    "91": "the last 13 weeks",
}
_MOST_FINDINGS: Final = 10
_NEWEST: Final = {"newest_7": "newest 7 days", "newest_28": "newest 28 days"}


def _what_crosses_are(days: pd.DataFrame) -> str:
    _, step = shapes.thinned(days)
    rest = f" One day in {step} is drawn; the CSV has all." if step > 1 else ""
    band = (
        " The band is around the mean of the same 28 days a year before, as wide as chance and the usual drift leave "
        "the mean of 28 days, 19 times of 20."
        if shapes.has_season(days)
        else " There is no band for the season yet: it takes 56 weeks and the same days a year before."
    )
    return f"{parts.STILL_FILLING} {parts.CROSSES}{band}{rest}"


def _trend(changes: pd.DataFrame) -> Chart:
    """Return the trend of the city, with the band of the season where that is known."""
    year = findings.change_of(changes, "city", "crimes", "last_year")
    dispersion = None if year is None else year["dispersion"]
    return Chart(
        name="crimes_by_day",
        title=shapes.latest_mean,
        view="daily_crimes",
        caveat=_what_crosses_are,
        query="days",
        asks=("first_date",),
        prepare=lambda days: shapes.with_season(days, dispersion),
        drawing=charts.trend,
        drawn=lambda frame: shapes.thinned(shapes.without_part_of_a_day(frame))[0],
        alt="Crimes of each day as dots, with the means of 7 and of 28 days as lines",
    )


def show(freshness: Freshness, days: shapes.Held) -> None:
    """Draw the page."""
    parts.head("Is it getting worse?", freshness)
    asked = Asked(freshness, {"family": "city"})
    changes = asked.read("changes")
    st.html(f'<p class="answer">{escape(findings.answer(changes))}</p>')
    sums = asked.read("last_28_days")
    if sums.empty or pd.isna(sums["last_28_days"].iloc[0]):
        st.info("We do not hold 28 complete days yet, so there is nothing to compare.")
    else:
        _counts(asked, sums, changes, days)
        _out_of_the_ordinary(changes)
    span = parts.choose("Show", "span", _SPANS, "731")
    first = days.first if span == "all" else shapes.newest(days.first, days.last, int(span))
    items.draw([_trend(changes), *_how_new(freshness, days)], Asked(freshness, {"first_date": first}))
    items.how_to_read("data_freshness", "The newest day that the City publishes is about eight days old.")


def _counts(asked: Asked, sums: pd.DataFrame, changes: pd.DataFrame, days: shapes.Held) -> None:
    nowcasts = asked.read("nowcast_periods", ("family",))
    st.subheader(
        f"The last 28 complete days, {findings.span(sums.iloc[0])}, as they will stand", anchor=False
    )
    Boxes(findings.city_boxes(sums, nowcasts, changes)).draw()
    st.write(" ".join([*_newest(nowcasts), *_last_year(sums, days)]))
    items.how_to_read(
        "nowcast_periods",
        f"{findings.HOW_EXPECTED} Arrests come later, by another clock: they are not corrected.",
    )


def _newest(nowcasts: pd.DataFrame) -> list[str]:
    """Return what the newest days published will come to, a sentence each."""
    said = []
    for period, name in _NEWEST.items():
        row = findings.expected(nowcasts, "crimes", period)
        if row is not None:
            told = findings.caution(row) or findings.in_the_end(row)
            said.append(f"The {name} published, {findings.span(row)}: {told}.")
    return said


def _last_year(sums: pd.DataFrame, days: shapes.Held) -> list[str]:
    """Return from when on there is a year before to compare with, where we do not hold it."""
    since = shapes.year_comparison_from(days)
    if not pd.isna(sums["same_28_days_last_year"].iloc[0]) or since is None:
        return []
    first = shapes.day(days.first_complete)
    from_when = f"the comparison is there from the load of {shapes.day(since)}."
    return [f"The same 28 days last year: {shapes.NOT_HELD}. Our first complete day is {first}; {from_when}"]


def _out_of_the_ordinary(changes: pd.DataFrame) -> None:
    st.subheader("Out of the ordinary", anchor=False)
    found = findings.findings(changes)
    if changes["is_unusual"].isna().all():
        st.write("Not judged yet: too few weeks are held to know what is usual.")
    elif not found:
        st.write(
            f"{findings.NOTHING_UNUSUAL} No district, ward, beat, kind or hour changed by more than chance."
        )
    else:
        rows = "".join(
            f'<li><a href="{escape(each.page)}">{escape(each.text)}</a></li>'
            for each in found[:_MOST_FINDINGS]
        )
        more = len(found) - _MOST_FINDINGS
        rest = (
            f'<p class="quiet">And {more} more, on the pages of districts and wards.</p>' if more > 0 else ""
        )
        st.html(f'<ul class="findings">{rows}</ul>{rest}')
    items.how_to_read("recent_changes", findings.HOW_JUDGED)


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
