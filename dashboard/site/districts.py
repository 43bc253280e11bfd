"""Districts and beats: ranks, arrest rates, and the kinds of crime that stand out."""

from functools import partial
from typing import Final

import pandas as pd

from dashboard import charts, items, parts, shapes
from dashboard.items import Asked, Chart, Heading, Table
from dashboard.warehouse import Freshness

_MEASURES: Final = {
    "last_year": ("Crimes of the last year", ",.0f"),
    "last_year_violent": ("Violent crimes of the last year", ",.0f"),
    "last_year_property": ("Property crimes of the last year", ",.0f"),
    "standardized_arrest_ratio": ("Arrests by those expected of its kinds of crime", ".2f"),
    "arrest_rate": ("Share of crimes with an arrest, which is that of their mix", ".1%"),
    "crimes": ("Crimes of all days held", ",.0f"),
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
    measure = parts.choose("Rank by", "measure", names, "last_year")
    items.draw([_ranking(measure), *_TABLES], Asked(freshness, {"district": None}))


def _ranking(measure: str) -> Chart:
    title, form = _MEASURES[measure]
    return Chart(
        name=f"districts_by_{measure}",
        view="crimes_by_district",
        caveat="The last year is the newest 364 complete days, or those of them that are held. An arrest is no "
        "clearance and no number of persons, and arrests come late. Ratios whose intervals overlap (in the table) are "
        "not told apart.",
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
