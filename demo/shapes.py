"""The shapes of the portal's datasets: their API fields, SODA types, and the system fields of every row.

What lives here: field lists and how a value of each type is stored and published. What does not: rows,
queries, HTTP. Mirrors https://data.cityofchicago.org/d/x2n5-8w5q, /d/ijzp-q8t2, /d/z8bn-74gv, /d/htai-wnw4,
/d/c7ck-438e and https://dev.socrata.com/docs/datatypes/.

A value has two forms. *Published*: as the JSON of SODA has it (a number is text, a location an object).
*Stored*: what SQLite compares (a number is a number, a stamp is sortable text without its zone, a location
is the text of its object).
"""

from __future__ import annotations

import csv
import gzip
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson

type_names = (
    "text",
    "number",
    "floating_timestamp",
    "fixed_timestamp",
    "checkbox",
    "location",
    "row_identifier",
    "row_version",
)

Stored = str | int | float | None
Published = str | bool | dict[str, Any] | None
Row = dict[str, Any]
"""One row in published form: field name to value; a null field may be left out."""


@dataclass(frozen=True)
class ShapeField:
    """One API field.

    `expression` is the SQL that gives its stored value; it differs from the name under drift.
    """

    name: str
    type: str
    expression: str = ""

    @property
    def sql(self) -> str:
        """The SQL expression of the stored value."""
        return self.expression or f'"{self.name}"'


@dataclass(frozen=True)
class Shape:
    """A dataset's declared shape.

    `occurrence` and `case` name the fields that the city's changes go by, if any.
    """

    id: str
    name: str
    fields: tuple[ShapeField, ...]
    system: tuple[ShapeField, ...]
    occurrence: str = ""
    case: str = ""
    edited_stamp: str = ""

    @property
    def all_fields(self) -> tuple[ShapeField, ...]:
        """System fields first, as `$select=:*,*` gives them."""
        return self.system + self.fields

    def to_json(self) -> str:
        """Give the shape as text, so that another process can open the same store."""
        return json.dumps(asdict(self))

    @staticmethod
    def from_json(text: str) -> Shape:
        """Undo `to_json`."""
        raw = json.loads(text)
        fields = tuple(ShapeField(**field) for field in raw.pop("fields"))
        system = tuple(ShapeField(**field) for field in raw.pop("system"))
        return Shape(fields=fields, system=system, **raw)


def _fields(spec: str) -> tuple[ShapeField, ...]:
    """`name` or `name:type`, separated by spaces; the type is text where none is said."""
    return tuple(
        ShapeField(*part.split(":", 1)) if ":" in part else ShapeField(part, "text") for part in spec.split()
    )


SYSTEM = (
    ShapeField(":id", "row_identifier"),
    ShapeField(":created_at", "fixed_timestamp"),
    ShapeField(":updated_at", "fixed_timestamp"),
    ShapeField(":version", "row_version"),
)

# The six boundary layers that the portal computes from `location` for this dataset.
COMPUTED_REGIONS = tuple(
    ShapeField(f":@computed_region_{key}", "number")
    for key in ("awaf_s7ux", "6mkv_f3dw", "vrxf_vc4k", "bdys_3d7i", "43wa_7qmu", "rpca_8um6")
)

ONE_YEAR = Shape(
    id="x2n5-8w5q",
    name="Crimes - One year prior to present",
    fields=_fields(
        "case_ date_of_occurrence:floating_timestamp block _iucr _primary_decsription _secondary_description "
        "_location_description arrest domestic beat:number ward:number fbi_cd x_coordinate y_coordinate "
        "latitude:number longitude:number location:location"
    ),
    system=SYSTEM + COMPUTED_REGIONS,
    occurrence="date_of_occurrence",
    case="case_",
)

HISTORY = Shape(
    id="ijzp-q8t2",
    name="Crimes - 2001 to Present",
    fields=_fields(
        "id:number case_number date:floating_timestamp block iucr primary_type description "
        "location_description arrest:checkbox domestic:checkbox beat district ward:number "
        "community_area fbi_code "
        "x_coordinate:number y_coordinate:number year:number updated_on:floating_timestamp "
        "latitude:number longitude:number location:location"
    ),
    system=SYSTEM + COMPUTED_REGIONS,
    occurrence="date",
    case="case_number",
    edited_stamp="updated_on",
)

STATIONS = Shape(
    id="z8bn-74gv",
    name="Police Stations",
    fields=_fields(
        "district district_name address city state zip website phone fax tty x_coordinate y_coordinate "
        "latitude longitude location:location"
    ),
    system=SYSTEM,
)

WARD_OFFICES = Shape(
    id="htai-wnw4",
    name="Ward Offices",
    fields=_fields(
        "ward alderman address city state zipcode ward_phone ward_fax email website location:location "
        "city_hall_address city_hall_city city_hall_state city_hall_zipcode city_hall_phone photo_link"
    ),
    system=SYSTEM,
)

