"""Wards, as an alderman's office would ask: what happens here, what is usual here, and is it getting more."""

from datetime import timedelta

import pandas as pd
import streamlit as st

from dashboard import charts, parts, shapes
from dashboard.warehouse import Freshness, read


def show(freshness: Freshness, days: shapes.Held) -> None:
    """Draw the page."""
    parts.head("Wards", freshness)
    wards = read(freshness, "wards")
    known = wards.dropna(subset=["ward"])
    names = {"all": "all wards"} | {
        str(int(ward)): f"{int(ward)}" + ("" if pd.isna(alderman) else f", {alderman}")
        for ward, alderman in zip(known["ward"], known["alderman"], strict=True)
    }
    chosen = parts.choose("Ward", "ward", names, "all")
    if chosen != "all":
        _one(freshness, days, known[known["ward"] == int(chosen)].iloc[0], known)
        st.subheader("All wards")
    ranked = known.sort_values("total_crimes", ascending=False).head(15)
    ranked = ranked.assign(named="ward " + ranked["ward"].astype(int).astype(str))
    parts.chart(
        "wards_with_most_crimes",
        charts.bars,
        ranked,
        "ward_crimes_summary",
        "The fifteen with most. Wards differ in people and in what draws people there; this is a count, not a rate.",
        "The fifteen wards with the most crimes",
        more=("total_crimes", "named", "Crimes of all days held"),
    )
    parts.table("wards", wards, "ward_crimes_summary", "The last row is the crimes of unknown wards.")


def _one(freshness: Freshness, days: shapes.Held, row: pd.Series, known: pd.DataFrame) -> None:
    ward = int(row["ward"])
    st.subheader(f"Ward {ward}")
    last = days.last_complete or days.last
    frame = read(
        freshness,
        "ward_days",
        ward=ward,
        first_date=shapes.year_and_28_days(days),
        last_date=days.last,
    )
    newest, before, year_before = (_sum(frame, last, ago) for ago in (0, 28, 364))
    boxes = st.columns(4)
    boxes[0].metric(
        f"All crimes (rank {int(row['total_crimes_rank'])} of {len(known)})",
        shapes.number(row["total_crimes"]),
        border=True,
    )
    boxes[1].metric("Violent", shapes.number(row["violent"]), border=True)
    boxes[2].metric("With an arrest", shapes.share(row["arrest_rate"]), border=True)
    boxes[3].metric(
        "Last 28 complete days",
        shapes.number(newest),
        shapes.change(_change(newest, before)),
        delta_color="off",
        border=True,
    )
    st.write(
        f"The 28 days before: {shapes.number(before)}. The same 28 days last year: {shapes.number(year_before)}. "
        f"Most often: {row['most_common_crime']}, {row['second_most_common_crime']}. "
        f"The middle ward has {known['total_crimes'].median():,.0f} crimes."
    )
    parts.chart(
        f"ward_{ward}_by_day",
        charts.trend,
        frame,
        "crimes_enriched",
        f"{parts.STILL_FILLING} They are crosses here.",
        f"Crimes of each day in ward {ward}",
    )
    kinds = read(freshness, "ward_kinds", ward=ward).dropna(subset=["crimes"])
    kinds = kinds.assign(location_quotient=(kinds["share"] / kinds["city_share"]).round(2))
    parts.table(
        f"ward_{ward}_kinds",
        kinds,
        "place_cube",
        "A location quotient of 1.2 is 1.2 times the city's share of that kind.",
    )


def _sum(frame: pd.DataFrame, last: object, days_ago: int) -> float | None:
    """Return the crimes of the 28 days that end so many days before the last; None where they are not all complete."""
    end = pd.Timestamp(str(last)) - timedelta(days=days_ago)
    dates = pd.to_datetime(frame["date"])
    chosen = frame[(dates > end - timedelta(days=28)) & (dates <= end) & frame["is_complete"]]
    return float(chosen["crimes"].sum()) if len(chosen) == 28 else None


def _change(newest: float | None, before: float | None) -> float | None:
    return None if newest is None or not before else 100 * (newest / before - 1)
