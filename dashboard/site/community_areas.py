"""Community areas: what happens in each of the City's 77, by its residents too, and the kinds of one."""

from typing import Final

import pandas as pd

from dashboard import columns, items, parts, shapes
from dashboard.items import Asked, Box, Boxes, Item, Table, Words
from dashboard.warehouse import Freshness

_ALL: Final = Table(
    name="community_areas",
    title="All community areas: crimes of the last year, and those by residents",
    view="crimes_by_community_area",
    caveat="Where the City does not publish the area it is estimated from the block: two areas whose least and most "
    "overlap are in no order. Residents are of the 2020 Census; who is there by day is not counted, so downtown and "
    "O'Hare look worse than they are.",
    query="community_areas",
    columns=(
        "community_area_name",
        "last_year",
        "last_year_rank",
        "last_year_low",
        "last_year_high",
        "last_year_violent",
        "last_year_property",
        "residents",
        "rate",
        "violent_per_100000_residents",
        "property_per_100000_residents",
        "last_year_most_common_crime",
        "year_before",
    ),
)
_KINDS: Final = Table(
    name="community_area_{area}_kinds",
    title="Kinds of crime here, of the last year: most first",
    view="crime_types_by_community_area",
    caveat="1.20 is 1.2 times what the area would have by the city's share of that kind. A dash: fewer than 5 are "
    "expected, and a quotient would be chance.",
    query="community_area_kinds",
    asks=("area",),
    columns=("primary_description", "last_year", "last_year_arrests", "location_quotient", "year_before"),
)


def show(freshness: Freshness, days: shapes.Held) -> None:  # noqa: ARG001 - each page is given the same
    """Draw the page."""
    known = Asked(freshness).read(_ALL.query).dropna(subset=["community_area"])
    names = {"all": "all community areas"} | {
        str(int(number)): f"{name} ({int(number)})"
        for number, name in zip(known["community_area"], known["community_area_name"], strict=True)
    }
    head = parts.head_above(freshness)
    chosen = parts.choose("Community area", "area", names, "all")
    head("Community areas" if chosen == "all" else names[chosen])
    if chosen == "all":
        items.draw([_ALL], Asked(freshness))
        return
    row = known[known["community_area"] == int(chosen)].iloc[0]
    items.draw([*_numbers(row), _KINDS], Asked(freshness, {"area": int(chosen)}))


def _numbers(row: pd.Series) -> list[Item]:
    rank = "" if pd.isna(row["last_year_rank"]) else f" (rank {int(row['last_year_rank'])} of 77)"
    boxes = [
        Box(f"Crimes of the last year{rank}", shapes.number(row["last_year"])),
        Box("Violent", shapes.number(row["last_year_violent"])),
        Box("Property", shapes.number(row["last_year_property"])),
        Box("Crimes a year per 1,000 residents", columns.said("rate", row["rate"])),
        Box("Violent per 100,000 residents", shapes.number(row["violent_per_100000_residents"])),
        Box("Residents, 2020", shapes.number(row["residents"])),
    ]
    mind = "" if pd.isna(row["caveat"]) else f" Mind its rates: {row['caveat']}."
    if pd.isna(row["last_year_from"]):
        return [Boxes(boxes)]
    span = f"{shapes.day(row['last_year_from'])} to {shapes.day(row['last_year_to'])}"
    return [
        Boxes(boxes),
        Words(f"The last year is {span}. The area is estimated where it is not published.{mind}"),
    ]
