"""Map: where, as cells of the whole city or as blocks of one district or ward, and the same numbers as a table."""

from datetime import date
from typing import Any, Final

import pandas as pd
import streamlit as st

from dashboard import charts, parts, shapes
from dashboard.warehouse import Freshness, read

_VIOLENT: Final = {"any": "violent or not", "yes": "violent only", "no": "not violent"}
_COLUMNS: Final = ("crimes", "violent", "arrests", "block", "cell_x", "cell_y", "latitude", "longitude")
_TIMES: Final = {
    "any": "any time",
    "night": "night, 0 to 5",
    "morning": "morning, 6 to 11",
    "afternoon": "afternoon, 12 to 17",
    "evening": "evening, 18 to 23",
    "unknown": "time unknown",
}


def show(freshness: Freshness, days: shapes.Held) -> None:
    """Draw the page."""
    parts.head("Where", freshness)
    asked = _filters(freshness, days)
    is_near = asked["district"] is not None or asked["ward"] is not None
    cut = _cut(days, asked)
    if cut != asked:
        st.info(
            "Single crimes are shown of two years at most: these are the newest of those asked for. All days are there "
            "for the whole city, by kind and by violence."
        )
        asked = cut
    source, places = _places(freshness, days, asked)
    is_whole = source != "crime_map_cells"
    located = places.dropna(subset=["latitude"])
    on_map, without = int(located["crimes"].sum()), int(places["crimes"].sum() - located["crimes"].sum())
    st.write(
        f"**{on_map:,} crimes on the map** from {asked['first_date']:%-d %B %Y} to {asked['last_date']:%-d %B %Y}; "
        + (
            f"{without:,} more have no point."
            if is_whole
            else "those without a point are not counted by kind."
        )
    )
    left, right = st.columns([3, 2])
    with left:
        if located.empty:
            st.info("No crime with a point is of this kind, place and time.")
        else:
            parts.chart(
                "crimes_on_the_map",
                charts.city_map,
                located,
                source,
                "Numbers on the map are the districts, at their stations; a block is at the middle of its points. "
                + ("Choose a district or a ward to see blocks." if not is_near else ""),
                "Map of the crimes asked for; the table beside it has the same numbers",
                more=(read(freshness, "stations"),),
            )
    with right:
        parts.table(
            "places",
            places,
            source,
            "The same numbers, most first; without a place: no point."
            + (" Arrests are not counted by cell over all days." if "arrests" not in places.columns else ""),
            column_order=[name for name in _COLUMNS if name in places.columns],
        )


def _chosen(asked: dict[str, Any]) -> set[str]:
    return {name for name, value in asked.items() if value is not None} - {"first_date", "last_date"}


def _is_counted(days: shapes.Held, asked: dict[str, Any]) -> bool:
    """Return whether a count made beforehand answers this; all else is asked of the single crimes."""
    is_all = (asked["first_date"], asked["last_date"]) == (days.first, days.last)
    return is_all and _chosen(asked) <= {"kind", "violent"}


def _cut(days: shapes.Held, asked: dict[str, Any]) -> dict[str, Any]:
    """Return what is asked, with no more days than the single crimes can be asked for."""
    if _is_counted(days, asked):
        return asked
    return asked | {"first_date": shapes.newest(asked["first_date"], asked["last_date"])}


def _places(freshness: Freshness, days: shapes.Held, asked: dict[str, Any]) -> tuple[str, pd.DataFrame]:
    """Return the view that answers what is asked, and its places: single crimes, or what is counted beforehand."""
    if _is_counted(days, asked) and not _chosen(asked):
        return "crime_map_totals", read(freshness, "map_totals")
    if _is_counted(days, asked):
        return "crime_map_cells", read(freshness, "map_kinds", kind=asked["kind"], violent=asked["violent"])
    is_near = asked["district"] is not None or asked["ward"] is not None
    return "crimes_enriched", read(freshness, "map_points" if is_near else "map_cells", **asked)


def _filters(freshness: Freshness, days: shapes.Held) -> dict[str, Any]:
    kinds = {"any": "any kind"} | {
        kind: kind.capitalize() for kind in read(freshness, "kinds")["primary_type"]
    }
    districts = read(freshness, "stations")
    of_districts = {"any": "whole city"} | {
        str(row.district): f"{row.district} {row.district_name}" for row in districts.itertuples()
    }
    wards = {"any": "any ward"} | {str(number): f"ward {number}" for number in range(1, 51)}
    row = st.columns(3)
    with row[0]:
        chosen = parts.choose("When", "period", shapes.PERIODS, "28")
        kind = parts.choose("Kind of crime", "kind", kinds, "any")
    with row[1]:
        district = parts.choose("Police district", "district", of_districts, "any")
        violent = parts.choose("Violent", "violent", _VIOLENT, "any")
    with row[2]:
        ward = parts.choose("Ward", "ward", wards, "any")
        time = parts.choose("Time of day", "time", _TIMES, "any")
    first, last = shapes.period(days, chosen)
    if chosen == "dates":
        first, last = _dates(days)
    return {
        "first_date": first,
        "last_date": last,
        "kind": None if kind == "any" else kind,
        "violent": {"any": None, "yes": True, "no": False}[violent],
        "district": None if district == "any" else int(district),
        "ward": None if ward == "any" else int(ward),
        "time_of_day": None if time == "any" else time,
    }


def _dates(days: shapes.Held) -> tuple[date, date]:
    chosen = []
    for column, (label, name, default) in zip(
        st.columns(2), [("First day", "from", days.first), ("Last day", "to", days.last)], strict=True
    ):
        given = pd.to_datetime(st.query_params.get(name, ""), errors="coerce")
        start = default if pd.isna(given) else min(max(given.date(), days.first), days.last)
        picked = column.date_input(
            label, start, min_value=days.first, max_value=days.last, key=f"choice-{name}"
        )
        parts.remember(name, f"{picked:%Y-%m-%d}", f"{default:%Y-%m-%d}")
        chosen.append(picked)
    return chosen[0], chosen[1]
