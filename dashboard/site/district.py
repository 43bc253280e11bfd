"""One district on a page to print: its numbers, its days, what stands out, and its beats."""

from typing import Final

import pandas as pd
import streamlit as st

from dashboard import charts, items, parts, shapes
from dashboard.items import Asked, Box, Boxes, Chart, Heading, Table
from dashboard.warehouse import Freshness


def _kinds(frame: pd.DataFrame) -> pd.DataFrame:
    return shapes.standing_out(frame).drop(columns=["district", "district_name"])


_ITEMS: Final = (
    Chart(
        name="district_{district}_by_day",
        view="daily_cube",
        caveat=f"{parts.STILL_FILLING} They are crosses here.",
        query="district_days",
        asks=("district", "first_date"),
        drawing=charts.trend,
        alt="Crimes of each day in the district",
    ),
    Heading("What stands out here"),
    Table(
        name="district_{district}_kinds",
        view="crime_types_by_district",
        caveat="More usual here than in the city beyond chance, of kinds with 100 crimes or more. Arrest rates are of "
        "complete days.",
        query="district_kinds",
        asks=("district",),
        prepare=_kinds,
    ),
    Heading("Violent crime by beat"),
    Table(
        name="district_{district}_beats",
        view="violent_crimes_by_beat",
        caveat="By FBI code, of {days_held}; a homicide is counted by its victims.",
        query="beats",
        asks=("district",),
        prepare=lambda frame: frame.drop(columns=["district", "district_name"]),
    ),
)


def show(freshness: Freshness, days: shapes.Held) -> None:
    """Draw the page."""
    districts = Asked(freshness).read("districts").dropna(subset=["district"])
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
    choices = {
        "district": int(chosen),
        "first_date": shapes.year_and_28_days(days),
        "days_held": f"{days.first:%-d %B %Y} to {days.last:%-d %B %Y}",
    }
    _numbers(row)
    items.draw(_ITEMS, Asked(freshness, choices))


def _arrests(row: pd.Series) -> str:
    ratio, low, high = (row[f"standardized_arrest_ratio{end}"] for end in ("", "_low", "_high"))
    return shapes.NOT_HELD if pd.isna(ratio) else f"{ratio:.2f} ({low:.2f} to {high:.2f})"


def _numbers(row: pd.Series) -> None:
    ranked = ("last_year_rank", "last_year_violent_rank", "standardized_arrest_ratio_rank")
    ranks = {name: "" if pd.isna(row[name]) else f" (rank {int(row[name])})" for name in ranked}
    last_28 = shapes.number(row["last_28_days"])
    change = shapes.judged_change(row["change_pct"], row["change_is_unusual"])
    boxes = [
        Box("Crimes of the last year" + ranks["last_year_rank"], shapes.number(row["last_year"])),
        Box("Violent" + ranks["last_year_violent_rank"], shapes.number(row["last_year_violent"])),
        Box("Arrests by those expected" + ranks["standardized_arrest_ratio_rank"], _arrests(row)),
        Box("Last 28 complete days", last_28, change, "Against the 28 days before"),
    ]
    Boxes(boxes).draw()
    last_year = shapes.number(row["same_28_days_last_year"])
    difference = shapes.judged_change(row["year_change_pct"], row["year_change_is_unusual"])
    st.write(f"The same 28 days last year: {last_year}" + (f" ({difference})." if difference else "."))
    items.about("crimes_by_district", "Ranks are among the districts; 1 is the most.")
