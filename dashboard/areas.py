"""The map's shapes and what each says: its colour, its hatch, its words under the pointer. No query, no Streamlit.

The shapes are the City's boundaries in data/boundaries/, drawn only: a crime's place is what its own columns say, since
crimes lie on the streets that borders run along.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from math import cos, radians
from pathlib import Path
from typing import Any, Final

import pandas as pd

from dashboard import columns, palette

_DATA: Final = Path(__file__).resolve().parent.parent / "data"
_CREDIT: Final = "Boundaries: City of Chicago Data Portal"
_CREDIT_OF_RATES: Final = f"{_CREDIT}. Population: U.S. Census Bureau, 2020"
# Half a cell of 1,000 feet, in degrees north.
_HALF_A_CELL: Final = 500 / 364_567
_DAYS_A_YEAR: Final = 364
_CLASSES: Final = len(palette.MANY)


@dataclass(frozen=True)
class Layer:
    """A way to cut the city: its name, its shapes, the page that a click opens, and whose residents are known."""

    text: str
    one: str
    file: str = ""
    key: str = ""
    page: str = ""
    residents: str = ""

    @property
    def has_shapes(self) -> bool:
        """Return whether it is of areas, and not of cells."""
        return bool(self.file)


LAYERS: Final = {
    "district": Layer(
        "police districts", "district", "boundaries/districts", "district", "district?district=", "district"
    ),
    "beat": Layer("police beats", "beat", "boundaries/beats", "beat", "district?district="),
    "ward": Layer("wards (of 2023)", "ward", "boundaries/wards", "ward", "wards?ward="),
    "area": Layer(
        "community areas",
        "community area",
        "community_areas",
        "community_area",
        "areas?area=",
        "community area",
    ),
    "cell": Layer("cells of 1,000 feet", "cell"),
}
SHOWN: Final = {
    "count": "number of crimes",
    "rate": "crimes a year per 1,000 residents",
    "month": "change from the 28 days before",
    "year": "change from a year before",
}
COMPARED: Final = {"month": "previous", "year": "last_year"}


@cache
def shapes_of(file: str) -> tuple[dict[str, Any], ...]:
    """Return the features of a file of data/. District 31 is left out: three towns that the city encloses."""
    features = json.loads((_DATA / f"{file}.geojson").read_text("utf-8"))["features"]
    return tuple(one for one in features if str(one["properties"].get("district")) != "31")


def shape_name(layer: str, properties: Mapping[str, Any]) -> str:
    """Return the number of a shape as the crimes have it."""
    number = properties[LAYERS[layer].key]
    return f"{number:04d}" if layer == "beat" else str(number)


def page_of(layer: str, name: str) -> str:
    """Return the address of an area's page; of a beat, that of its district."""
    return LAYERS[layer].page + (str(int(name[:2])) if layer == "beat" else name)


@cache
def corners(file: str, key: str, value: Any) -> list[list[float]]:
    """Return the south-west and north-east corner of a shape; of the whole file where there is no such shape."""
    features = shapes_of(file)
    chosen = [one for one in features if one["properties"][key] == value] or features
    points = [point for one in chosen for ring in _rings(one["geometry"]) for point in ring]
    return [
        [min(point[1] for point in points), min(point[0] for point in points)],
        [max(point[1] for point in points), max(point[0] for point in points)],
    ]


def _rings(geometry: Mapping[str, Any]) -> list[Any]:
    parts = geometry["coordinates"]
    return parts if geometry["type"] == "Polygon" else [ring for part in parts for ring in part]


def on_the_map(layer: str, areas: pd.DataFrame) -> pd.DataFrame:
    """Return the areas that have a shape: not those of unknown places, of district 31, or of O'Hare's own beat."""
    return areas[
        areas["area"].isin({shape_name(layer, one["properties"]) for one in shapes_of(LAYERS[layer].file)})
    ]


def with_rates(areas: pd.DataFrame, residents: pd.DataFrame, days: int) -> pd.DataFrame:
    """Return areas with crimes per 1,000 residents as of a year of 364 days; none where no residents are known."""
    joined = areas.merge(residents, on="area", how="left")
    rate = joined["crimes"] / joined["residents"].where(joined["residents"] > 0) * 1000 * _DAYS_A_YEAR / days
    return joined.assign(rate=rate)


def _edges(values: pd.Series) -> list[float]:
    """Return the borders between classes, each of which has as many places, without those that say nothing."""
    known = values.dropna()
    cut = known.quantile([number / _CLASSES for number in range(1, _CLASSES)])
    return sorted({float(edge) for edge in cut if edge < known.max()}) if len(known) else []


def _class(value: float, edges: Sequence[float]) -> int:
    return sum(value > edge for edge in edges)


def _spread(number: int, classes: int) -> str:
    """Return the colour of a class, of the whole range where there are fewer classes."""
    return palette.MANY[round(number * (_CLASSES - 1) / max(classes - 1, 1))]


def _said(column: str, value: float) -> str:
    return columns.said(column, value)


def legend(values: pd.Series, column: str) -> list[dict[str, str]]:
    """Return what each colour of a count or rate means, few first."""
    known = values.dropna()
    edges = _edges(values)
    if known.empty:
        return []
    borders = [float(known.min()), *edges, float(known.max())]
    return [
        {"colour": _spread(number, len(edges) + 1), "text": f"{_said(column, low)} to {_said(column, high)}"}
        for number, (low, high) in enumerate(pairwise(borders))
    ]