IUCR = Shape(
    id="c7ck-438e",
    name="Chicago Police Department - Illinois Uniform Crime Reporting (IUCR) Codes",
    fields=_fields("iucr primary_description secondary_description index_code active"),
    system=SYSTEM,
)

# Sorts after every digit: a year of five digits is stored behind it, so that it comes after the year 9999.
_LONG_YEAR_MARK = ":"
_LONG_YEAR = re.compile(r"\d{5,}-\d\d-\d\dT", re.ASCII)
_STAMP = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?)(?:\.(\d{1,9}))?)?\s*(Z|[+-]00:?00)?", re.ASCII
)


def to_stored_stamp(text: str) -> str | None:
    """Return the sortable text of a date, or of a date and time.

    No zone, at least three digits of fraction. None if the text is neither.

    `2023-11-06`, `2023-11-06T00:00:00`, `2023-11-14T11:02:01.256Z`. More than three digits are kept (and
    sort right), trailing zeros are not, so that equal instants are equal text.
    """
    match = _STAMP.fullmatch(text.strip())
    if match is None:
        return None
    day, clock, fraction, _zone = match.groups()
    clock = (clock or "00:00:00") if clock is None or len(clock) == 8 else f"{clock}:00"
    if not ("01" <= day[5:7] <= "12" and "01" <= day[8:10] <= "31" and clock < "24" and clock[3:5] < "60"):
        return None
    return f"{day}T{clock}.{(fraction or '').rstrip('0').ljust(3, '0')}"


def to_number(text: str) -> int | float | None:
    """Give a number from its text, whole numbers as int; None if it is not one."""
    try:
        whole = int(text)
    except ValueError:
        pass
    else:
        return whole if abs(whole) < 2**63 else float(whole)  # SQLite's integers have 64 bits
    try:
        value = float(text)
    except ValueError:
        return None
    return value if value == value and abs(value) != float("inf") else None  # noqa: PLR0124 (not a number)


def to_number_text(value: float | str) -> str:
    """Give a number as SODA's JSON has it: text, never with an exponent."""
    text = str(value)
    return (
        format(float(value), ".10f").rstrip("0").rstrip(".")
        if "e" in text and text[0] in "-0123456789"
        else text
    )


def to_stored(value: object, type_name: str) -> Stored:
    """Give a published value as it is stored.

    Text that does not fit its type stays text: a test may want bad data.
    """
    if value is None:
        return None
    if type_name == "number":
        number = to_number(str(value))
        return str(value) if number is None else number
    if type_name in ("floating_timestamp", "fixed_timestamp"):
        mark = _LONG_YEAR_MARK if _LONG_YEAR.match(str(value)) else ""
        return to_stored_stamp(str(value)) or f"{mark}{value}"
    if type_name == "checkbox":
        return int(value in (True, "true", "Y", "1", 1))
    if type_name == "location":
        return orjson.dumps(value).decode() if isinstance(value, Mapping) else str(value)
    return str(value)


def _number_wire(value: Stored) -> Published:
    return None if value is None else to_number_text(value)


def _fixed_wire(value: Stored) -> Published:
    return None if value is None else f"{_floating_wire(value)}".removesuffix("Z") + "Z"


def _floating_wire(value: Stored) -> Published:
    return None if value is None else str(value).removeprefix(_LONG_YEAR_MARK)


def _checkbox_wire(value: Stored) -> Published:
    return None if value is None else bool(value)


def _location_wire(value: Stored) -> object:
    return None if value is None else orjson.Fragment(str(value))


WIRE: dict[str, Callable[[Stored], Any]] = {
    "number": _number_wire,
    "fixed_timestamp": _fixed_wire,
    "floating_timestamp": _floating_wire,
    "checkbox": _checkbox_wire,
    "location": _location_wire,
}
"""Stored to published, for orjson, of the types whose two forms differ."""


def to_csv_text(value: Stored, type_name: str) -> str | None:
    """Give a stored value as SODA's CSV has it; a location is "(latitude, longitude)"."""
    if value is None:
        return None
    if type_name == "location":
        point = json.loads(str(value))
        return f"({point.get('latitude')}, {point.get('longitude')})" if "latitude" in point else ""
    if type_name == "checkbox":
        return "true" if value else "false"
    if type_name == "number":
        return to_number_text(value)
    if type_name in ("fixed_timestamp", "floating_timestamp"):
        # SODA's CSV writes fixed stamps with their zone too.
        return str(WIRE[type_name](value))
    return str(value)


def rows_of_pull(path: Path) -> Iterator[Row]:
    """Give the rows of a pull saved as CSV (gzip or not).

    All text, `location.…` columns, an empty cell for a null field.
    """
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", newline="", encoding="utf-8") as file:
        for cells in csv.DictReader(file):
            row: Row = {name: value for name, value in cells.items() if value}
            point = {name[9:]: row.pop(name) for name in list(row) if name.startswith("location.")}
            if point:
                row["location"] = point
            yield row
