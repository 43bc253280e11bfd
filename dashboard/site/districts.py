"""Districts and beats: ranks, arrest rates, and the kinds of crime that stand out."""

from functools import partial
from typing import Final

import pandas as pd

from dashboard import charts, items, parts, shapes
from dashboard.items import Asked, Chart, Heading, Table
from dashboard.warehouse import Freshness

_MEASURES: Final = {
    "crimes": ("All crimes", ",.0f"),
    "violent": ("Violent crimes", ",.0f"),
    "property": ("Property crimes", ",.0f"),
    "arrest_rate": ("Share of crimes with an arrest", ".1%"),
    "change_pct": ("Change of the last 28 complete days from the 28 before, in percent", "+.1f"),
}
_TABLES: Final = (
    Table(
        name="districts",
        view="crimes_by_district",
        caveat="The last row is the crimes of unknown districts. A comparison that is empty is not held yet. A change "
        "is more than chance only where change_is_unusual says so; ranks that overlap (from, to) are tied.",
        query="districts",
    ),
    Heading("What stands out"),
    Table(
        name="kinds_that_stand_out",
        view="crime_types_by_district",
        caveat="A location quotient of 1.2 is 1.2 times the city's share. Kinds with 100 crimes or more, and beyond "
        "chance among all kinds and districts.",
        query="district_kinds",
        asks=("district",),
        prepare=partial(shapes.standing_out, most=20),
    ),
    Heading("Beats with the most violent crime"),
    Table(
        name="beats",
        view="violent_crimes_by_beat",
        caveat="Violent by FBI code; a homicide is counted by its victims. All days held. Chance leaves a beat any "
        "rank from rank_from to rank_to.",
        query="beats",
        asks=("district",),
    ),
)


def show(freshness: Freshness, days: shapes.Held) -> None:  # noqa: ARG001 - each page is given the same
    """Draw the page."""
    parts.head("Districts and beats", freshness)
    names = {name: text for name, (text, _) in _MEASURES.items()}
    measure = parts.choose("Rank by", "measure", names, "crimes")
    items.draw([_ranking(measure), *_TABLES], Asked(freshness, {"district": None}))


def _ranking(measure: str) -> Chart:
    title, form = _MEASURES[measure]
    return Chart(
        name=f"districts_by_{measure}",
        view="crimes_by_district",
        caveat="Crimes of all days held; rates of arrest of complete days, and still too low: arrests come late.",
        query="districts",
        prepare=partial(_ranked, measure=measure),
        empty=f"{title}: {shapes.NOT_HELD}.",
        drawing=charts.bars,
        alt=f"Police districts by {title.lower()}",
        given=(measure, "named", title, form),
    )


def _ranked(districts: pd.DataFrame, measure: str) -> pd.DataFrame:
    ranked = districts.dropna(subset=["district", measure]).sort_values(measure, ascending=False)
    return ranked.assign(named=ranked["district"].astype(int).astype(str) + " " + ranked["district_name"])
