"""The City's small lists as the portal serves them: police stations, ward offices, IUCR codes.

What lives here: how the project's own CSV tables (its column names, its cleaned values) become the portal's
rows again, with the quirks that the portal has. What does not: the tables themselves, which are in `data/`.
Mirrors https://data.cityofchicago.org/d/z8bn-74gv, /d/htai-wnw4, /d/c7ck-438e.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from demo.shapes import IUCR, STATIONS, WARD_OFFICES, Row, Shape

DATA_FOLDER = Path(__file__).resolve().parent.parent / "data"


@dataclass(frozen=True)
class ListSource:
    """One list: its shape, its files, and the function that turns a line of one into the portal's row."""

    shape: Shape
    files: tuple[str, ...]
    to_row: Callable[[dict[str, str]], Row]


def _located(cells: dict[str, str]) -> Row:
    row: Row = {name: value for name, value in cells.items() if value}
    if "latitude" in row and "longitude" in row:
        row["location"] = {"latitude": row["latitude"], "longitude": row["longitude"]}
    return row


def _station(cells: dict[str, str]) -> Row:
    row = _located(cells)
    if "district" not in row:
        # The project keeps headquarters apart; the portal has it as one more "district".
        row["district"] = row["district_name"] = row.pop("name", "Headquarters")
    if row.get("district") == "12" and "address" in row:
        row["address"] += "\n"  # as published
    return row


def _ward(cells: dict[str, str]) -> Row:
    row = _located(cells)
    row.pop("latitude", None)
    row.pop("longitude", None)
    if "zip" in row:
        row["zipcode"] = row.pop("zip")
    return row


def _iucr(cells: dict[str, str]) -> Row:
    row: Row = {name: value for name, value in cells.items() if value}
    if "is_index" in row:
        row["index_code"] = "I" if row.pop("is_index") == "true" else "N"
    if "is_active" in row:
        row["active"] = row.pop("is_active")
    return row


PUBLISHED_LISTS = (
    ListSource(STATIONS, ("police_stations.csv", "police_headquarters.csv"), _station),
    ListSource(WARD_OFFICES, ("ward_offices.csv",), _ward),
    ListSource(IUCR, ("iucr_codes.csv",), _iucr),
)


def rows_of_list(source: ListSource, folder: Path = DATA_FOLDER) -> list[Row]:
    """Return the portal's rows of one list, from those of its files that exist.

    Fields it does not declare are left out.
    """
    declared = {field.name for field in source.shape.fields}
    rows: list[Row] = []
    for name in source.files:
        path = folder / name
        if path.exists():
            with path.open(newline="", encoding="utf-8") as file:
                made = [source.to_row(dict(cells)) for cells in csv.DictReader(file)]
            rows += [{name: value for name, value in row.items() if name in declared} for row in made]
    return rows
