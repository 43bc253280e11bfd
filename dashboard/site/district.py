"""One district, as its commander would ask, on a page to print: week, watch, beats, and kinds that stand out.

The weekly brief shows the same items (dashboard/brief/).
"""

from typing import Any, Final

import pandas as pd
import streamlit as st

from dashboard import charts, columns, findings, items, parts, shapes
from dashboard.items import Asked, Box, Boxes, Chart, Heading, Item, Table, Words
from dashboard.warehouse import Freshness

_DAYS_OF_THE_WEEK: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def _by_watch(watches: pd.DataFrame) -> pd.DataFrame:
    """Return a watch a row and a day of the week a column: what to expect, give or take its spread."""
    told = watches.dropna(subset=["expected_crimes"]).assign(
        day=lambda f: [_DAYS_OF_THE_WEEK[number - 1] for number in f["day_of_week"]],
        told=lambda f: [
            f"{expected:.0f}" + ("" if pd.isna(spread) else f" ± {spread:.0f}")
            for expected, spread in zip(f["expected_crimes"], f["crimes_spread"], strict=True)
        ],
    )
    if told.empty:
        return told
    wide = told.pivot_table(index=["watch", "watch_name"], columns="day", values="told", aggfunc="first")
    return wide.reindex(columns=list(_DAYS_OF_THE_WEEK)).reset_index()


def _busiest(wide: pd.DataFrame) -> str:
    return "Crimes to expect in one watch, by day of the week, of the last year" if len(wide) else "Watches"


WATCHES: Final = Table(
    name="district_{district}_watches",
    title=_busiest,
    view="crimes_by_district_and_watch",
    caveat="12 ± 4: one such watch has 12 crimes on average, and strays by 4 (one standard deviation over the weeks). "
    "The first watch of a day begins at 22:00 on the evening before. About 2 in 100 crimes are still to come. Recorded "
    "crimes are not calls for service, and do not say how many officers a watch needs.",
    query="watches",
    asks=("district",),
    prepare=_by_watch,
    columns=("watch_name", *_DAYS_OF_THE_WEEK),
    is_static=True,
    empty="Watches are not counted yet: no complete week is held.",
)


def beats_compared(district: int) -> Table:
    """Return the beats of a district at equal age, those out of the ordinary first."""

    def of_district(changes: pd.DataFrame) -> pd.DataFrame:
        is_here = (changes["family"] == "beat") & (changes["member"].str[:2] == f"{district:02d}")
        beats = changes[is_here & (changes["compared_with"] == "previous")]
        years = changes[is_here & (changes["compared_with"] == "last_year")].set_index("member")
        return beats.assign(
            beat=beats["member"],
            year_corrected_change_pct=beats["member"].map(years["corrected_change_pct"]),
            year_change_is_unusual=beats["member"].map(years["is_unusual"]),
        )

    return Table(
        name=f"district_{district}_beats_compared",
        title="Beats: the last 28 complete days against the 28 before and a year ago, at equal age",
        view="recent_changes",
        caveat=findings.HOW_JUDGED,
        query="changes",
        prepare=of_district,
        columns=(
            "beat",
            "crimes",
            "crimes_before",
            "corrected_change_pct",
            "is_unusual",
            "year_corrected_change_pct",
            "year_change_is_unusual",
        ),
        empty="The beats are not compared yet: 56 complete days are not held.",
    )


DAYS: Final = Chart(
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
)
KINDS: Final = Table(
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
)
BEATS: Final = Table(
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
)


def choices_of(district: int, days: shapes.Held) -> dict[str, Any]:
    """Return what the items of a district ask for."""
    return {
        "district": district,
        "family": "district",
        "first_date": shapes.year_and_28_days(days),
        "days_held": f"{shapes.day(days.first)} to {shapes.day(days.last)}",
    }


def show(freshness: Freshness, days: shapes.Held) -> None:
    """Draw the page."""
    districts = Asked(freshness).read("districts").dropna(subset=["district"])
    head = parts.head_above(freshness)
    chosen, name = parts.choose_district(districts)
    head(f"District {name}")
    row = districts[districts["district"] == chosen].iloc[0]
    if not pd.isna(row["address"]):
        st.write(f"Station: {row['address']}, {row['phone'] or 'no telephone published'}.")
    st.html('<p class="quiet not-on-paper">To print: Ctrl+P or ⌘P. It fills two sheets.</p>')
    parts.foot(f"District {name}. {shapes.days_held(days)} {shapes.record_state(freshness)}")
    asked = Asked(freshness, choices_of(chosen, days))
    with st.container(key="not-on-paper-brief"):
        _offer_brief(asked, days, row)
    items.draw([*head_items(asked, row), DAYS, WATCHES, KINDS, BEATS], asked)
    with st.container(key="not-on-paper"):
        items.draw([beats_compared(chosen)], asked)


def _offer_brief(asked: Asked, days: shapes.Held, row: pd.Series) -> None:
    # Inside: the brief is made of this page's items.
    from dashboard.brief.contents import district_brief  # noqa: PLC0415
    from dashboard.brief.offer import offer  # noqa: PLC0415

    week = findings.week(asked)
    if week:
        offer(
            f"district-{int(row['district']):02d}", lambda: district_brief(asked.freshness, days, row, week)
        )


def _arrests(row: pd.Series) -> str:
    ratio, low, high = (row[f"standardized_arrest_ratio{end}"] for end in ("", "_low", "_high"))
    return shapes.NOT_HELD if pd.isna(ratio) else f"{ratio:.2f} ({low:.2f} to {high:.2f})"


def head_items(asked: Asked, row: pd.Series) -> list[Item]:
    """Return what a reader sees first: the numbers of the district, and what is out of the ordinary in it."""
    member = str(int(row["district"]))
    changes = asked.read("changes")
    nowcasts = asked.read("nowcast_periods", ("family",))
    return [
        Boxes([*_numbers(row), *findings.place_boxes("district", member, nowcasts, changes)]),
        Heading("Out of the ordinary here"),
        Words(findings.said_here(changes, district=int(member))),
    ]


def _numbers(row: pd.Series) -> list[Box]:
    ranked = ("last_year_rank", "last_year_violent_rank", "standardized_arrest_ratio_rank")
    ranks = {name: "" if pd.isna(row[name]) else f" (rank {int(row[name])})" for name in ranked}
    return [
        Box(
            "Crimes of the last year" + ranks["last_year_rank"],
            shapes.number(row["last_year"]),
            None,
            columns.COLUMNS["last_year"].meaning + " Ranks are among the districts; 1 is the most.",
        ),
        Box("Violent" + ranks["last_year_violent_rank"], shapes.number(row["last_year_violent"])),
        Box(
            "Arrests by those expected" + ranks["standardized_arrest_ratio_rank"],
            _arrests(row),
            None,
            columns.COLUMNS["standardized_arrest_ratio"].meaning,
        ),
    ]
