"""What is out of the ordinary, and what the newest days will come to, in words: pure functions of frames.

The Overview, the pages of places and the weekly brief say it in the same words. What is unusual is decided by the views
(docs/methods.md); every change here is of equal age, so corrected for what is still to be published (docs/nowcast.md).
"""

from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

import pandas as pd

from dashboard import columns, shapes
from dashboard.items import Asked, Box

COUNTS: Final = {
    "crimes": "All crimes",
    "violent": "Violent",
    "property": "Property",
    "arrests": "With an arrest",
    "domestic": "Domestic",
}
BEFORE: Final = {"previous": "on the 28 days before", "last_year": "on a year ago"}
NOTHING_UNUSUAL: Final = "Nothing out of the ordinary."
HOW_JUDGED: Final = (
    "The newest 28 complete days against the 28 before, and against the same weekdays a year ago, both as they will "
    "stand when all is published. Out of the ordinary is what chance and the usual drift do not explain, with all "
    "districts (wards, beats, kinds, hours) looked at together: of twenty months in which nothing happens, one names "
    "something. It does not say why. The range is of one number by itself, 19 times of 20: it can leave out 0 where, "
    "among all, the change is no more than chance."
)
HOW_EXPECTED: Final = (
    "The City publishes a day's crimes over weeks. So far: what is published now. In the end: what we expect to hold "
    "45 days from now, with a range that is right nine times of ten. That range knows of lateness, not of chance."
)
_FAMILIES: Final = ("city", "district", "ward", "beat", "kind", "hour")


@dataclass(frozen=True)
class Finding:
    """Something out of the ordinary, in a sentence, and the page that shows it."""

    text: str
    page: str


def named(family: str, member: str, district_name: Any) -> str:
    """Return a part of the city as people say it."""
    if family == "city":
        return COUNTS[member]
    if family == "district":
        return shapes.place("unknown" if pd.isna(district_name) else district_name, int(member))
    if family == "ward":
        return f"Ward {member}"
    if family == "beat":
        return f"Beat {member}" + ("" if pd.isna(district_name) else f", {district_name}")
    if family == "hour":
        return f"{columns.hour(member)} to {columns.hour((int(member) + 1) % 24)}"
    return columns.kind(member)


def page_of(family: str, member: str) -> str:
    """Return the address of the page that shows a part of the city."""
    if family == "district":
        return "district?" + urlencode({"district": member})
    if family == "beat":
        return "district?" + urlencode({"district": int(member[:2])})
    if family == "ward":
        return "wards?" + urlencode({"ward": member})
    if family == "kind":
        return "map?" + urlencode({"kind": member})
    return "when" if family == "hour" else "overview"


def change_of(changes: pd.DataFrame, family: str, member: str, compared_with: str) -> pd.Series | None:
    """Return the row of one comparison; None where it is not held."""
    found = changes[
        (changes["family"] == family)
        & (changes["member"] == member)
        & (changes["compared_with"] == compared_with)
    ]
    return None if found.empty else found.iloc[0]


def judged(change: pd.Series | None) -> str:
    """Return a change at equal age, whether it is more than chance, and what chance leaves of it."""
    if change is None:
        return shapes.NOT_HELD
    if pd.isna(change["corrected_change_pct"]):
        return f"not compared: {caution(change) or 'it comes too late to be corrected'}"
    said = columns.percent(change["corrected_change_pct"])
    if pd.isna(change["is_unusual"]):
        return f"{said}, too few to judge"
    return f"{said}, {columns.chance(change['is_unusual'])} ({_range(change)})"


def _range(change: pd.Series) -> str:
    ends = [columns.percent(change[f"change_{end}_pct"]) for end in ("low", "high")]
    return f"range {ends[0]} to {ends[1]}"


def caution(row: pd.Series) -> str:
    """Return why nothing is said of a row, or less surely; empty where nothing is known against it."""
    return "" if pd.isna(row["caution"]) else str(row["caution"])


def unusual(changes: pd.DataFrame) -> pd.DataFrame:
    """Return the comparisons that are out of the ordinary, the surest first."""
    return changes[changes["is_unusual"].fillna(value=False).astype(bool)]


def findings(changes: pd.DataFrame) -> list[Finding]:
    """Return what is out of the ordinary: of the city first, then of districts, wards, beats, kinds and hours."""
    found = unusual(changes)
    return [
        Finding(_sentence(row), page_of(family, row["member"]))
        for family in _FAMILIES
        for _, row in found[found["family"] == family].iterrows()
    ]


def _sentence(row: pd.Series) -> str:
    name = named(row["family"], row["member"], row["district_name"])
    change = columns.percent(row["corrected_change_pct"])
    return f"{name}: {change} {BEFORE[row['compared_with']]} ({_range(row)}; {columns.count(row['crimes'])} crimes)"


def answer(changes: pd.DataFrame) -> str:
    """Return whether it is getting worse, where, and whether that is more than chance, in a sentence or two."""
    for compared_with in ("last_year", "previous"):
        city = change_of(changes, "city", "crimes", compared_with)
        if city is not None:
            return f"{_whether(city)} {_where(changes, compared_with)}"
    return "Whether it is getting worse cannot be said yet: it takes 56 complete days."


def _whether(city: pd.Series) -> str:
    before = BEFORE[city["compared_with"]]
    if pd.isna(city["is_unusual"]):
        why = caution(city) or "too few weeks are held to know what is usual"
        return f"Whether it is getting worse cannot be said now: {why}."
    change = city["corrected_change_pct"]
    way = "up" if change > 0 else "down"
    said = f"crime in the city is {way} {columns.share(abs(change) / 100)} {before}"
    if not city["is_unusual"]:
        return f"Not that the numbers can tell: {said}, no more than chance ({_range(city)})."
    head = "Yes" if change > 0 else "No, it is getting better"
    return f"{head}: {said}, more than chance explains ({_range(city)})."


