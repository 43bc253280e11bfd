"""One district on a page to print: its numbers, its days, what stands out, and its beats."""

import pandas as pd
import streamlit as st

from dashboard import charts, parts, shapes
from dashboard.warehouse import Freshness, read


def show(freshness: Freshness, days: shapes.Held) -> None:
    """Draw the page."""
    districts = read(freshness, "districts").dropna(subset=["district"])
    names = {
        str(int(number)): f"{int(number)} {name}"
        for number, name in zip(districts["district"], districts["district_name"], strict=True)
    }
    chosen = parts.choose("Police district", "district", names, next(iter(names)))
    row = districts[districts["district"] == int(chosen)].iloc[0]
    parts.head(f"District {names[chosen]}", freshness)
    if not pd.isna(row["address"]):
        st.write(
            f"Station: {row['address']}, {row['phone'] or 'no telephone published'}. To print: Ctrl+P or ⌘P."
        )
    _numbers(row)
    first = shapes.year_and_28_days(days)
    frame = read(freshness, "district_days", district=int(chosen), first_date=first)
    parts.chart(
        f"district_{chosen}_by_day",
        charts.trend,
        frame,
        "daily_cube",
        f"{parts.STILL_FILLING} They are crosses here.",
        "Crimes of each day in the district",
    )
    st.subheader("What stands out here")
    kinds = shapes.standing_out(read(freshness, "district_kinds", district=int(chosen)))
    parts.table(
        f"district_{chosen}_kinds",
        kinds.drop(columns=["district", "district_name"]),
        "crime_types_by_district",
        "More usual here than in the city, of kinds with 100 crimes or more. Arrest rates are of complete days.",
    )
    st.subheader("Violent crime by beat")
    beats = read(freshness, "beats", district=int(chosen))
    parts.table(
        f"district_{chosen}_beats",
        beats.drop(columns=["district", "district_name"]),
        "violent_crimes_by_beat",
        f"By FBI code, of {days.first:%-d %B %Y} to {days.last:%-d %B %Y}; a homicide is counted by its victims.",
    )


def _numbers(row: pd.Series) -> None:
    ranked = ("crimes_rank", "violent_rank", "arrest_rate_rank")
    ranks = {name: "" if pd.isna(row[name]) else f" (rank {int(row[name])})" for name in ranked}
    boxes = st.columns(4)
    boxes[0].metric("All crimes" + ranks["crimes_rank"], shapes.number(row["crimes"]), border=True)
    boxes[1].metric("Violent" + ranks["violent_rank"], shapes.number(row["violent"]), border=True)
    boxes[2].metric(
        "With an arrest" + ranks["arrest_rate_rank"], shapes.share(row["arrest_rate"]), border=True
    )
    boxes[3].metric(
        "Last 28 complete days",
        shapes.number(row["last_28_days"]),
        shapes.change(row["change_pct"]),
        delta_color="off",
        border=True,
        help="Against the 28 days before",
    )
    last_year = shapes.number(row["same_28_days_last_year"])
    difference = shapes.change(row["year_change_pct"])
    st.write(f"The same 28 days last year: {last_year}" + (f" ({difference})." if difference else "."))
    parts.about("crimes_by_district", "Ranks are among the districts; 1 is the most.")
