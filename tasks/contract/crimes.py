"""The contract of `chicago.crimes`: from rows as published to rows that we store, or reasons why not.

Pure pandas and Pandera: no clock, no network, no database. A value of the wrong kind rejects its row; a point
outside the city is set to null and counted, because the City writes one for "not known". Beats are
padded to four characters and blocks put in upper case; all else is stored as published.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, reduce
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pandera.pandas as pa
import pyarrow
import pyarrow.compute as pc
from pandera.errors import SchemaErrors
from pandera.typing import Series

from tasks.contract.city import (
    LATITUDE_BOX,
    LONGITUDE_BOX,
    MAX_COMMUNITY_AREA,
    MAX_WARD,
    X_BOX,
    Y_BOX,
)
from tasks.contract.twins import TWIN_PATTERN
from tasks.datasets import DatasetProfile
from tasks.errors import ContractError

TEXT = pd.StringDtype("pyarrow", na_value=pd.NA)
WALL_CLOCK = "datetime64[us]"
INSTANT = "datetime64[us, UTC]"

BOXES = {"latitude": LATITUDE_BOX, "longitude": LONGITUDE_BOX, "x_coordinate": X_BOX, "y_coordinate": Y_BOX}
MIN_INT4, MAX_INT4 = -(2**31), 2**31 - 1

_WHOLE_NUMBER = r"^[+-]?\d{1,18}(\.0*)?$"
_NUMBER = r"^[+-]?\d{1,18}(\.\d*)?([eE][+-]?\d{1,2})?$"
# Year 0000 has no day that PostgreSQL or Python could hold; Arrow takes it.
_NO_YEAR = "0000-"
_TIME = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?$"
# What no text of the database can hold: NUL, and halves of surrogate pairs. Their JSON escapes stand for them, also in
# rejected rows, so that such a row is read again as it was.
_NOT_STORABLE = r"\x00|\\u(0000|[dD][89a-fA-F][0-9a-fA-F]{2})"
_INSTANT = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?Z$"


class Crimes(pa.DataFrameModel):
    """One row is one row of `chicago.crimes`. Times of occurrence: Chicago wall clock; stamps: UTC instants."""

    crime_id: Series[TEXT] = pa.Field(unique=True, str_length={"min_value": 1})  # type: ignore[valid-type]
    case_number: Series[TEXT] = pa.Field()  # type: ignore[valid-type]
    date_of_occurrence: Series[WALL_CLOCK] = pa.Field()  # type: ignore[valid-type]
    block: Series[TEXT] = pa.Field(nullable=True)  # type: ignore[valid-type]
    iucr: Series[TEXT] = pa.Field(str_matches=r"^[0-9A-Z]{4}\Z")  # type: ignore[valid-type]
    primary_description: Series[TEXT] = pa.Field()  # type: ignore[valid-type]
    secondary_description: Series[TEXT] = pa.Field(nullable=True)  # type: ignore[valid-type]
    location_description: Series[TEXT] = pa.Field(nullable=True)  # type: ignore[valid-type]
    arrest: Series[pd.BooleanDtype] = pa.Field()
    domestic: Series[pd.BooleanDtype] = pa.Field()
    beat: Series[TEXT] = pa.Field(nullable=True, str_matches=r"^[0-9]{4}\Z")  # type: ignore[valid-type]
    district: Series[pd.Int16Dtype] = pa.Field(nullable=True, ge=0, le=99)
    ward: Series[pd.Int16Dtype] = pa.Field(nullable=True, ge=1, le=MAX_WARD)
    community_area: Series[pd.Int16Dtype] = pa.Field(nullable=True, ge=1, le=MAX_COMMUNITY_AREA)
    fbi_code: Series[TEXT] = pa.Field(nullable=True, str_matches=r"^[0-9]{2}[A-Z]?\Z")  # type: ignore[valid-type]
    x_coordinate: Series[pd.Int32Dtype] = pa.Field(
        nullable=True, in_range=dict(zip(("min_value", "max_value"), X_BOX, strict=True))
    )
    y_coordinate: Series[pd.Int32Dtype] = pa.Field(
        nullable=True, in_range=dict(zip(("min_value", "max_value"), Y_BOX, strict=True))
    )
    latitude: Series[pd.Float64Dtype] = pa.Field(nullable=True, ge=LATITUDE_BOX[0], le=LATITUDE_BOX[1])
    longitude: Series[pd.Float64Dtype] = pa.Field(nullable=True, ge=LONGITUDE_BOX[0], le=LONGITUDE_BOX[1])
    created_at: Series[INSTANT] = pa.Field(nullable=True)  # type: ignore[valid-type]
    updated_at: Series[INSTANT] = pa.Field(nullable=True)  # type: ignore[valid-type]
    version: Series[TEXT] = pa.Field(nullable=True)  # type: ignore[valid-type]
    updated_on: Series[WALL_CLOCK] = pa.Field(nullable=True)  # type: ignore[valid-type]

    class Config:
        """Nothing is coerced here: a wrong type is a fault of ours, not of a row."""

        strict = True
        ordered = True


CRIMES_COLUMNS: tuple[str, ...] = tuple(Crimes.to_schema().columns)
# What names a row, and what the source says about the row itself; the other columns say what happened.
NO_CONTENT = (
    "crime_id", "case_number", "date_of_occurrence", "created_at", "updated_at", "version", "updated_on",
)  # fmt: skip
REJECTED_COLUMNS = (
    "crime_id", "case_number", "date_of_occurrence", "version", "updated_at", "updated_on", "raw", "reasons",
)  # fmt: skip
NOTHING_REJECTED = pd.DataFrame({column: pd.Series(dtype=object) for column in REJECTED_COLUMNS})
TWIN_REASON = "crime_id: another row of the source has it too, with a newer stamp"


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
    """Return API rows as a frame of text: one row each, every mapped field under our name, null where absent."""
    return pd.DataFrame(
        {
            field.column: pd.array(_text_array([row.get(field.name) for row in rows]), dtype=TEXT)
            for field in profile.fields
        }
    )


def to_census_frame(rows: Sequence[dict[str, Any]], profile: DatasetProfile) -> pd.DataFrame:
    """Return census rows as a frame: one row a row of the source; crime_id, version, date_of_occurrence.

    The date is Chicago wall clock; null: the row has none.
    """
    dates = pd.Series(_text_array([row.get(profile.occurrence) for row in rows]), dtype=TEXT)
    return pd.DataFrame(
        {
            "crime_id": pd.array(_text_array([row[profile.key] for row in rows]), dtype=TEXT),
            "version": pd.array(_text_array([row.get(profile.version) for row in rows]), dtype=TEXT),
            "date_of_occurrence": _to_moments(dates),
        }
    )


def _to_moments(dates: pd.Series) -> pd.Series:
    """Return the time of each text; its day, if only that can be read, by which the source orders it; else null."""
    # Year 0000 is in no calendar: such a text is not a time.
    texts = dates.where(~dates.str.startswith("0000", na=False)).astype(object)
    moments = pd.to_datetime(texts, format="ISO8601", errors="coerce")
    if (moments.isna() & texts.notna()).any():
        days = pd.to_datetime(texts.str[:10], format="%Y-%m-%d", errors="coerce")
        moments = moments.fillna(days)
    return moments


def to_crimes(raw: pd.DataFrame, profile: DatasetProfile) -> Transformed:
    """Return the rows of a raw frame, accepted by the contract or rejected with every reason.

    Raises `ContractError` if the result breaks the contract in a way that is not a row's fault.
    """
    reading = _Reading(raw)
    typed = reading.typed()
    reasons = _reasons(typed, reading.problems)
    if not reasons:
        return Transformed(
            typed, _rejected(raw, typed, reasons, profile), int(pc.sum(reading.bad_point).as_py() or 0)
        )
    keep = ~typed.index.isin(list(reasons))
    return Transformed(
        accepted=typed[keep].reset_index(drop=True),
        rejected=_rejected(raw, typed, reasons, profile),
        bad_coordinates=int((reading.bad_point.to_numpy(zero_copy_only=False) & keep).sum()),
    )


def to_content(rows: Sequence[dict[str, Any]], profile: DatasetProfile) -> list[dict[str, object]]:
    """Return what each API row says besides id, case, time and stamps: column to value, None for the wrong kind.

    Nothing is judged, so that a rejected row can be compared with a crime.
    """
    typed = _Reading(to_raw_frame(rows, profile)).typed().drop(columns=[*NO_CONTENT]).astype(object)
    return [
        {str(column): value for column, value in row.items()}
        for row in typed.where(typed.notna(), None).to_dict("records")
    ]


class _Reading:
    """One raw frame being read, column by column; `problems` says where a value was of the wrong kind.

    Arrow and not pandas inside: a window has few rows and many columns, so the cost of each call decides.
    """

    def __init__(self, raw: pd.DataFrame) -> None:
        self.rows = len(raw)
        self.problems: dict[str, npt.NDArray[np.bool_]] = {}
        self.columns = {column: self._text(raw[column], column) for column in raw.columns}
        self.bad_point = pyarrow.array([], type=pyarrow.bool_())

    def typed(self) -> pd.DataFrame:
        """Return the columns of `Crimes`; values of the wrong kind are null."""
        columns = {column: self.columns.get(column, self._absent()) for column in CRIMES_COLUMNS}
        self._note(TWIN_REASON, pc.match_substring_regex(columns["crime_id"], TWIN_PATTERN))
        columns["block"] = pc.utf8_upper(columns["block"])
        columns["iucr"] = pc.utf8_lpad(columns["iucr"], 4, "0")
        for column in ("arrest", "domestic"):
            columns[column] = self._yes_or_no(columns[column], column)
        beat = self._whole_number(columns["beat"], "beat", 0, 9999)
        columns["beat"] = pc.utf8_lpad(pc.cast(beat, pyarrow.large_string()), 4, "0")
        published = self._whole_number(columns["district"], "district", 0, 99)
        columns["district"] = pc.coalesce(published, pc.divide(beat, 100))
        for column, highest in (("ward", MAX_WARD), ("community_area", MAX_COMMUNITY_AREA)):
            columns[column] = self._whole_number(columns[column], column, 1, highest)
        for column in ("x_coordinate", "y_coordinate"):
            columns[column] = self._whole_number(columns[column], column, MIN_INT4, MAX_INT4)
        for column in ("latitude", "longitude"):
            columns[column] = self._number(columns[column], column)
        for column in ("date_of_occurrence", "updated_on"):
            columns[column] = self._time(
                columns[column], f"{column}: not a time", _TIME, pyarrow.timestamp("us")
            )
        for column in ("created_at", "updated_at"):
            columns[column] = self._time(
                columns[column], f"{column}: not an instant in UTC", _INSTANT, pyarrow.timestamp("us", "UTC")
            )
        self.bad_point = _is_bad_point(columns)
        for column in BOXES:
            columns[column] = pc.if_else(self.bad_point, None, columns[column])
        return _to_frame(columns)

    def _absent(self) -> pyarrow.Array:
        return pyarrow.nulls(self.rows, pyarrow.large_string())

    def _text(self, values: pd.Series, column: str) -> pyarrow.Array:
        """Return a column of the source with empty texts as null, and note what PostgreSQL could not store."""
        text = pyarrow.array(values, type=pyarrow.large_string())
        if isinstance(text, pyarrow.ChunkedArray):
            text = text.combine_chunks()
        self._note(
            f"{column}: has a character that cannot be stored", pc.match_substring_regex(text, _NOT_STORABLE)
        )
        return pc.if_else(pc.equal(text, ""), None, text)

    def _note(self, problem: str, is_so: pyarrow.Array) -> None:
        if pc.any(is_so).as_py():
            self.problems[problem] = pc.fill_null(is_so, fill_value=False).to_numpy(zero_copy_only=False)

    def _matching(self, text: pyarrow.Array, pattern: str, problem: str) -> pyarrow.Array:
        """Return the values that match the pattern, null for others, whose rows are noted."""
        matches = pc.match_substring_regex(text, pattern)
        self._note(problem, pc.invert(matches))
        return pc.if_else(matches, text, None)

    def _yes_or_no(self, text: pyarrow.Array, column: str) -> pyarrow.Array:
        known = pc.is_in(
            text, value_set=pyarrow.array(["Y", "N", "true", "false"], type=pyarrow.large_string())
        )
        self._note(f"{column}: neither Y nor N", pc.and_(pc.is_valid(text), pc.invert(known)))
        yes = pc.is_in(text, value_set=pyarrow.array(["Y", "true"], type=pyarrow.large_string()))
        return pc.if_else(known, yes, None)

    def _whole_number(self, text: pyarrow.Array, column: str, lowest: int, highest: int) -> pyarrow.Array:
        whole = self._matching(text, _WHOLE_NUMBER, f"{column}: not a whole number")
        digits = pc.replace_substring_regex(whole, r"^\+|\.0*$", "")
        numbers = pc.cast(digits, pyarrow.int64())
        in_range = pc.and_(pc.greater_equal(numbers, lowest), pc.less_equal(numbers, highest))
        self._note(f"{column}: not within {lowest} to {highest}", pc.invert(in_range))
        return pc.if_else(in_range, numbers, None)

    def _number(self, text: pyarrow.Array, column: str) -> pyarrow.Array:
        numbers = self._matching(text, _NUMBER, f"{column}: not a number")
        return pc.cast(pc.replace_substring_regex(numbers, r"^\+", ""), pyarrow.float64())

    def _time(self, text: pyarrow.Array, problem: str, pattern: str, kind: pyarrow.DataType) -> pyarrow.Array:
        """Read times as they stand; a wall clock is never shifted, so hours within a clock change stay as they are."""
        is_time = pc.and_not(pc.match_substring_regex(text, pattern), pc.starts_with(text, _NO_YEAR))
        matching = pc.if_else(is_time, text, None)
        try:
            times = pc.cast(matching, kind)
        except pyarrow.ArrowInvalid:
            # One of them is a 30 February, or has nanoseconds, which are cut off.
            times = pyarrow.array([_to_datetime(value) for value in matching.to_pylist()], type=kind)
        self._note(problem, pc.and_(pc.is_valid(text), pc.is_null(times)))
        return times


def _to_datetime(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _to_frame(columns: dict[str, pyarrow.Array]) -> pd.DataFrame:
    casts = {"district": pyarrow.int16(), "ward": pyarrow.int16(), "community_area": pyarrow.int16()}
    casts |= {"x_coordinate": pyarrow.int32(), "y_coordinate": pyarrow.int32()}
    table = pyarrow.table(
        {
            name: pc.cast(columns[name], casts[name]) if name in casts else columns[name]
            for name in CRIMES_COLUMNS
        }
    )
    dtypes = {
        pyarrow.large_string(): TEXT,
        pyarrow.bool_(): pd.BooleanDtype(),
        pyarrow.int16(): pd.Int16Dtype(),
        pyarrow.int32(): pd.Int32Dtype(),
        pyarrow.float64(): pd.Float64Dtype(),
    }
    frame: pd.DataFrame = table.to_pandas(types_mapper=dtypes.get)
    return frame


def _text_array(values: list[Any]) -> pyarrow.Array:
    try:
        return pyarrow.array(values, type=pyarrow.large_string())
    except (pyarrow.ArrowInvalid, pyarrow.ArrowTypeError, UnicodeEncodeError):
        pass
    try:
        # A column of JSON's true and false, in one call.
        return pc.cast(pyarrow.array(values, type=pyarrow.bool_()), pyarrow.large_string())
    except (pyarrow.ArrowInvalid, pyarrow.ArrowTypeError):
        return pyarrow.array([_as_text(value) for value in values], type=pyarrow.large_string())


def _as_text(value: Any) -> str | None:
    if value is None:
        return None
    text = value if isinstance(value, str) else json.dumps(value)
    return "".join(
        f"\\u{ord(character):04x}" if "\ud800" <= character <= "\udfff" else character for character in text
    )


def _is_bad_point(columns: dict[str, pyarrow.Array]) -> pyarrow.Array:
    """Say where a published point lies outside the city, or is half a point."""
    halves = [
        pc.xor(pc.is_null(columns[one]), pc.is_null(columns[other]))
        for one, other in (("latitude", "longitude"), ("x_coordinate", "y_coordinate"))
    ]
    outside = [
        pc.fill_null(
            pc.or_(pc.less(columns[column], lowest), pc.greater(columns[column], highest)), fill_value=False
        )
        for column, (lowest, highest) in BOXES.items()
    ]
    return reduce(pc.or_, [*halves, *outside])


def _reasons(typed: pd.DataFrame, problems: dict[str, npt.NDArray[np.bool_]]) -> dict[int, list[str]]:
    """Return for each rejected row, by its index, all reasons."""
    reasons: dict[int, list[str]] = {}
    for reason, is_so in problems.items():
        for index in np.flatnonzero(is_so).tolist():
            reasons.setdefault(index, []).append(reason)
    for index, column, reason in _contract_failures(typed):
        known = reasons.setdefault(index, [])
        # A value that was not a number is null by now; it is not reported as missing as well.
        if not any(other.startswith(f"{column}: ") for other in known):
            known.append(f"{column}: {reason}")
    return reasons


@cache
def _our_types() -> pd.Series:
    """Return the type of each column as we make it, which `Crimes` takes."""
    return Crimes.validate(_Reading(pd.DataFrame()).typed()).dtypes


@cache
def _rules_of_values() -> pa.DataFrameSchema:
    """Return what `Crimes` asks of the values of a frame with our types.

    What pandera does for each column takes most of its time, for a row as for a thousand; so there are only those
    columns of which a value can be wrong, and their types are not judged again.
    """
    return pa.DataFrameSchema(
        {
            name: pa.Column(None, column.checks, nullable=column.nullable, unique=column.unique)
            for name, column in Crimes.to_schema().columns.items()
            if column.checks or column.unique or not column.nullable
        }
    )


def _contract_failures(typed: pd.DataFrame) -> list[tuple[int, str, str]]:
    rules = _rules_of_values() if typed.dtypes.equals(_our_types()) else Crimes.to_schema()
    try:
        rules.validate(typed, lazy=True)
    except SchemaErrors as error:
        failures = error.failure_cases
        ours = failures[failures["index"].isna()]
        if len(ours):
            raise ContractError(f"the transform broke its own contract: {ours.to_dict('records')}") from error
        return [
            (int(index), str(column), _rule(str(check)))
            for index, column, check in zip(
                failures["index"], failures["column"], failures["check"], strict=True
            )
        ]
    return []


def _rule(check: str) -> str:
    return "missing" if check == "not_nullable" else f"breaks the rule {check}"


def _rejected(
    raw: pd.DataFrame, typed: pd.DataFrame, reasons: dict[int, list[str]], profile: DatasetProfile
) -> pd.DataFrame:
    if not reasons:
        return NOTHING_REJECTED
    rows = sorted(reasons)
    bad, held = raw.iloc[rows].reset_index(drop=True), typed.iloc[rows].reset_index(drop=True)
    storable = {column: bad[column].str.replace("\x00", "\\u0000", regex=False) for column in raw.columns}
    published = storable | {"crime_id": storable["crime_id"].str.replace(TWIN_PATTERN, "", regex=True)}
    return pd.DataFrame(
        {
            "crime_id": storable["crime_id"],
            "case_number": storable["case_number"],
            "date_of_occurrence": held["date_of_occurrence"],
            "version": storable["version"],
            "updated_at": held["updated_at"],
            "updated_on": held["updated_on"],
            "raw": pd.Series(_raw_json(pd.DataFrame(published), profile), dtype=object),
            "reasons": pd.Series([reasons[row] for row in rows], dtype=object),
        }
    )


def is_storable(value: str) -> bool:
    """Return whether a text of the source can stand in the database, as it is."""
    return (
        bool(value) and re.search(_NOT_STORABLE, value.encode("utf-8", "backslashreplace").decode()) is None
    )


def _raw_json(bad: pd.DataFrame, profile: DatasetProfile) -> list[str]:
    """Return each row as published, nulls left out, as JSON under the API's names; see `_NOT_STORABLE`."""
    names = {column: field for field, column in profile.columns_by_field.items()}
    return [
        json.dumps({names[str(column)]: value for column, value in row.items() if not pd.isna(value)})
        for row in bad.to_dict("records")
    ]
