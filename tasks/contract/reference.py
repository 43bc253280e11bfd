"""Contracts of the lists: stations, wards, codes, beats, holidays, dates.

Here: one Pandera model for each list, pure conversions from the portal's rows to a table's columns, and the
reading of the files bundled in `data/`. Not here: which columns a list has (`tasks.datasets`) and their drift
(`tasks.contract.drift`), fetching a list, storing it (`tasks.warehouse.reference`), making the dates
(`tasks.contract.dates`). Mirrors the City's lists z8bn-74gv, htai-wnw4 and c7ck-438e on
https://data.cityofchicago.org; `data/README.md` has the rest.
"""

import csv
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, cast

import pandas as pd
import pandera.pandas as pa
from pandera.errors import SchemaErrors
from pandera.typing.pandas import Series

from tasks.contract.city import LATITUDE_BOX, LONGITUDE_BOX, MAX_COMMUNITY_AREA, MAX_WARD, X_BOX, Y_BOX
from tasks.datasets import LISTS
from tasks.errors import ContractError

DATA_FOLDER = Path(__file__).resolve().parents[2] / "data"

# The City merged districts 13, 21 and 23 into their neighbours; their numbers are not used again.
DISTRICTS = frozenset(range(1, 26)) - {13, 21, 23}
WARDS = frozenset(range(1, MAX_WARD + 1))
BEATS_IN_LIST = 275
# The list has 434 codes and grows slowly: a list much shorter than that was cut off, not revised.
MIN_IUCR_CODES = 400
MIN_FBI_CODES = 26
HEADQUARTERS = "Headquarters"

Row = Mapping[str, Any]
RawRows = Iterable[Row] | pd.DataFrame


def _within(box: tuple[float, float]) -> dict[str, float]:
    return {"min_value": box[0], "max_value": box[1]}


class _List(pa.DataFrameModel):
    """What every list has in common: exactly its columns, of their types."""

    class Config:
        strict = True
        coerce = True


class _Office(_List):
    """An office of the City: where it is, and how to reach it. Coordinates: feet (EPSG:3435) and degrees."""

    address: Series[str]
    city: Series[str]
    state: Series[str] = pa.Field(str_matches=r"^[A-Z]{2}$")
    zip: Series[str] = pa.Field(str_matches=r"^\d{5}(; \d{5})*$")
    website: Series[str] = pa.Field(nullable=True, str_matches=r"^https?://")
    latitude: Series[float] = pa.Field(nullable=True, in_range=_within(LATITUDE_BOX))
    longitude: Series[float] = pa.Field(nullable=True, in_range=_within(LONGITUDE_BOX))


class _PoliceOffice(_Office):
    phone: Series[str] = pa.Field(nullable=True)
    fax: Series[str] = pa.Field(nullable=True)
    tty: Series[str] = pa.Field(nullable=True)
    x_coordinate: Series[float] = pa.Field(nullable=True, in_range=_within(X_BOX))
    y_coordinate: Series[float] = pa.Field(nullable=True, in_range=_within(Y_BOX))


class PoliceStations(_PoliceOffice):
    """One row a police district: exactly the 22 of the city. Key `district`."""

    district: Series[pd.Int16Dtype] = pa.Field(unique=True)
    district_name: Series[str] = pa.Field(unique=True)

    @pa.dataframe_check(name="exactly the 22 districts")
    @classmethod
    def _has_every_district(cls, stations: pd.DataFrame) -> bool:
        return set(stations["district"]) == DISTRICTS


class PoliceHeadquarters(_PoliceOffice):
    """One row: the police department's headquarters, which is not a district. Key `office`."""

    office: Series[str] = pa.Field(unique=True, eq=HEADQUARTERS)

    @pa.dataframe_check(name="exactly one headquarters")
    @classmethod
    def _is_one(cls, headquarters: pd.DataFrame) -> bool:
        return len(headquarters) == 1