CHANGES: Final = (
    {"colour": palette.ORANGE, "text": "more than before, beyond chance"},
    {"colour": palette.BLUE, "text": "less than before, beyond chance"},
    {"colour": "hatch", "text": "no more than chance"},
    {"colour": palette.LAND, "text": "not compared"},
)


def change_colour(change: Any, is_unusual: Any) -> str:
    """Return the colour of a change: hatched where it is no more than chance."""
    if pd.isna(change) or is_unusual is None or pd.isna(is_unusual):
        return palette.LAND
    if not is_unusual:
        return "hatch"
    return palette.ORANGE if change > 0 else palette.BLUE


def changed_words(row: Mapping[Any, Any]) -> str:
    """Return a change, its range, and whether it is more than chance."""
    if pd.isna(row["change"]) or pd.isna(row["is_unusual"]):
        return "not compared: too few crimes, or too few weeks held"
    low, high = (columns.said(name, row[name]) for name in ("change_low_pct", "change_high_pct"))
    return f"{columns.percent(row['change'])} (range {low} to {high}): {columns.chance(row['is_unusual'])}"


def drawn_areas(
    layer: str, areas: pd.DataFrame, measure: str, names: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Return each shape with its colour, its name and its words; areas: the index is the area's number."""
    column = "rate" if measure == "rate" else "crimes"
    edges = _edges(areas[column]) if column in areas.columns else []
    drawn = []
    for shape in shapes_of(LAYERS[layer].file):
        name = shape_name(layer, shape["properties"])
        row = areas.loc[name].to_dict() if name in areas.index else {}
        drawn.append(
            {
                "id": name,
                "name": names.get(name, name),
                "page": page_of(layer, name),
                "lines": _lines(row),
                "colour": _colour(row, measure, column, edges),
                "label": name if layer in {"district", "ward"} else "",
                "at": [shape["properties"].get("label_lat"), shape["properties"].get("label_lon")],
            }
        )
    return drawn


def _colour(row: Mapping[Any, Any], measure: str, column: str, edges: Sequence[float]) -> str:
    if measure in COMPARED:
        return change_colour(row.get("change"), row.get("is_unusual"))
    value = row.get(column)
    return palette.LAND if value is None or pd.isna(value) else _spread(_class(value, edges), len(edges) + 1)


def _lines(row: Mapping[Any, Any]) -> list[str]:
    """Return what is known of an area, a line each."""
    if not row:
        return ["No crime of those asked for."]
    lines = [counted_words(row)]
    if not pd.isna(row.get("rate")):
        estimated = ", which are estimated" if row.get("is_residents_estimated") else ""
        lines.append(f"{columns.one_decimal(row['rate'])} a year per 1,000 residents{estimated}")
        lines += [f"Mind: {row['caveat']}"] if isinstance(row.get("caveat"), str) else []
    if "change" in row:
        lines.append(f"All crimes {row['against']}: {changed_words(row)}")
    return lines


def counted_words(row: Mapping[Any, Any]) -> str:
    """Return how many crimes, violent ones and arrests there are."""
    crimes = int(row["crimes"])
    parts = [f"{crimes:,} crime" + ("" if crimes == 1 else "s")]
    parts += [f"{int(row['violent']):,} violent"] if not pd.isna(row.get("violent")) else []
    parts += [f"{int(row['arrests']):,} with an arrest"] if not pd.isna(row.get("arrests")) else []
    return ", ".join(parts)


def drawn_cells(cells: pd.DataFrame) -> list[list[Any]]:
    """Return each cell as south, west, north, east, its colour and its words: short, as there are thousands."""
    located = cells.dropna(subset=["latitude", "longitude"])
    edges = _edges(located["crimes"])
    drawn = []
    for row in located.to_dict("records"):
        wide = _HALF_A_CELL / cos(radians(row["latitude"]))
        south, north = row["latitude"] - _HALF_A_CELL, row["latitude"] + _HALF_A_CELL
        west, east = row["longitude"] - wide, row["longitude"] + wide
        corners = [round(value, 5) for value in (south, west, north, east)]
        drawn.append([*corners, _class(row["crimes"], edges), counted_words(row)])
    return drawn


def drawn_blocks(blocks: pd.DataFrame) -> list[list[Any]]:
    """Return each block as its latitude, longitude, radius in pixels, name and words."""
    located = blocks.dropna(subset=["latitude", "longitude"])
    return [
        [
            round(row["latitude"], 5),
            round(row["longitude"], 5),
            round(min(3 + row["crimes"] ** 0.5 * 1.5, 16), 1),
            str(row["block"]),
            counted_words(row),
        ]
        for row in located.to_dict("records")
    ]


def classes(values: pd.Series) -> list[str]:
    """Return the colour of each class of a count, few first."""
    count = len(_edges(values)) + 1
    return [_spread(number, count) for number in range(count)]


def credit(measure: str) -> str:
    """Return whose data the map is drawn of."""
    return _CREDIT_OF_RATES if measure == "rate" else _CREDIT
