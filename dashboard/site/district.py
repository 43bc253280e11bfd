"""One district on a page to print: its numbers, its days, what stands out, and its beats."""

from typing import Final

import pandas as pd
import streamlit as st

from dashboard import charts, items, parts, shapes
from dashboard.items import Asked, Box, Boxes, Chart, Table
from dashboard.warehouse import Freshness

_ITEMS: Final = (
    Chart(
        name="district_{district}_by_day",
        title=shapes.latest_mean,
        view="daily_cube",
        caveat=f"{parts.STILL_FILLING} {parts.CROSSES}",
        prepare=shapes.with_means,
        drawn=shapes.without_part_of_a_day,
        query="district_days",
        asks=("district", "first_date"),
        drawing=charts.trend,
        alt="Crimes of each day in the district",
    ),
    Table(
        name="district_{district}_kinds",
        title="What stands out here: kinds of crime well above their share in the city, of {days_held}",
        view="crime_types_by_district",
        caveat="2.00 is twice the share that the kind has in the city; from 1.2 times on, beyond chance, of kinds with "
        "100 crimes or more. Arrest rates are of complete days.",
        query="district_kinds",
        asks=("district",),
        prepare=shapes.standing_out,
        columns=(
            "primary_description",
            "crimes",
            "share",
            "city_share",
            "location_quotient",
            "quotient_low",
            "quotient_high",
            "arrest_rate",
        ),
        is_static=True,
        empty="No kind of crime stands out here by more than chance.",
    ),
    Table(
        name="district_{district}_beats",
        title="Violent crimes by beat, of {days_held}",
        view="violent_crimes_by_beat",
        caveat="By FBI code, of {days_held}; a homicide is counted by its victims.",
        query="beats",
        asks=("district",),
        columns=(
            "beat",
            "violent_crimes",
            "homicides",
            "sexual_assaults",
            "robberies",
            "aggravated_assaults",
            "aggravated_batteries",
            "rank_in_district",
            "rank",
            "rank_from",
            "rank_to",
        ),
        is_static=True,
    ),
)


def show(freshness: Freshness, days: shapes.Held) -> None:
    """Draw the page."""
    districts = Asked(freshness).read("districts").dropna(subset=["district"])
    names = {
        str(int(number)): shapes.place(name, number)
        for number, name in zip(districts["district"], districts["district_name"], strict=True)
    }
    top = st.container()
    chosen = parts.choose("Police district", "district", names, next(iter(names)))
    row = districts[districts["district"] == int(chosen)].iloc[0]
    with top:
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
    items.how_to_read("crimes_by_district", "Ranks are among the districts; 1 is the most.")