class WardOffices(_Office):
    """One row a ward of the city council: exactly 50. Key `ward`."""

    ward: Series[pd.Int16Dtype] = pa.Field(unique=True)
    alderman: Series[str] = pa.Field(nullable=True)
    ward_phone: Series[str] = pa.Field(nullable=True)
    ward_fax: Series[str] = pa.Field(nullable=True)
    email: Series[str] = pa.Field(nullable=True, str_matches=r"^[^@\s]+@[^@\s]+$")
    city_hall_address: Series[str] = pa.Field(nullable=True)
    city_hall_phone: Series[str] = pa.Field(nullable=True)
    # A seat can be vacant and an office between two addresses; the ward stays in the list.
    address: Series[str] = pa.Field(nullable=True)
    city: Series[str] = pa.Field(nullable=True)
    state: Series[str] = pa.Field(nullable=True, str_matches=r"^[A-Z]{2}$")
    zip: Series[str] = pa.Field(nullable=True, str_matches=r"^\d{5}(; \d{5})*$")

    @pa.dataframe_check(name="exactly the wards 1 to 50")
    @classmethod
    def _has_every_ward(cls, offices: pd.DataFrame) -> bool:
        return set(offices["ward"]) == WARDS


class IucrCodes(_List):
    """One row an Illinois Uniform Crime Reporting code. Key `iucr`, four characters."""

    iucr: Series[str] = pa.Field(unique=True, str_matches=r"^[0-9]{3}[0-9A-Z]$")
    primary_description: Series[str]
    secondary_description: Series[str]
    is_index: Series[pd.BooleanDtype] = pa.Field(nullable=True)
    is_active: Series[pd.BooleanDtype]

    @pa.dataframe_check(name=f"at least {MIN_IUCR_CODES} codes")
    @classmethod
    def _is_whole(cls, codes: pd.DataFrame) -> bool:
        return len(codes) >= MIN_IUCR_CODES


class FbiCodes(_List):
    """One row an FBI code, which decides what is violent. Key `fbi_code`."""

    fbi_code: Series[str] = pa.Field(unique=True, str_matches=r"^[0-9]{2}[AB]?$")
    fbi_name: Series[str]
    is_index: Series[pd.BooleanDtype]
    is_violent: Series[pd.BooleanDtype]
    is_property: Series[pd.BooleanDtype]

    @pa.dataframe_check(name="an index crime is violent or of property, and no other crime is")
    @classmethod
    def _index_is_violent_or_property(cls, codes: pd.DataFrame) -> bool:
        exactly_one = codes["is_violent"] ^ codes["is_property"]
        return bool((codes["is_index"] == exactly_one).all())

    @pa.dataframe_check(name=f"at least {MIN_FBI_CODES} codes")
    @classmethod
    def _is_whole(cls, codes: pd.DataFrame) -> bool:
        return len(codes) >= MIN_FBI_CODES


