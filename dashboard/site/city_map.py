"""Map: where, as cells of the whole city or as blocks of one district or ward, and the same numbers as a table."""

from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import pandas as pd
import streamlit as st

from dashboard import charts, parts, shapes
from dashboard.items import Asked, Chart, Table
from dashboard.warehouse import Freshness, read

_VIOLENT: Final = {"any": "violent or not", "yes": "violent only", "no": "not violent"}
_COLUMNS: Final = ("crimes", "violent", "arrests", "block")
_TIMES: Final = {
    "any": "any time",
    "night": "night, 0 to 5",
    "morning": "morning, 6 to 11",
    "afternoon": "afternoon, 12 to 17",
    "evening": "evening, 18 to 23",
    "unknown": "time unknown",
}
_WARDS: Final = {"any": "any ward"} | {str(number): f"ward {number}" for number in range(1, 51)}


@dataclass(frozen=True)
class _Source:
    """Where the places that are asked for come from: the view, its query, and the choices that this takes."""

    view: str
    query: str
    asks: tuple[str, ...]

    @property
    def is_whole(self) -> bool:
        """Return whether the crimes without a point are counted too."""
        return self.view != "crime_map_cells"


def show(freshness: Freshness, days: shapes.Held) -> None:
    """Draw the page."""
    parts.head("Where", freshness)
    chosen = _filters(freshness, days)
    cut = _cut(days, chosen)
    if cut != chosen:
        st.info(
            "Single crimes are shown of two years at most: these are the newest of those asked for. All days are there "
            "for the whole city, by kind and by violence."
        )
    asked, source = Asked(freshness, cut), _source(days, cut)
    places = asked.read(source.query, source.asks)
    st.write(_summary(places, source, cut))
    left, right = st.columns([3, 2])
    with left:
        _map(source, cut, asked.read("stations")).draw(asked)
    with right:
        _table(source, places).draw(asked)


def _summary(places: pd.DataFrame, source: _Source, chosen: dict[str, Any]) -> str:
    """Return how many crimes are on the map, and of how many it cannot be."""
    on_map = int(_located(places)["crimes"].sum())
    without = int(places["crimes"].sum()) - on_map
    rest = (
        f"{without:,} more have no point."
        if source.is_whole
        else "those without a point are not counted by kind."
    )
    first, last = chosen["first_date"], chosen["last_date"]
    return f"**{on_map:,} crimes on the map** from {first:%-d %B %Y} to {last:%-d %B %Y}; {rest}"


def _located(places: pd.DataFrame) -> pd.DataFrame:
    return places.dropna(subset=["latitude"])


def _map(source: _Source, chosen: dict[str, Any], stations: pd.DataFrame) -> Chart:
    nearer = "" if _is_near(chosen) else "Choose a district or a ward to see blocks."
    return Chart(
        name="crimes_on_the_map",
        title="Where crimes were",
        view=source.view,
        caveat="Numbers on the map are the districts, at their stations; a block is at the middle of its points. "
        + nearer,
        query=source.query,
        asks=source.asks,
        prepare=_located,
        empty="No crime with a point is of this kind, place and time.",
        drawing=charts.city_map,
        alt="Map of the crimes asked for; the table beside it has the same numbers",
        given=(stations,),
    )


def _table(source: _Source, places: pd.DataFrame) -> Table:
    uncounted = "" if "arrests" in places.columns else " Arrests are not counted by cell over all days."
    return Table(
        name="places",
        title="The same numbers",
        view=source.view,
        caveat="The same numbers, most first; without a place: no point." + uncounted,
        query=source.query,
        asks=source.asks,
        columns=tuple(name for name in _COLUMNS if name in places.columns),
    )


def _is_near(chosen: dict[str, Any]) -> bool:
    return chosen["district"] is not None or chosen["ward"] is not None


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


def _source(days: shapes.Held, chosen: dict[str, Any]) -> _Source:
    """Return what answers the choices: what is counted beforehand, or else single crimes."""
    if _is_counted(days, chosen) and not _chosen(chosen):
        return _Source("crime_map_totals", "map_totals", ())
    if _is_counted(days, chosen):
        return _Source("crime_map_cells", "map_kinds", ("kind", "violent"))
    query = "map_points" if _is_near(chosen) else "map_cells"
    return _Source("crimes_enriched", query, tuple(chosen))


def _filters(freshness: Freshness, days: shapes.Held) -> dict[str, Any]:
    left, middle, right = st.columns(3)
    with left:
        period = parts.choose("When", "period", shapes.periods(days), "28")
        kind = parts.choose("Kind of crime", "kind", _kinds(freshness), "any")
    with middle:
        district = parts.choose("Police district", "district", _districts(freshness), "any")
        violent = parts.choose("Violent", "violent", _VIOLENT, "any")
    with right:
        ward = parts.choose("Ward", "ward", _WARDS, "any")
        time = parts.choose("Time of day", "time", _TIMES, "any")
    first, last = _dates(days) if period == "dates" else shapes.period(days, period)
    return {
        "first_date": first,
        "last_date": last,
        "kind": None if kind == "any" else kind,
        "violent": {"any": None, "yes": True, "no": False}[violent],
        "district": None if district == "any" else int(district),
        "ward": None if ward == "any" else int(ward),
        "time_of_day": None if time == "any" else time,
    }


def _kinds(freshness: Freshness) -> dict[str, str]:
    kinds = read(freshness, "kinds")["primary_type"]
    return {"any": "any kind"} | {kind: kind.capitalize() for kind in kinds}


def _districts(freshness: Freshness) -> dict[str, str]:
    stations = read(freshness, "stations").itertuples()
    return {"any": "whole city"} | {
        str(row.district): shapes.place(row.district_name, row.district) for row in stations
    }


def _dates(days: shapes.Held) -> tuple[date, date]:
    """Return the first and the last day of the reader's choice."""
    left, right = st.columns(2)
    first = _date(left, days, "First day", "from", days.first)
    last = _date(right, days, "Last day", "to", days.last)
    if first > last:
        st.warning(
            f"The first day, {first:%-d %B %Y}, is after the last, {last:%-d %B %Y}; shown from one to the other."
        )
    return min(first, last), max(first, last)


def _date(column: Any, days: shapes.Held, label: str, name: str, default: date) -> date:
    given = pd.to_datetime(st.query_params.get(name, ""), errors="coerce")
    chosen = default if pd.isna(given) else min(max(given.date(), days.first), days.last)
    key = f"choice-{name}"
    st.session_state[key] = chosen

    def follow() -> None:
        parts.remember(name, f"{st.session_state[key]:%Y-%m-%d}", f"{default:%Y-%m-%d}")

    column.date_input(label, min_value=days.first, max_value=days.last, key=key, on_change=follow)
    return chosen
