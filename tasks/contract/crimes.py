"""The contract of `chicago.crimes`: from rows as published to rows that we store, or reasons why not.

Pure pandas and Pandera: no clock, no network, no database. A value of the wrong kind rejects its row; a point
outside the city is set to null and counted, since the City writes one for "not known". Stored as published otherwise:
beats are padded to four characters, blocks are in upper case.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pandera.pandas as pa
import pyarrow
import pyarrow.compute as pc
from pandera.errors import SchemaErrors
from pandera.typing import Series

from tasks.datasets import DatasetProfile
from tasks.errors import ContractError

TEXT = pd.StringDtype("pyarrow", na_value=pd.NA)
WALL_CLOCK = "datetime64[us]"
INSTANT = "datetime64[us, UTC]"

# The box of the city, degrees; and with a margin in feet of EPSG:3435.
LATITUDE_BOX = (41.60, 42.10)
LONGITUDE_BOX = (-88.00, -87.50)
X_BOX = (1_080_000, 1_220_000)
Y_BOX = (1_800_000, 1_970_000)
HIGHEST_WARD = 50
HIGHEST_COMMUNITY_AREA = 77
SMALLEST_INT4, LARGEST_INT4 = -(2**31), 2**31 - 1

_WHOLE_NUMBER = r"^[+-]?\d{1,18}(\.0*)?$"
_NUMBER = r"^[+-]?\d{1,18}(\.\d*)?([eE][+-]?\d{1,2})?$"
_TIME = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?$"
_INSTANT = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?Z$"


class Crimes(pa.DataFrameModel):
    """One row is one row of `chicago.crimes`. Times of occurrence: Chicago wall clock; stamps: UTC instants."""

    crime_id: Series[TEXT] = pa.Field(unique=True, str_length={"min_value": 1})  # type: ignore[valid-type]
    case_number: Series[TEXT] = pa.Field()  # type: ignore[valid-type]
    date_of_occurrence: Series[WALL_CLOCK] = pa.Field()  # type: ignore[valid-type]
    block: Series[TEXT] = pa.Field(nullable=True)  # type: ignore[valid-type]
    iucr: Series[TEXT] = pa.Field(str_matches=r"^[0-9A-Z]{4}$")  # type: ignore[valid-type]
    primary_description: Series[TEXT] = pa.Field()  # type: ignore[valid-type]
    secondary_description: Series[TEXT] = pa.Field(nullable=True)  # type: ignore[valid-type]
    location_description: Series[TEXT] = pa.Field(nullable=True)  # type: ignore[valid-type]
    arrest: Series[pd.BooleanDtype] = pa.Field()
    domestic: Series[pd.BooleanDtype] = pa.Field()
    beat: Series[TEXT] = pa.Field(nullable=True, str_matches=r"^\d{4}$")  # type: ignore[valid-type]
    district: Series[pd.Int16Dtype] = pa.Field(nullable=True, ge=0, le=99)
    ward: Series[pd.Int16Dtype] = pa.Field(nullable=True, ge=1, le=HIGHEST_WARD)
    community_area: Series[pd.Int16Dtype] = pa.Field(nullable=True, ge=1, le=HIGHEST_COMMUNITY_AREA)
    fbi_code: Series[TEXT] = pa.Field(nullable=True, str_matches=r"^\d{2}[A-Z]?$")  # type: ignore[valid-type]
    x_coordinate: Series[pd.Int32Dtype] = pa.Field(nullable=True, in_range=dict(zip(("min_value", "max_value"), X_BOX, strict=True)))
    y_coordinate: Series[pd.Int32Dtype] = pa.Field(nullable=True, in_range=dict(zip(("min_value", "max_value"), Y_BOX, strict=True)))
    latitude: Series[pd.Float64Dtype] = pa.Field(nullable=True, ge=LATITUDE_BOX[0], le=LATITUDE_BOX[1])
    longitude: Series[pd.Float64Dtype] = pa.Field(nullable=True, ge=LONGITUDE_BOX[0], le=LONGITUDE_BOX[1])
    created_at: Series[INSTANT] = pa.Field(nullable=True)  # type: ignore[valid-type]
    updated_at: Series[INSTANT] = pa.Field(nullable=True)  # type: ignore[valid-type]
    version: Series[TEXT] = pa.Field(nullable=True)  # type: ignore[valid-type]

    class Config:
        """Nothing is coerced here: a wrong type is a fault of ours, not of a row."""

        strict = True
        ordered = True


CRIMES_COLUMNS: tuple[str, ...] = tuple(Crimes.to_schema().columns)
REJECTED_COLUMNS = (
    "crime_id", "case_number", "date_of_occurrence", "version", "updated_at", "raw", "reasons",
)  # fmt: skip
UNDATED_REASON = "date_of_occurrence: missing"


@dataclass(frozen=True)
class Transformed:
    """What became of the rows of one read: accepted + rejected = all of them.

    accepted: one row a crime, the columns of `Crimes`. rejected: one row a rejected row, `REJECTED_COLUMNS`; raw is
    the published row as JSON, reasons a list of texts. bad_coordinates: accepted rows whose point was set to null.
    """

    accepted: pd.DataFrame
    rejected: pd.DataFrame
    bad_coordinates: int


def to_raw_frame(rows: Sequence[dict[str, Any]], profile: DatasetProfile) -> pd.DataFrame:
    """Return API rows as a frame of text: one row a row, a column for each mapped field under our name, null where absent."""
    return pd.DataFrame(
        {
            field.column: pd.array(_text_array([row.get(field.name) for row in rows]), dtype=TEXT)
            for field in profile.fields
        }
    )


def to_crimes(raw: pd.DataFrame, profile: DatasetProfile) -> Transformed:
    """Return the rows of a raw frame, accepted by the contract or rejected with every reason.

    Raises `ContractError` if the result breaks the contract in a way that is no row's fault.
    """
    text = {column: _null_if_empty(raw[column]) for column in raw.columns}
    problems: dict[str, pd.Series] = {}
    for column in raw.columns:
        problems[f"{column}: has a character that cannot be stored"] = _has_unstorable(text[column])
    typed, bad_point = _typed(text, problems, raw.index)
    reasons = _reasons(typed, problems)
    keep = ~typed.index.isin(list(reasons))
    return Transformed(
        accepted=typed[keep].reset_index(drop=True),
        rejected=_rejected(raw, typed, reasons, profile),
        bad_coordinates=int((bad_point & keep).sum()),
    )


def _typed(
    text: dict[str, pd.Series], problems: dict[str, pd.Series], index: pd.Index
) -> tuple[pd.DataFrame, pd.Series]:
    """Return the typed frame, and for each row whether its point was bad; add to `problems` what was no value of its kind."""
    absent = pd.Series(pd.NA, index=index, dtype=TEXT)
    columns: dict[str, pd.Series] = {column: text.get(column, absent) for column in CRIMES_COLUMNS}
    columns["block"] = columns["block"].str.upper()
    columns["iucr"] = columns["iucr"].str.zfill(4)
    for column in ("arrest", "domestic"):
        columns[column] = _yes_or_no(columns[column], column, problems)
    beat = _whole_number(columns["beat"], "beat", problems, 0, 9999)
    columns["beat"] = beat.astype(TEXT).str.zfill(4)
    published_district = _whole_number(columns["district"], "district", problems, 0, 99)
    columns["district"] = published_district.fillna(beat // 100).astype("Int16")
    for column, highest in (("ward", HIGHEST_WARD), ("community_area", HIGHEST_COMMUNITY_AREA)):
        columns[column] = _whole_number(columns[column], column, problems, 1, highest).astype("Int16")
    for column in ("x_coordinate", "y_coordinate"):
        columns[column] = _whole_number(columns[column], column, problems, SMALLEST_INT4, LARGEST_INT4).astype("Int32")
    for column in ("latitude", "longitude"):
        columns[column] = _number(columns[column], column, problems)
    columns["date_of_occurrence"] = _time(columns["date_of_occurrence"], "date_of_occurrence", problems)
    for column in ("created_at", "updated_at"):
        columns[column] = _stamp(columns[column], column, problems)
    bad_point = _is_bad_point(columns)
    for column in ("x_coordinate", "y_coordinate", "latitude", "longitude"):
        columns[column] = columns[column].mask(bad_point)
    return pd.DataFrame(columns)[list(CRIMES_COLUMNS)], bad_point


def _text_array(values: list[Any]) -> pyarrow.Array:
    try:
        return pyarrow.array(values, type=pyarrow.large_string())
    except (pyarrow.ArrowInvalid, pyarrow.ArrowTypeError, UnicodeEncodeError):
        return pyarrow.array([_as_text(value) for value in values], type=pyarrow.large_string())


def _as_text(value: Any) -> str | None:
    if value is None:
        return None
    text = value if isinstance(value, str) else json.dumps(value)
    # Half a surrogate pair is no character. It is marked by NUL, which no row may hold either.
    return text.encode("utf-8", "surrogatepass").decode("utf-8", "replace").replace("\ufffd", "\x00") if (
        any("\ud800" <= character <= "\udfff" for character in text)
    ) else text


def _null_if_empty(values: pd.Series) -> pd.Series:
    return values.mask(values == "")


def _has_unstorable(values: pd.Series) -> pd.Series:
    """Say where a text holds NUL, which PostgreSQL's text cannot."""
    return values.str.contains("\x00", regex=False).fillna(value=False).astype(bool)