class Beats(_List):
    """One row a police beat: exactly 275. Key `beat`, four characters."""

    beat: Series[str] = pa.Field(unique=True, str_matches=r"^[0-9]{4}$")
    district: Series[pd.Int16Dtype]
    sector: Series[pd.Int16Dtype]

    @pa.dataframe_check(name=f"exactly {BEATS_IN_LIST} beats")
    @classmethod
    def _is_whole(cls, beats: pd.DataFrame) -> bool:
        return len(beats) == BEATS_IN_LIST

    @pa.dataframe_check(name="district and sector are the beat's digits")
    @classmethod
    def _digits_agree(cls, beats: pd.DataFrame) -> bool:
        numbers = beats["beat"].astype("int64")
        agrees = (beats["district"] == numbers // 100) & (beats["sector"] == numbers // 10 % 10)
        return bool(agrees.all())


class Population(_List):
    """One row a place and its residents of the 2020 Census: the city, community areas, districts, a ward. Key `place`.

    `basis`: a count of blocks; an estimate, of districts (error below 2.2 %); an average, of the wards, which are drawn
    to be nearly equal. `caveat`: why a rate by residents misleads, where it does.
    """

    place: Series[str] = pa.Field(unique=True)
    place_kind: Series[str] = pa.Field(isin=["city", "community area", "district", "ward"])
    number: Series[pd.Int16Dtype] = pa.Field(nullable=True)
    place_name: Series[str]
    residents: Series[pd.Int32Dtype] = pa.Field(gt=0)
    basis: Series[str] = pa.Field(isin=["count", "estimate", "average"])
    year: Series[pd.Int16Dtype] = pa.Field(eq=2020)
    square_kilometres: Series[float] = pa.Field(nullable=True, gt=0)
    caveat: Series[str] = pa.Field(nullable=True)
    source_name: Series[str]

    @pa.dataframe_check(name="the city, its 77 community areas, its 22 districts, and a ward on average")
    @classmethod
    def _is_whole(cls, places: pd.DataFrame) -> bool:
        numbers = {
            place_kind: set(group["number"].dropna()) for place_kind, group in places.groupby("place_kind")
        }
        expected = {
            "city": set(),
            "community area": set(range(1, MAX_COMMUNITY_AREA + 1)),
            "district": set(DISTRICTS),
            "ward": set(),
        }
        return numbers == expected and len(places) == 2 + MAX_COMMUNITY_AREA + len(DISTRICTS)

    @pa.dataframe_check(name="community areas and districts each add up to the city")
    @classmethod
    def _adds_up(cls, places: pd.DataFrame) -> bool:
        sums = places.groupby("place_kind")["residents"].sum()
        return bool(sums["city"] == sums["community area"] == sums["district"])


class Watches(_List):
    """One row a watch of the police: eight hours of the day, Chicago wall clock. Key `watch`."""

    watch: Series[pd.Int16Dtype] = pa.Field(unique=True)
    watch_name: Series[str] = pa.Field(unique=True)
    starts_at_hour: Series[pd.Int16Dtype] = pa.Field(in_range={"min_value": 0, "max_value": 23})
    ends_at_hour: Series[pd.Int16Dtype] = pa.Field(in_range={"min_value": 0, "max_value": 23})

    @pa.dataframe_check(name="each hour of the day is of one watch")
    @classmethod
    def _cover_the_day(cls, watches: pd.DataFrame) -> bool:
        hours = [
            (start + hour) % 24
            for start, end in zip(watches["starts_at_hour"], watches["ends_at_hour"], strict=True)
            for hour in range((end - start) % 24)
        ]
        return sorted(hours) == list(range(24))


class Holidays(_List):
    """One row a holiday of the City in one year: the day itself and the day that the City is closed."""

    holiday_name: Series[str]
    actual_date: Series[pd.Timestamp] = pa.Field(unique=True)
    observed_date: Series[pd.Timestamp] = pa.Field(unique=True)
    basis: Series[str] = pa.Field(isin=["list", "rule"])

    @pa.dataframe_check(name="closed within a day of the holiday")
    @classmethod
    def _is_observed_beside_it(cls, holidays: pd.DataFrame) -> bool:
        distance = (holidays["observed_date"] - holidays["actual_date"]).abs()
        return bool((distance <= pd.Timedelta(days=1)).all())


class Dates(_List):
    """One row a Chicago local date, without a gap. Key `date`; weekdays 1 Monday to 7 Sunday."""

    date: Series[pd.Timestamp] = pa.Field(unique=True)
    day: Series[pd.Int16Dtype] = pa.Field(in_range={"min_value": 1, "max_value": 31})
    month: Series[pd.Int16Dtype] = pa.Field(in_range={"min_value": 1, "max_value": 12})
    month_name: Series[str]
    year: Series[pd.Int16Dtype]
    quarter: Series[pd.Int16Dtype] = pa.Field(in_range={"min_value": 1, "max_value": 4})
    day_of_week: Series[pd.Int16Dtype] = pa.Field(in_range={"min_value": 1, "max_value": 7})
    day_of_week_name: Series[str]
    is_weekend: Series[pd.BooleanDtype]
    holiday_name: Series[str] = pa.Field(nullable=True)
    actual_holiday_name: Series[str] = pa.Field(nullable=True)

    @pa.dataframe_check(name="every day from the first to the last")
    @classmethod
    def _has_no_gap(cls, dates: pd.DataFrame) -> bool:
        return bool((dates["date"].diff().dropna() == pd.Timedelta(days=1)).all())


MODELS: dict[str, type[pa.DataFrameModel]] = {
    "police_stations": PoliceStations,
    "police_headquarters": PoliceHeadquarters,
    "ward_offices": WardOffices,
    "iucr_codes": IucrCodes,
    "fbi_codes": FbiCodes,
    "beats": Beats,
    "population": Population,
    "watches": Watches,
    "holidays": Holidays,
    "dates": Dates,
}
BUNDLED = frozenset(MODELS) - {"dates"}

_INDEX_BY_CODE = {"I": True, "N": False, "D": None}
_BOOLEAN_BY_TEXT = {"true": True, "false": False}
_STATE_BY_NAME = {"Illinois": "IL"}
_POINT = re.compile(r"\(\s*(?P<latitude>-?[\d.]+)\s*,\s*(?P<longitude>-?[\d.]+)\s*\)")


def to_police_stations(raw: RawRows) -> pd.DataFrame:
    """Return the 22 police stations from the portal's rows (z8bn-74gv), one row a district, ordered by it.

    `raw` has the API's fields as text, nulls left out or null. Raises `ContractError` when the list breaks
    `PoliceStations`. The row "Headquarters" is left to `to_police_headquarters`.
    """
    rows = _to_text("police_stations", raw)
    return checked("police_stations", rows[rows["district"] != HEADQUARTERS])


def to_police_headquarters(raw: RawRows) -> pd.DataFrame:
    """Return the one row of the stations' list (z8bn-74gv) that is not a district; see `to_police_stations`."""
    rows = _to_text("police_stations", raw)
    headquarters = rows[rows["district"] == HEADQUARTERS].rename(columns={"district_name": "office"})
    return checked("police_headquarters", headquarters.drop(columns="district"))


def to_ward_offices(raw: RawRows) -> pd.DataFrame:
    """Return the 50 ward offices from the portal's rows (htai-wnw4), one row a ward, ordered by it.

    `raw` has the API's fields as text, nulls left out or null; `location` as an object or as
    "(latitude, longitude)". Raises `ContractError` when the list breaks `WardOffices`.
    """
    rows = _to_text("ward_offices", raw)
    points = rows["location"].astype("str").str.extract(_POINT)
    offices = rows.drop(columns="location").assign(
        latitude=points["latitude"],
        longitude=points["longitude"],
        state=rows["state"].replace(_STATE_BY_NAME),
    )
    return checked("ward_offices", offices)


def to_iucr_codes(raw: RawRows) -> pd.DataFrame:
    """Return the IUCR codes from the portal's rows (c7ck-438e), one row a code, ordered by it.

    `raw` has the API's fields as text (`active` may be a boolean), nulls left out or null. A lost leading
    zero is put back. Raises `ContractError` when a value is unknown or the list breaks `IucrCodes`.
    """
    rows = _to_text("iucr_codes", raw)
    codes = rows.drop(columns=["index_code", "active"]).assign(
        iucr=rows["iucr"].str.zfill(4),
        is_index=_mapped("iucr_codes", rows["index_code"], _INDEX_BY_CODE),
        is_active=_mapped("iucr_codes", rows["active"].str.lower(), _BOOLEAN_BY_TEXT),
    )
    return checked("iucr_codes", codes)


CONVERSIONS: dict[str, Callable[[RawRows], pd.DataFrame]] = {
    "police_stations": to_police_stations,
    "police_headquarters": to_police_headquarters,
    "ward_offices": to_ward_offices,
    "iucr_codes": to_iucr_codes,
}


def read_bundled(name: str) -> pd.DataFrame:
    """Read `data/<name>.csv` as its table's columns and types, checked against its model, ordered by its key.

    Raises `ContractError` for a list that is not bundled or breaks its model.
    """
    if name not in BUNDLED:
        raise ContractError(f"No list {name!r} is bundled; there are {', '.join(sorted(BUNDLED))}.")
    path = DATA_FOLDER / f"{name}.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = [{field: value or None for field, value in row.items()} for row in csv.DictReader(file)]
    frame = pd.DataFrame(rows, dtype="object")
    for column in _boolean_columns(name):
        frame[column] = _mapped(name, frame[column], _BOOLEAN_BY_TEXT)
    return checked(name, frame)


class ReportingDelay(_List):
    """The share of a day's crimes that is published at an age of the day; null kind: all kinds."""

    primary_type: Series[str] = pa.Field(nullable=True)
    age_days: Series[int] = pa.Field(ge=9)
    published_share: Series[float] = pa.Field(gt=0, le=1)


def read_reporting_delay() -> pd.DataFrame:
    """Read `data/reporting_delay.csv`, checked against its model: no table's list, but what is known beforehand."""
    return ReportingDelay.validate(pd.read_csv(DATA_FOLDER / "reporting_delay.csv"))


def checked(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Return `frame` with the columns, types and order (by key) of the list `name`, or raise `ContractError`.

    The key is the model's first own column that is unique.
    """
    model = MODELS[name]
    columns = table_columns(name)
    missing = [column for column in columns if column not in frame]
    if missing:
        raise ContractError(f"The list {name} lacks {', '.join(missing)}; it is not used.")
    try:
        valid = model.validate(frame[columns].reset_index(drop=True), lazy=True)
    except SchemaErrors as errors:
        message = f"The list {name} breaks its contract and is not used: {_reasons(errors)}."
        raise ContractError(message) from errors
    return cast("pd.DataFrame", valid).sort_values(columns[0], ignore_index=True)


def table_columns(name: str) -> list[str]:
    """Return the columns of the list `name` in the order of its table: the key first, then what it says."""
    model = MODELS[name]
    own = [column for column in model.__annotations__ if column in model.to_schema().columns]
    inherited = [column for column in model.to_schema().columns if column not in own]
    return own + inherited


def _boolean_columns(name: str) -> list[str]:
    return [column for column in table_columns(name) if column.startswith("is_")]


def _to_text(name: str, raw: RawRows) -> pd.DataFrame:
    """Return the mapped fields as clean text or None, renamed; what else there is is left out."""
    rows = raw.to_dict("records") if isinstance(raw, pd.DataFrame) else list(raw)
    fields = LISTS[name].columns_by_field
    texts = [{column: _to_clean(row.get(field)) for field, column in fields.items()} for row in rows]
    return pd.DataFrame(texts, columns=list(fields.values()), dtype="object")


def _to_clean(value: object) -> str | None:
    """Return a text without line breaks and double or outer blanks, None if empty; of an object, its link or point."""
    if isinstance(value, Mapping):
        return _to_clean(value.get("url") or _point_text(value))
    # A missing text of a frame is NaN, which differs from itself; of a row of the API it is None.
    if value is None or value != value:  # noqa: PLR0124
        return None
    return " ".join(str(value).split()) or None


def _point_text(location: Mapping[str, Any]) -> str | None:
    latitude, longitude = location.get("latitude"), location.get("longitude")
    return f"({latitude}, {longitude})" if latitude and longitude else None


def _mapped(name: str, texts: pd.Series, meaning: Mapping[str, bool | None]) -> pd.Series:
    """Return booleans for known texts; null stays null, any other text breaks the contract."""
    unknown = sorted(set(texts.dropna()) - set(meaning))
    if unknown:
        raise ContractError(
            f"The list {name} has values unknown to us and is not used: {', '.join(unknown)}."
        )
    values = [None if pd.isna(text) else meaning[text] for text in texts]
    return pd.Series(values, index=texts.index, dtype="boolean")


def _reasons(errors: SchemaErrors) -> str:
    cases = errors.failure_cases[["column", "check"]].drop_duplicates().head(5)
    return "; ".join(f"{column}: {check}" for column, check in cases.itertuples(index=False))
