"""Wards, as an alderman's office would ask: what happens here, what is usual here, and is it getting more."""

from datetime import timedelta
from typing import Final

import pandas as pd

from dashboard import charts, items, parts, shapes
from dashboard.items import Asked, Box, Boxes, Chart, Heading, Item, Table, Words
from dashboard.warehouse import Freshness


def _most(wards: pd.DataFrame) -> pd.DataFrame:
    ranked = wards.dropna(subset=["ward", "last_year"]).sort_values("last_year", ascending=False).head(15)
    return ranked.assign(
        place=[
            f"Ward {int(ward)}" + ("" if pd.isna(alderman) else f", {alderman.partition(',')[0]}")
            for ward, alderman in zip(ranked["ward"], ranked["alderman"], strict=True)
        ]
    )


def _most_of_all(wards: pd.DataFrame) -> str:
    first = wards.iloc[0]
    return (
        f"Most crimes from {shapes.day(first['last_year_from'])} to {shapes.day(first['last_year_to'])}: "
        f"{first['place']}, {shapes.number(first['last_year'])}"
    )


def _compared_with_city(kinds: pd.DataFrame) -> pd.DataFrame:
    known = kinds.dropna(subset=["crimes"])
    quotient = known["share"] / known["city_share"]
    # Fewer than five expected by the city's share: a quotient would be chance.
    return known.assign(location_quotient=quotient.where(known["crimes"] / quotient >= 5).round(2))


_ALL: Final = (
    Chart(
        name="wards_with_most_crimes",
        title=_most_of_all,
        view="ward_crimes_summary",
        caveat="The fifteen with most, of the newest 364 complete days or those of them that are held. Wards differ in "
        "what draws people there; this is a count, not a rate.",
        query="wards",
        prepare=_most,
        drawing=charts.bars,
        alt="The fifteen wards with the most crimes",
        given=("last_year", "place", "Crimes of the last year"),
        empty="No complete day on today's map of wards is held yet.",
    ),
    Table(
        name="wards",
        title="All wards: crimes of the last year and of the year to date",
        view="ward_crimes_summary",
        caveat="The last row is the crimes of unknown wards. The file has all days held too: before 15 May 2023 the "
        "same number was another area, and no period that reaches before that day is counted.",
        query="wards",
        columns=(
            "ward",
            "alderman",
            "last_year",
            "last_year_rank",
            "last_year_violent",
            "last_year_most_common_crime",
            "year_to_date",
            "year_to_date_before",
            "arrest_rate",
            "ward_phone",
        ),
    ),
)
_DAYS: Final = Chart(
    name="ward_{ward}_by_day",
    title=shapes.latest_mean,
    view="crimes_enriched",
    caveat=f"{parts.STILL_FILLING} {parts.CROSSES}",
    prepare=shapes.with_means,
    drawn=shapes.without_part_of_a_day,
    query="ward_days",
    asks=("ward", "first_date", "last_date"),
    drawing=charts.trend,
    alt="Crimes of each day in ward {ward}",
)
_KINDS: Final = Table(
    name="ward_{ward}_kinds",
    title="Kinds of crime in ward {ward}, of all days held: most first",
    view="place_cube",
    caveat="1.20 is 1.2 times the share that the kind has in the city. A dash: fewer than 5 are expected by the city's "
    "share, and a quotient would be chance.",
    columns=("primary_type", "crimes", "share", "city_share", "location_quotient"),
    query="ward_kinds",
    asks=("ward",),
    prepare=_compared_with_city,
)


def show(freshness: Freshness, days: shapes.Held) -> None:
    """Draw the page."""
    parts.head("Wards", freshness)
    known = Asked(freshness).read("wards").dropna(subset=["ward"])
    names = {"all": "all wards"} | {
        str(int(ward)): f"{int(ward)}" + ("" if pd.isna(alderman) else f", {alderman}")
        for ward, alderman in zip(known["ward"], known["alderman"], strict=True)
    }
    chosen = parts.choose("Ward", "ward", names, "all")
    if chosen == "all":
        items.draw(_ALL, Asked(freshness))
        return
    choices = {"ward": int(chosen), "first_date": shapes.year_and_28_days(days), "last_date": days.last}
    asked = Asked(freshness, choices)
    items.draw([*_one(asked, days, known), Heading("All wards"), *_ALL], asked)


def _one(asked: Asked, days: shapes.Held, known: pd.DataFrame) -> list[Item]:
    row = known[known["ward"] == asked.choices["ward"]].iloc[0]
    frame = asked.read(_DAYS.query, _DAYS.asks)
    last = days.last_complete or days.last
    newest, before, year_before = (_sum(frame, last, ago) for ago in (0, 28, 364))
    rank = "" if pd.isna(row["last_year_rank"]) else f" (rank {int(row['last_year_rank'])} of {len(known)})"
    boxes = [
        Box(f"Crimes of the last year{rank}", shapes.number(row["last_year"])),
        Box("Violent", shapes.number(row["last_year_violent"])),
        Box("This year to date", shapes.number(row["year_to_date"])),
        Box("With an arrest", shapes.share(row["arrest_rate"])),
        Box("Last 28 complete days", shapes.number(newest), _change(asked, newest, before)),
    ]
    words = (
        f"The 28 days before: {shapes.number(before)}. The same 28 days last year: {shapes.number(year_before)}. "
        f"The year before to the same day: {shapes.number(row['year_to_date_before'])}. "
        f"Most often: {row['last_year_most_common_crime'] or shapes.number(None)}. "
        f"The middle ward has {shapes.number(known['last_year'].median())} crimes of the last year."
    )
    return [Heading(f"Ward {asked.choices['ward']}"), Boxes(boxes), Words(words), _DAYS, _KINDS]


def _sum(frame: pd.DataFrame, last: object, days_ago: int) -> float | None:
    """Return the crimes of the 28 days that end so many days before the last; None where they are not all complete."""
    end = pd.Timestamp(str(last)) - timedelta(days=days_ago)
    dates = pd.to_datetime(frame["date"])
    chosen = frame[(dates > end - timedelta(days=28)) & (dates <= end) & frame["is_complete"]]
    return float(chosen["crimes"].sum()) if len(chosen) == 28 else None


def _change(asked: Asked, newest: float | None, before: float | None) -> str | None:
    judged = asked.read("ward_change", ("ward",))
    percent = None if newest is None or not before else 100 * (newest / before - 1)
    return shapes.judged_change(percent, None if judged.empty else judged["is_unusual"].iloc[0])