def _where(changes: pd.DataFrame, compared_with: str) -> str:
    districts = changes[(changes["family"] == "district") & (changes["compared_with"] == compared_with)]
    found = unusual(districts)
    if districts["is_unusual"].isna().all():
        return ""
    if found.empty:
        return "No police district changed by more than chance."
    said = []
    for verb, rows in (
        ("rose", found[found["corrected_change_pct"] > 0]),
        ("fell", found[found["corrected_change_pct"] < 0]),
    ):
        if not rows.empty:
            places = [
                f"{named('district', row['member'], row['district_name'])} by "
                f"{columns.share(abs(row['corrected_change_pct']) / 100)}"
                for _, row in rows.iterrows()
            ]
            said.append(f"It {verb} beyond chance in {_listed(places)}.")
    return " ".join(said)


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1]


def expected(nowcasts: pd.DataFrame, place: str, period: str) -> pd.Series | None:
    """Return what a period of a place will come to; None where the period is not held."""
    found = nowcasts[(nowcasts["place"] == place) & (nowcasts["period"] == period)]
    return None if found.empty else found.iloc[0]


def newest_week(asked: Asked) -> pd.Series | None:
    """Return the newest seven days of the city that are published; None where there are none."""
    return expected(asked.read("nowcast_periods", ("family",)), "crimes", "newest_7")


def week(asked: Asked) -> str:
    """Return the newest seven days published, in words; empty where there are none."""
    found = newest_week(Asked(asked.freshness, {"family": "city"}))
    return "" if found is None else span(found)


def in_the_end(row: pd.Series) -> str:
    """Return what is held and between what it will end."""
    so_far = f"{columns.count(row['crimes'])} so far"
    if pd.isna(row["low"]):
        return so_far
    return f"{so_far}, {columns.count(row['low'])} to {columns.count(row['high'])} in the end"


def span(row: pd.Series) -> str:
    """Return the days of a period: `14 to 20 November 2026`."""
    first, last = (pd.Timestamp(row[end]) for end in ("first_date", "last_date"))
    if first.year != last.year:
        return f"{shapes.day(first)} to {shapes.day(last)}"
    if first.month != last.month:
        return f"{first:%-d %B} to {shapes.day(last)}"
    return f"{first:%-d} to {shapes.day(last)}"


def city_boxes(sums: pd.DataFrame, nowcasts: pd.DataFrame, changes: pd.DataFrame) -> list[Box]:
    """Return the city's five counts: what the last 28 complete days will come to, and how that compares."""
    boxes = []
    for _, row in sums.iterrows():
        counted = row["counted"]
        held = shapes.number(row["last_28_days"])
        found = expected(nowcasts, counted, "complete_28")
        known = found is not None and not pd.isna(found["nowcast"])
        value = shapes.number(found["nowcast"]) if found is not None and known else held
        told = [in_the_end(found) if found is not None else f"{held} so far; arrests come late"]
        told += [
            f"{judged_shortly(change)} {before}"
            for compared_with, before in BEFORE.items()
            if (change := change_of(changes, "city", counted, compared_with)) is not None
            and not pd.isna(change["corrected_change_pct"])
        ]
        boxes.append(Box(COUNTS[counted], value, "; ".join(told), columns.COLUMNS[counted].meaning))
    return boxes


def judged_shortly(change: pd.Series) -> str:
    """Return a change at equal age and whether it is more than chance, without its range."""
    said = columns.percent(change["corrected_change_pct"])
    return said if pd.isna(change["is_unusual"]) else f"{said} ({columns.chance(change['is_unusual'])})"


def place_boxes(family: str, member: str, nowcasts: pd.DataFrame, changes: pd.DataFrame) -> list[Box]:
    """Return a place's newest week and month, what they will come to, and the last 28 complete days compared."""
    boxes = []
    for period, label in (("newest_7", "Newest 7 days"), ("newest_28", "Newest 28 days")):
        row = expected(nowcasts, member, period)
        if row is not None:
            value = row["crimes"] if pd.isna(row["nowcast"]) else row["nowcast"]
            told = caution(row) or in_the_end(row)
            boxes.append(Box(f"{label}, {span(row)}", shapes.number(value), told, HOW_EXPECTED))
    for compared_with, before in BEFORE.items():
        change = change_of(changes, family, member, compared_with)
        if change is not None:
            value = shapes.change(change["corrected_change_pct"]) or shapes.NOT_HELD
            boxes.append(
                Box(
                    f"28 complete days {before}",
                    value,
                    judged(change).partition(", ")[2] or judged(change),
                    HOW_JUDGED,
                )
            )
    return boxes


def said_here(changes: pd.DataFrame, district: int | None = None, ward: int | None = None) -> str:
    """Return what is out of the ordinary in a district and its beats, or in a ward, as a list in Markdown."""
    is_here = (changes["family"] == "ward") & (changes["member"] == str(ward))
    if district is not None:
        is_its_own = (changes["family"] == "district") & (changes["member"] == str(district))
        is_beat = (changes["family"] == "beat") & (changes["member"].str[:2] == f"{district:02d}")
        is_here = is_its_own | is_beat
    here = changes[is_here]
    if here["is_unusual"].isna().all():
        return "Not compared yet: too few weeks are held to know what is usual here."
    found = findings(here)
    return "\n".join(f"- {finding.text}" for finding in found) if found else NOTHING_UNUSUAL