def _matches(values: pd.Series, pattern: str) -> pd.Series:
    """Say where a value is there and matches; RE2, anchored by the pattern itself."""
    found = pc.match_substring_regex(pyarrow.array(values, type=pyarrow.large_string()), pattern)
    return pd.Series(found.to_pandas(), index=values.index).fillna(value=False).astype(bool)


def _yes_or_no(values: pd.Series, column: str, problems: dict[str, pd.Series]) -> pd.Series:
    flags = values.map({"Y": True, "N": False, "true": True, "false": False}).astype("boolean")
    problems[f"{column}: neither Y nor N"] = values.notna() & flags.isna()
    return flags


def _whole_number(
    values: pd.Series, column: str, problems: dict[str, pd.Series], lowest: int, highest: int
) -> pd.Series:
    is_whole = _matches(values, _WHOLE_NUMBER)
    numbers = pd.to_numeric(values.where(is_whole).str.replace(r"\.0*$", "", regex=True)).astype("Int64")
    in_range = numbers.between(lowest, highest).fillna(value=False).astype(bool)
    problems[f"{column}: not a whole number"] = values.notna() & ~is_whole
    problems[f"{column}: not within {lowest} to {highest}"] = is_whole & ~in_range
    return numbers.where(in_range)


def _number(values: pd.Series, column: str, problems: dict[str, pd.Series]) -> pd.Series:
    is_number = _matches(values, _NUMBER)
    problems[f"{column}: not a number"] = values.notna() & ~is_number
    return pd.to_numeric(values.where(is_number)).astype("Float64")


