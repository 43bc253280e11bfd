"""Map: where, by district, beat, ward, community area or cell, and the same numbers as a table."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import pandas as pd
import streamlit as st

from dashboard import areas, leaflet, parts, shapes
from dashboard.areas import LAYERS
from dashboard.items import Asked, Table
from dashboard.warehouse import Freshness, read

_VIOLENT: Final = {"any": "violent or not", "yes": "violent only", "no": "not violent"}
_TIMES: Final = {
    "any": "any time",
    "night": "night, 0 to 5",
    "morning": "morning, 6 to 11",
    "afternoon": "afternoon, 12 to 17",
    "evening": "evening, 18 to 23",
    "unknown": "time unknown",
}
_WARDS: Final = {"any": "any ward"} | {str(number): f"ward {number}" for number in range(1, 51)}
_FILTERS: Final = ("first_date", "last_date", "kind", "violent", "time_of_day", "district", "ward")
_AGAINST: Final = {"month": "against the 28 days before", "year": "against the same 28 days a year before"}
_TWO_YEARS: Final = (
    "Single crimes are shown of two years at most: these are the newest of those asked for. All days are there for "
    "districts, beats, wards and cells of the whole city, by kind and by violence."
)


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
    parts.head("Map", freshness)
    chosen = _filters(freshness, days)
    cut = _cut(days, chosen)
    if cut != chosen:
        st.info(_TWO_YEARS)
    asked, source = Asked(freshness, cut), _source(days, cut)
    places = asked.read(source.query, source.asks)
    if LAYERS[cut["layer"]].has_shapes:
        _areas(asked, source, places)
    else:
        _cells(asked, source, places)


def _areas(asked: Asked, source: _Source, places: pd.DataFrame) -> None:
    """Draw the areas of a layer, and their table."""
    choices = asked.choices
    layer, measure = choices["layer"], _measure(choices)
    table, names = _known(asked, places, measure), _names(asked, layer)
    on_map = areas.on_the_map(layer, table)
    column = {"count": "crimes", "rate": "rate"}.get(measure, "change")
    without = int(table["crimes"].sum()) - int(on_map["crimes"].sum())
    rest = f" {without:,} more are of no {LAYERS[layer].one} that is drawn." if without else ""
    st.write(_summary(choices, int(on_map["crimes"].sum())) + rest)
    title = f"{areas.SHOWN[measure].capitalize()}, by {LAYERS[layer].one}"
    left, right = st.columns([3, 2])
    with left:
        leaflet.draw(
            areas.shapes_of(LAYERS[layer].file),
            areas.drawn_areas(layer, on_map.set_index("area"), measure, names),
            cells=(),
            classes=(),
            blocks=_blocks(asked),
            legend=areas.CHANGES if column == "change" else areas.legend(on_map[column], column),
            title=title,
            focus=_focus(choices),
            credit=areas.credit(measure),
            stamp=f"{layer} {measure}",
        )
    named = table.assign(place=[names.get(area, "unknown") for area in table["area"]])
    judged = ("change", "change_low_pct", "change_high_pct", "is_unusual", "crimes")
    counted = ("crimes", "violent", "arrests")
    shown = {"crimes": counted, "rate": ("rate", *counted, "residents"), "change": judged}[column]
    with right:
        Table(
            name=f"map_by_{layer}",
            title=title,
            view=source.view,
            caveat=f"{_about(layer, measure)} In words: {_words(choices)}.",
            query=source.query,
            asks=source.asks,
            prepare=lambda _: named.sort_values(column, ascending=False, na_position="last"),
            columns=("place", *shown),
        ).draw(asked)


def _cells(asked: Asked, source: _Source, places: pd.DataFrame) -> None:
    """Draw the cells, and their table."""
    if asked.choices["show"] != "count":
        st.info("Cells show numbers of crimes: who lives in one, and what is usual there, is not known.")
    located = places.dropna(subset=["latitude"])
    on_map = int(located["crimes"].sum())
    without = int(places["crimes"].sum()) - on_map
    rest = (
        f"{without:,} more have no point."
        if source.is_whole
        else "Those without a point are not counted by kind."
    )
    st.write(f"{_summary(asked.choices, on_map)} {rest}")
    left, right = st.columns([3, 2])
    blocks = _blocks(asked)
    title = "Number of crimes, by cell of 1,000 feet"
    with left:
        leaflet.draw(
            (),
            (),
            cells=() if blocks else areas.drawn_cells(places),
            classes=areas.classes(located["crimes"]),
            blocks=blocks,
            legend=areas.legend(located["crimes"], "crimes"),
            title=title,
            focus=_focus(asked.choices),
            credit=areas.credit("count"),
            stamp="cell count",
        )
    named = places.assign(
        cell=[_cell(*cell) for cell in zip(places["cell_x"], places["cell_y"], strict=True)]
    )
    with right:
        Table(
            name="map_by_cell",
            title=title,
            view=source.view,
            caveat="A cell is named by its corner in thousands of feet east and north. Without a place: no point. "
            f"In words: {_words(asked.choices)}.",
            query=source.query,
            asks=source.asks,
            prepare=lambda _: named,
            columns=("cell", *(name for name in ("crimes", "violent", "arrests") if name in places.columns)),
        ).draw(asked)


def _cell(east: Any, north: Any) -> str:
    return "no point" if pd.isna(east) else f"{int(east)} E, {int(north)} N"


def _measure(choices: Mapping[str, Any]) -> str:
    """Return what is shown of the areas: what was chosen, or the count where that is not known; says why."""
    layer, measure = str(choices["layer"]), str(choices["show"])
    if measure == "rate" and not LAYERS[layer].residents:
        st.info("Nobody publishes how many people live in a ward or a beat: shown is the number of crimes.")
        return "count"
    if measure in areas.COMPARED and layer == "area":
        st.info(
            "What is usual in a community area is not known, so no change can be judged: shown is the number."
        )
        return "count"
    return measure


def _known(asked: Asked, places: pd.DataFrame, measure: str) -> pd.DataFrame:
    """Return the areas with their residents and their changes, where these are known."""
    choices = asked.choices
    layer = LAYERS[choices["layer"]]
    table = places
    if layer.residents:
        residents = Asked(asked.freshness, {"layer": layer.residents}).read("map_residents", ("layer",))
        days = (choices["last_date"] - choices["first_date"]).days + 1
        table = areas.with_rates(table, residents, days)
    if choices["layer"] == "area":
        return table
    shown = measure if measure in areas.COMPARED else "month"
    compared = {"layer": choices["layer"], "compared_with": areas.COMPARED[shown]}
    changes = Asked(asked.freshness, compared).read("map_changes", ("layer", "compared_with"))
    if changes.empty and measure in areas.COMPARED:
        st.info(f"A change {_AGAINST[measure]} is not held yet: it needs both periods whole.")
    return table.merge(changes, on="area", how="left").assign(against=_AGAINST[shown])


def _about(layer: str, measure: str) -> str:
    """Return what to know of the numbers of a layer."""
    if measure == "rate":
        return (
            "Crimes by the residents of the 2020 Census, as of a year. Who is there by day is not counted: downtown "
            "and O'Hare look worse than they are. Residents of districts are estimated."
        )
    if measure in areas.COMPARED:
        return (
            f"All crimes of the newest 28 complete days {_AGAINST[measure]}, both corrected for what is published "
            "late; no filter applies to a change. Hatched: no more than chance and the usual drift."
        )
    if layer == "area":
        return "The community area is estimated from the block where the City does not publish it."
    return "Counted by what the record says of each crime, and not by where its point lies."


def _names(asked: Asked, layer: str) -> dict[str, str]:
    """Return the name of each area of a layer."""
    if layer == "ward":
        return {str(number): f"Ward {number}" for number in range(1, 51)}
    if layer == "area":
        shapes_held = areas.shapes_of(LAYERS[layer].file)
        return {
            str(one["properties"]["community_area"]): str(one["properties"]["community_area_name"])
            for one in shapes_held
        }
    stations = asked.read("stations")
    districts = {
        int(number): shapes.place(name, number)
        for number, name in zip(stations["district"], stations["district_name"], strict=True)
    }
    if layer == "district":
        return {str(number): name for number, name in districts.items()}
    beats = [areas.shape_name("beat", one["properties"]) for one in areas.shapes_of(LAYERS["beat"].file)]
    return {beat: f"Beat {beat}, {districts.get(int(beat[:2]), 'district unknown')}" for beat in beats}


def _focus(choices: Mapping[str, Any]) -> list[list[float]]:
    """Return the corners of what is looked at: a chosen district or ward, or the city."""
    if choices["district"] is not None:
        return areas.corners("boundaries/districts", "district", choices["district"])
    if choices["ward"] is not None:
        return areas.corners("boundaries/wards", "ward", choices["ward"])
    return areas.corners("boundaries/city", "name", "Chicago")


def _blocks(asked: Asked) -> list[list[Any]]:
    """Return the blocks of what is seen from near; none from afar."""
    seen = leaflet.near()
    if seen is None:
        return []
    corners = dict(zip(("south", "west", "north", "east"), seen, strict=True))
    near = {**asked.choices, **corners}
    near["first_date"] = shapes.newest(near["first_date"], near["last_date"])
    return areas.drawn_blocks(Asked(asked.freshness, near).read("map_blocks", (*corners, *_FILTERS)))


def _summary(choices: Mapping[str, Any], on_map: int) -> str:
    """Return how many crimes are on the map, and of which: the choices of a shared link in words."""
    return f"**{on_map:,} crimes on the map**: {_words(choices)}."


def _words(choices: Mapping[str, Any]) -> str:
    """Return the choices as a sentence would have them."""
    first, last = choices["first_date"], choices["last_date"]
    named = [
        None if choices["kind"] is None else choices["kind"].lower(),
        {None: None, True: "violent only", False: "not violent"}[choices["violent"]],
        None if choices["time_of_day"] is None else _TIMES[choices["time_of_day"]],
        None if choices["district"] is None else f"in district {choices['district']}",
        None if choices["ward"] is None else f"in ward {choices['ward']}",
        f"from {shapes.day(first)} to {shapes.day(last)}",
    ]
    return ", ".join(word for word in named if word)


def _chosen(asked: dict[str, Any]) -> set[str]:
    return {name for name in _FILTERS if asked[name] is not None} - {"first_date", "last_date"}


def _is_counted(days: shapes.Held, asked: dict[str, Any]) -> bool:
    """Return whether a count made beforehand answers this; all else is asked of the single crimes."""
    is_all = (asked["first_date"], asked["last_date"]) == (days.first, days.last)
    return is_all and asked["layer"] != "area" and _chosen(asked) <= {"kind", "violent"}


def _cut(days: shapes.Held, asked: dict[str, Any]) -> dict[str, Any]:
    """Return what is asked, with no more days than the single crimes can be asked for."""
    if _is_counted(days, asked):
        return asked
    return asked | {"first_date": shapes.newest(asked["first_date"], asked["last_date"])}


def _source(days: shapes.Held, chosen: dict[str, Any]) -> _Source:
    """Return what answers the choices: what is counted beforehand, or else single crimes."""
    is_counted = _is_counted(days, chosen)
    if chosen["layer"] == "area":
        return _Source("crimes_enriched", "map_community_areas", _FILTERS)
    if LAYERS[chosen["layer"]].has_shapes:
        if is_counted:
            return _Source("place_cube", "map_areas_counted", ("layer", "kind", "violent"))
        return _Source("crimes_enriched", "map_areas", ("layer", *_FILTERS))
    if is_counted and not _chosen(chosen):
        return _Source("crime_map_totals", "map_totals", ())
    if is_counted:
        return _Source("crime_map_cells", "map_kinds", ("kind", "violent"))
    return _Source("crimes_enriched", "map_cells", _FILTERS)


def _filters(freshness: Freshness, days: shapes.Held) -> dict[str, Any]:
    layers = {name: layer.text for name, layer in LAYERS.items()}
    left, middle, right = st.columns(3)
    with left:
        layer = parts.choose("Areas", "layer", layers, "district")
    with middle:
        measure = parts.choose("Show", "show", areas.SHOWN, "count")
    with right:
        period = parts.choose("When", "period", shapes.periods(days), "28")
    is_asked = any(name in st.query_params for name in ("kind", "violent", "time", "district", "ward"))
    with st.expander("Only some crimes: by kind, time or place", expanded=is_asked):
        columns = st.columns(5)
        with columns[0]:
            kind = parts.choose("Kind of crime", "kind", _kinds(freshness), "any")
        with columns[1]:
            violent = parts.choose("Violent", "violent", _VIOLENT, "any")
        with columns[2]:
            time = parts.choose("Time of day", "time", _TIMES, "any")
        with columns[3]:
            district = parts.choose("Police district", "district", _districts(freshness), "any")
        with columns[4]:
            ward = parts.choose("Ward", "ward", _WARDS, "any")
    first, last = _dates(days) if period == "dates" else shapes.period(days, period)
    return {
        "layer": layer,
        "show": measure,
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
        str(row.district): parts.numbered(row.district, shapes.place(row.district_name, row.district))
        for row in stations
    }


def _dates(days: shapes.Held) -> tuple[date, date]:
    """Return the first and the last day of the reader's choice."""
    left, right = st.columns(2)
    first = _date(left, days, "First day", "from", days.first)
    last = _date(right, days, "Last day", "to", days.last)
    if first > last:
        st.warning(
            f"The first day, {shapes.day(first)}, is after the last, {shapes.day(last)}; shown from one to the other."
        )
    return min(first, last), max(first, last)


def _date(column: Any, days: shapes.Held, label: str, name: str, default: date) -> date:
    asked = st.query_params.get(name, "")
    given = pd.to_datetime(asked, errors="coerce", format="%Y-%m-%d")
    chosen = default if pd.isna(given) else min(max(given.date(), days.first), days.last)
    if asked and f"{chosen:%Y-%m-%d}" != asked:
        why = "is no date" if pd.isna(given) else "is not among the days that we hold"
        st.warning(f"{label}: the address asks for {asked!r}, which {why}. Shown is {shapes.day(chosen)}.")
    key = f"choice-{name}"
    st.session_state[key] = chosen

    def follow() -> None:
        parts.remember(name, f"{st.session_state[key]:%Y-%m-%d}", f"{default:%Y-%m-%d}")

    column.date_input(label, min_value=days.first, max_value=days.last, key=key, on_change=follow)
    return chosen
