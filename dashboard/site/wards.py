"""Wards, as an alderman's office would ask: what happens here, on which blocks, and is it getting more than elsewhere.

The weekly brief shows the same items (dashboard/brief/).
"""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any, Final

import pandas as pd

from dashboard import charts, columns, findings, items, parts, shapes
from dashboard.items import Asked, Box, Boxes, Chart, Heading, Item, Table, Words
from dashboard.warehouse import Freshness

_LIKE_IT: Final = 6
_MOST_KINDS: Final = 12


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
        title="All wards: crimes of the last year and of the year to date, and changes of the last 28 complete days",
        view="ward_crimes_summary",
        caveat="A change is at equal age (from recent_changes), and news only where it is more than chance. "
        "The last row is the crimes of unknown wards. The file has all days held too: before 15 May 2023 the "
        "same number was another area, and no period that reaches before that day is counted.",
        query="wards",
        columns=(
            "ward",
            "alderman",
            "last_year",
            "last_year_rank",
            "last_year_violent",
            "last_year_most_common_crime",
            "corrected_change_pct",
            "change_is_unusual",
            "year_corrected_change_pct",
            "year_change_is_unusual",
            "year_to_date",
            "year_to_date_before",
            "arrest_rate",
            "ward_phone",
        ),
    ),
)
DAYS: Final = Chart(
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
KINDS: Final = Table(
    name="ward_{ward}_kinds",
    title="Kinds of crime in ward {ward} against the city, of all days held: most first",
    view="place_cube",
    caveat="1.20 is 1.2 times the share that the kind has in the city. A dash: fewer than 5 are expected by the city's "
    "share, and a quotient would be chance.",
    columns=("primary_type", "crimes", "share", "city_share", "location_quotient"),
    query="ward_kinds",
    asks=("ward",),
    prepare=_compared_with_city,
)
BLOCKS: Final = Table(
    name="ward_{ward}_blocks",
    title="Ten blocks with most crimes, {since_day} to {until_day}",
    view="crimes_enriched",
    caveat="A block is an address to the hundred, never the house; it has so few crimes that most of its changes are "
    "chance. The year before is shown where it is held whole.",
    query="ward_blocks",
    asks=("ward", "since", "until"),
    columns=("block", "last_year", "last_year_violent", "year_before"),
    is_static=True,
    empty="No crime of the last year has a block here.",
)
KINDS_BY_YEAR: Final = Table(
    name="ward_{ward}_kinds_by_year",
    title="Kinds of crime, {since_day} to {until_day}: most first",
    view="crimes_enriched",
    caveat="The year before is the 364 days earlier, of the same weekdays; it is shown where it is held whole. "
    "The newest three weeks are in neither.",
    query="ward_kinds_by_year",
    asks=("ward", "since", "until"),
    prepare=lambda frame: frame.head(_MOST_KINDS),
    columns=("primary_type", "last_year", "last_year_domestic", "year_before"),
    is_static=True,
    empty="No crime of the last year is held here.",
)
DOMESTIC: Final = Table(
    name="ward_{ward}_domestic",
    title="Domestic crimes by time of day, of the last year",
    view="domestic_violence_by_ward_and_time",
    caveat="As recorded: much domestic violence is never reported, and not equally seldom everywhere.",
    query="ward_domestic",
    asks=("ward",),
    columns=("time_of_day", "domestic", "domestic_violence"),
    is_static=True,
    empty="No complete year on today's map of wards is held yet.",
)


def like_it(ward: int) -> Table:
    """Return a ward among those like it: the six with the nearest number of crimes of the last year."""

    def nearest(wards: pd.DataFrame) -> pd.DataFrame:
        known = wards.dropna(subset=["ward", "last_year"])
        own = known.loc[known["ward"] == ward, "last_year"]
        if own.empty:
            return known.iloc[:0]
        apart = (known["last_year"] - own.iloc[0]).abs().sort_values(kind="stable")
        return known[known.index.isin(apart.index[: _LIKE_IT + 1])].sort_values("last_year", ascending=False)

    return Table(
        name=f"ward_{ward}_and_wards_like_it",
        title="Wards with about as many crimes in the last year",
        view="ward_crimes_summary",
        caveat="The six whose number of crimes of the last year is nearest. They can differ in all else: in residents, "
        "in what draws people there, and in how much is reported.",
        query="wards",
        prepare=nearest,
        columns=(
            "ward",
            "last_year",
            "last_year_violent",
            "year_to_date",
            "year_to_date_before",
            "last_year_most_common_crime",
        ),
        is_static=True,
        empty="No complete year is held of this ward.",
    )


def choices_of(ward: int, days: shapes.Held) -> dict[str, Any]:
    """Return what the items of a ward ask for."""
    since, until = shapes.period(days, "364")
    return {
        "ward": ward,
        "family": "ward",
        "first_date": shapes.year_and_28_days(days),
        "last_date": days.last,
        "since": since,
        "until": until,
        "since_day": shapes.day(since),
        "until_day": shapes.day(until),
    }


def show(freshness: Freshness, days: shapes.Held) -> None:
    """Draw the page."""
    known = Asked(freshness).read("wards").dropna(subset=["ward"])
    names = {"all": "all wards"} | {
        str(int(ward)): f"{int(ward)}" + ("" if pd.isna(alderman) else f", {alderman}")
        for ward, alderman in zip(known["ward"], known["alderman"], strict=True)
    }
    head = parts.head_above(freshness)
    chosen = parts.choose("Ward", "ward", names, "all")
    head("Wards" if chosen == "all" else f"Ward {names[chosen]}")
    if chosen == "all":
        items.draw(_ALL, Asked(freshness))
        return
    asked = Asked(freshness, choices_of(int(chosen), days))
    _offer_brief(asked, days, known)
    shown = [*head_items(asked, known), DAYS, *year_items(int(chosen), days)]
    items.draw([*shown, KINDS, DOMESTIC, Heading("All wards"), *_ALL], asked)


def _offer_brief(asked: Asked, days: shapes.Held, known: pd.DataFrame) -> None:
    # Inside: the brief is made of this page's items.
    from dashboard.brief.contents import ward_brief  # noqa: PLC0415
    from dashboard.brief.offer import offer  # noqa: PLC0415

    ward, week = int(asked.choices["ward"]), findings.week(asked)
    if week:
        offer(f"ward-{ward:02d}", lambda: ward_brief(asked.freshness, days, known, ward, week))


def year_items(ward: int, days: shapes.Held) -> tuple[Table, Table, Table]:
    """Return what compares a ward with last year and with wards like it."""
    return (
        _without_year_before(BLOCKS, days),
        _without_year_before(KINDS_BY_YEAR, days),
        like_it(ward),
    )


def _without_year_before(table: Table, days: shapes.Held) -> Table:
    """Return a table without the year before where we do not hold that whole: its count would be too low."""
    since: date = shapes.period(days, "364")[0]
    if days.first_complete is not None and days.first_complete <= since - timedelta(days=364):
        return table
    return replace(table, columns=tuple(name for name in table.columns if name != "year_before"))


def head_items(asked: Asked, known: pd.DataFrame) -> list[Item]:
    """Return what a reader sees first: the numbers of the ward, and what is out of the ordinary in it."""
    ward = int(asked.choices["ward"])
    row = known[known["ward"] == ward].iloc[0]
    changes = asked.read("changes")
    nowcasts = asked.read("nowcast_periods", ("family",))
    words = (
        f"Most often: {columns.said('last_year_most_common_crime', row['last_year_most_common_crime'])}. "
        f"The middle ward has {shapes.number(known['last_year'].median())} crimes of the last year."
    )
    return [
        Boxes([*_numbers(row, len(known)), *findings.place_boxes("ward", str(ward), nowcasts, changes)]),
        Words(words),
        Heading("Out of the ordinary here"),
        Words(findings.said_here(changes, ward=ward)),
    ]


def _numbers(row: pd.Series, wards: int) -> list[Box]:
    rank = "" if pd.isna(row["last_year_rank"]) else f" (rank {int(row['last_year_rank'])} of {wards})"
    to_date = f"the year before, to the same day: {shapes.number(row['year_to_date_before'])}"
    return [
        Box(f"Crimes of the last year{rank}", shapes.number(row["last_year"])),
        Box("Violent", shapes.number(row["last_year_violent"])),
        Box("This year to date", shapes.number(row["year_to_date"]), to_date),
        Box("With an arrest", shapes.share(row["arrest_rate"])),
    ]