def _time(values: pd.Series, column: str, problems: dict[str, pd.Series]) -> pd.Series:
    """Read floating timestamps: wall clock, never shifted, so that hours in a clock change stay as they are."""
    is_time = _matches(values, _TIME)
    times = pd.to_datetime(values.where(is_time).astype(object), format="ISO8601", errors="coerce").astype(WALL_CLOCK)
    problems[f"{column}: not a time"] = values.notna() & times.isna()
    return times


def _stamp(values: pd.Series, column: str, problems: dict[str, pd.Series]) -> pd.Series:
    """Read fixed timestamps: instants in UTC."""
    is_stamp = _matches(values, _INSTANT)
    stamps = pd.to_datetime(values.where(is_stamp).astype(object), format="ISO8601", utc=True, errors="coerce")
    problems[f"{column}: not an instant in UTC"] = values.notna() & stamps.isna()
    return stamps.astype(INSTANT)


def _is_bad_point(columns: dict[str, pd.Series]) -> pd.Series:
    """Say where a published point lies outside the city, or is half a point."""
    outside = pd.Series(data=False, index=columns["latitude"].index)
    boxes = {"latitude": LATITUDE_BOX, "longitude": LONGITUDE_BOX, "x_coordinate": X_BOX, "y_coordinate": Y_BOX}
    for column, (lowest, highest) in boxes.items():
        values = columns[column]
        outside |= values.notna() & ~values.between(lowest, highest).fillna(value=False).astype(bool)
    for one, other in (("latitude", "longitude"), ("x_coordinate", "y_coordinate")):
        outside |= columns[one].isna() != columns[other].isna()
    return outside


def _reasons(typed: pd.DataFrame, problems: dict[str, pd.Series]) -> dict[int, list[str]]:
    """Return for each rejected row, by its index, all reasons."""
    reasons: dict[int, list[str]] = {}
    for reason, is_so in problems.items():
        if is_so.any():
            for index in is_so.index[is_so]:
                reasons.setdefault(index, []).append(reason)
    for index, column, reason in _contract_failures(typed):
        known = reasons.setdefault(index, [])
        # A value that was no number is null by now; that it is missing too would be said twice.
        if not any(other.startswith(f"{column}: ") for other in known):
            known.append(f"{column}: {reason}")
    return reasons


def _contract_failures(typed: pd.DataFrame) -> list[tuple[int, str, str]]:
    try:
        Crimes.validate(typed, lazy=True)
    except SchemaErrors as error:
        failures = error.failure_cases
        ours = failures[failures["index"].isna()]
        if len(ours):
            raise ContractError(f"the transform broke its own contract: {ours.to_dict('records')}") from error
        return [
            (int(index), str(column), _rule(str(check)))
            for index, column, check in zip(failures["index"], failures["column"], failures["check"], strict=True)
        ]
    return []


def _rule(check: str) -> str:
    return "missing" if check == "not_nullable" else f"breaks the rule {check}"


def _rejected(
    raw: pd.DataFrame, typed: pd.DataFrame, reasons: dict[int, list[str]], profile: DatasetProfile
) -> pd.DataFrame:
    rows = sorted(reasons)
    bad, held = raw.loc[rows], typed.loc[rows]
    storable = {column: bad[column].str.replace("\x00", "\\u0000", regex=False) for column in raw.columns}
    return pd.DataFrame(
        {
            "crime_id": storable["crime_id"],
            "case_number": storable["case_number"],
            "date_of_occurrence": held["date_of_occurrence"],
            "version": storable["version"],
            "updated_at": held["updated_at"],
            "raw": pd.Series(_raw_json(pd.DataFrame(storable), profile), index=bad.index, dtype=object),
            "reasons": pd.Series([reasons[row] for row in rows], index=bad.index, dtype=object),
        }
    ).reset_index(drop=True)


def _raw_json(bad: pd.DataFrame, profile: DatasetProfile) -> list[str]:
    """Return each row as published, nulls left out, as JSON under the API's names."""
    names = {column: field for field, column in profile.columns_by_field.items()}
    return [
        json.dumps({names[column]: value for column, value in row.items() if not pd.isna(value)})
        for row in bad.to_dict("records")
    ]
