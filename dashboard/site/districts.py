"""Districts and beats: ranks, arrest rates, and the kinds of crime that stand out."""

from typing import Final

import streamlit as st

from dashboard import charts, parts, shapes
from dashboard.warehouse import Freshness, read

_MEASURES: Final = {
    "crimes": ("All crimes", ",.0f"),
    "violent": ("Violent crimes", ",.0f"),
    "property": ("Property crimes", ",.0f"),
    "arrest_rate": ("Share of crimes with an arrest", ".1%"),
    "change_pct": ("Change of the last 28 complete days from the 28 before, in percent", "+.1f"),
}


def show(freshness: Freshness, days: shapes.Held) -> None:  # noqa: ARG001 - each page is given the same
    """Draw the page."""
    parts.head("Districts and beats", freshness)
    measure = parts.choose(
        "Rank by", "measure", {name: text for name, (text, _) in _MEASURES.items()}, "crimes"
    )
    title, form = _MEASURES[measure]
    districts = read(freshness, "districts")
    ranked = districts.dropna(subset=["district", measure]).sort_values(measure, ascending=False)
    ranked = ranked.assign(named=ranked["district"].astype(int).astype(str) + " " + ranked["district_name"])
    if ranked.empty:
        st.info(f"{title}: {shapes.NOT_HELD}.")
    else:
        parts.chart(
            f"districts_by_{measure}",
            charts.bars,
            ranked,
            "crimes_by_district",
            "Crimes of all days held; rates of arrest of complete days, and still too low: arrests come late.",
            f"Police districts by {title.lower()}",
            more=(measure, "named", title, form),
        )
    parts.table(
        "districts",
        districts,
        "crimes_by_district",
        "The last row is the crimes of unknown districts. A comparison that is empty is not held yet.",
    )
    st.subheader("What stands out")
    kinds = shapes.standing_out(read(freshness, "district_kinds", district=None), most=20)
    parts.table(
        "kinds_that_stand_out",
        kinds,
        "crime_types_by_district",
        "A location quotient of 1.2 is 1.2 times the city's share. Kinds with 100 crimes or more.",
    )
    st.subheader("Beats with the most violent crime")
    parts.table(
        "beats",
        read(freshness, "beats", district=None),
        "violent_crimes_by_beat",
        "Violent by FBI code; a homicide is counted by its victims. All days held.",
    )
