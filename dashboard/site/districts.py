"""Districts and beats: ranks, arrest rates, and the kinds of crime that stand out."""

from functools import partial
from typing import Final

import pandas as pd

from dashboard import charts, items, parts, shapes
from dashboard.items import Asked, Chart, Table
from dashboard.warehouse import Freshness

_MEASURES: Final = {
    "last_year": ("Crimes of the last year", ",.0f"),
    "last_year_violent": ("Violent crimes of the last year", ",.0f"),
    "last_year_property": ("Property crimes of the last year", ",.0f"),
    "standardized_arrest_ratio": ("Arrests by those expected of its kinds of crime", ".2f"),
    "arrest_rate": ("Share of crimes with an arrest, which is that of their mix", ".1%"),
    "crimes": ("Crimes of all days held", ",.0f"),
    "corrected_change_pct": (
        "Change of the last 28 complete days from the 28 before, in percent",
        "+.1f",
    ),
}
_TABLES: Final = (
    Table(
        name="districts",
        title="All districts: counts of the last year, and changes of the last 28 complete days",
        view="crimes_by_district",
        caveat="The last row is the crimes of unknown districts. A dash is what we do not hold, or do not compare. A "
        "change is of both periods as they will stand, where the counts are as held; it is news only where it is more "
        "than chance.",
        query="districts",
        columns=(
            "place",
            "last_year",
            "last_year_rank",
            "last_year_violent",
            "last_year_property",
            "arrest_rate",
            "last_28_days",
            "previous_28_days",
            "corrected_change_pct",
            "change_low_pct",
            "change_high_pct",
            "change_is_unusual",
            "same_28_days_last_year",
            "year_corrected_change_pct",
            "year_change_is_unusual",
        ),
        prepare=shapes.with_places,
    ),
    Table(
        name="kinds_that_stand_out",
        title="What stands out: kinds of crime that are most above their share in the city, of all days held",
        view="crime_types_by_district",
        caveat="2.00 is twice the share that the kind has in the city. Kinds with 100 crimes or more, at least 1.2 "
        "times the city's share, and beyond chance among all kinds and districts.",
        query="district_kinds",
        asks=("district",),
        prepare=lambda kinds: shapes.with_places(shapes.standing_out(kinds, most=20)),
        columns=(
            "place",
            "primary_description",
            "crimes",
            "share",
            "city_share",
            "location_quotient",
            "arrest_rate",
        ),
        empty="No kind of crime stands out in a district by more than chance.",
    ),
    Table(
        name="beats",
        title="Beats by violent crime, of all days held: most first",
        view="violent_crimes_by_beat",
        caveat="Violent by FBI code; a homicide is counted by its victims. Chance leaves a beat any rank between the "
        "two; beats whose ranks overlap are tied.",
        query="beats",
        asks=("district",),
        prepare=shapes.with_places,
        columns=(
            "beat",
            "place",
            "violent_crimes",
            "homicides",
            "sexual_assaults",
            "robberies",
            "aggravated_assaults",
            "aggravated_batteries",
            "rank",
            "rank_from",
            "rank_to",
        ),
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
        title=partial(_most, measure=measure),
        view="crimes_by_district",
        caveat="The last year is the newest 364 complete days, or those of them that are held. An arrest is no "
        "clearance and no number of persons, and arrests come late. Ratios whose intervals overlap (in the table) are "
        "not told apart.",
        query="districts",
        prepare=partial(_ranked, measure=measure),
        empty=f"{title}: {shapes.NOT_HELD}.",
        drawing=charts.bars,
        alt=f"Police districts by {title.lower()}",
        given=(measure, "place", title, form),
    )


def _ranked(districts: pd.DataFrame, measure: str) -> pd.DataFrame:
    ranked = districts.dropna(subset=["district", measure]).sort_values(measure, ascending=False)
    return shapes.with_places(ranked)


def _most(districts: pd.DataFrame, measure: str) -> str:
    title, form = _MEASURES[measure]
    first = districts.iloc[0]
    days = _days(first) if measure.startswith("last_year") else ""
    return f"{title}{days}: most in {first['place']}, {first[measure]:{form}}"


def _days(row: pd.Series) -> str:
    if pd.isna(row["last_year_from"]):
        return ""
    return f" ({shapes.day(row['last_year_from'])} to {shapes.day(row['last_year_to'])})"
