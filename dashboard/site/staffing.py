"""Staffing, as a budget analyst would ask: what to expect of a district's hours, how far it strays, and holidays."""

from typing import Any, Final

import pandas as pd

from dashboard import charts, columns, items, parts, shapes
from dashboard.items import Asked, Chart, Table, Words
from dashboard.site import district as districts
from dashboard.warehouse import Freshness

_MOST_DIFFERING: Final = 24
_WATCHES: Final = ("First watch", "Second watch", "Third watch")
_OF_A_WATCH: Final = ("crimes_per_day", "crimes_per_day_low", "crimes_per_day_high")
_NO_CALLS: Final = (
    "Recorded crimes are not calls for service, and say nothing of how many officers an hour needs. About 2 in 100 "
    "crimes are still to come. Crimes at exactly 00:00 or 00:01, of which the time is not known, are left out."
)


def _known(hours: pd.DataFrame) -> pd.DataFrame:
    return hours.dropna(subset=["crimes_per_day"])


def _busiest(hours: pd.DataFrame) -> str:
    most = hours.sort_values("crimes_per_day", ascending=False).iloc[0]
    spread = "" if pd.isna(most["crimes_spread"]) else f" ± {columns.one_decimal(most['crimes_spread'])}"
    return (
        f"Crimes to expect in an hour: most on {most['day_of_week_name']} from {columns.hour(most['hour'])}, "
        f"{columns.one_decimal(most['crimes_per_day'])}{spread}"
    )


HOURS: Final = Chart(
    name="district_{district}_hours",
    title=_busiest,
    view="crimes_by_district_and_hour",
    caveat="Crimes in that hour of one such day of the last year; ± is one standard deviation over the weeks, hours "
    f"without a crime included. The file has the spread of each hour, and violent crimes. {_NO_CALLS}",
    query="district_hours",
    asks=("district",),
    prepare=_known,
    drawing=charts.heat_map,
    alt="Crimes by hour of the day and day of the week in the district",
    empty="No complete week is held yet.",
)


def _by_beat(watches: pd.DataFrame) -> pd.DataFrame:
    """Return a beat a row: each watch in words, the watches that may have most, and the numbers behind the words."""
    if watches.empty:
        return watches
    told = watches.assign(
        told=[
            f"{mean:.1f} ({low:.1f} to {high:.1f})"
            for mean, low, high in watches[list(_OF_A_WATCH)].itertuples(index=False)
        ],
    )
    wide = told.pivot_table(index="beat", columns="watch_name", values="told", aggfunc="first")
    numbers = [
        told.pivot_table(index="beat", columns="watch_name", values=number)
        .rename(columns=_as_a_name)
        .add_suffix(f"_{number}")
        for number in _OF_A_WATCH
    ]
    most = told[~told["is_below_most"].astype(bool)].groupby("beat")["watch_name"].agg(list)
    return pd.concat([wide.assign(busiest_watch=most.map(_named)), *numbers], axis=1).reset_index()


def _as_a_name(watch: str) -> str:
    return watch.lower().replace(" ", "_")


def _named(most: list[str]) -> str:
    """Return the watches of which none is told from the others, as people say it."""
    if len(most) == len(_WATCHES):
        return "Not told apart"
    return most[0] if len(most) == 1 else f"{most[0]} or {most[1].lower()}"


def _told_apart(beats: pd.DataFrame) -> str:
    one = int(beats["busiest_watch"].isin(_WATCHES).sum())
    found = f"in {one} of {len(beats)} one watch has most" if one else "no beat has one watch with most"
    return f"Beats, and crimes a day in each watch: {found}, by more than chance"


BEATS: Final = Table(
    name="district_{district}_beats_by_watch",
    title=_told_apart,
    view="crimes_by_beat_and_hour",
    caveat="0.9 (0.7 to 1.1): crimes in that watch of a day, on average over the last year, and the range that chance "
    "leaves to this one average, 19 times of 20, if hours are independent; a beat whose nights rise together strays "
    "further. A watch is named where it has more than each other one beyond chance, all beats of the table read "
    f"together (docs/methods.md); two, where these two are not told apart. {_NO_CALLS}",
    query="beat_watches",
    asks=("district",),
    prepare=_by_beat,
    columns=("beat", *_WATCHES, "busiest_watch"),
    is_static=True,
    empty="Beats are not compared yet: eight complete weeks are not held.",
)


def _parts_of_holidays(holidays: pd.DataFrame) -> pd.DataFrame:
    return holidays.head(_MOST_DIFFERING)


def _outstanding(holidays: pd.DataFrame) -> str:
    found = holidays[holidays["is_unusual"].fillna(value=False).astype(bool)]
    if found.empty:
        return (
            "Holidays, their eves and the nights after: none has more or fewer crimes here than chance leaves"
        )
    first = found.iloc[0]
    return (
        f"Holidays, eves and nights after: {len(found)} differ here by more than chance, most surely "
        f"{first['holiday_name']}, {first['part']}"
    )


HOLIDAYS: Final = Table(
    name="district_{district}_holidays",
    title=_outstanding,
    view="crimes_by_holiday_and_district",
    caveat="Against the same weekday over the four weeks before and after, other holidays left out; of the last two "
    "years. The range is that of all districts read together: outside of it is more than chance. A night after is "
    "00:02 to 05:59 of the day after.",
    query="district_holidays",
    asks=("district",),
    prepare=_parts_of_holidays,
    columns=(
        "holiday_name",
        "part",
        "days",
        "crimes",
        "expected",
        "expected_low",
        "expected_high",
        "is_unusual",
    ),
    is_static=True,
    empty="No holiday can be compared yet: it needs four complete weeks on either side.",
)


def show(freshness: Freshness, days: shapes.Held) -> None:
    """Draw the page."""
    known = Asked(freshness).read("districts").dropna(subset=["district"])
    head = parts.head_above(freshness)
    chosen, name = parts.choose_district(known)
    head(f"Staffing: {name}")
    choices: dict[str, Any] = districts.choices_of(chosen, days)
    items.draw(
        [Words(_NO_CALLS), districts.WATCHES, BEATS, HOURS, HOLIDAYS],
        Asked(freshness, choices),
    )
