"""What is known of the source's datasets: a profile of each, and the state that one reports. No behaviour.

Mirrors https://data.cityofchicago.org/d/x2n5-8w5q (its misspelt field names included), /d/ijzp-q8t2 and SODA's system
fields (https://dev.socrata.com/docs/system-fields.html). Every field is mapped, ignored by name, or drift.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

FieldType = Literal[
    "text",
    "number",
    "checkbox",
    "floating_timestamp",
    "fixed_timestamp",
    "location",
    "row_identifier",
    "row_version",
]
Proof = Literal["census", "fingerprint"]


@dataclass(frozen=True)
class Field:
    """A field of the source: its API name, SODA type, our column, and whether every row must have it."""

    name: str
    type: FieldType
    column: str
    required: bool = False


@dataclass(frozen=True)
class DatasetProfile:
    """What the rest of the project has to know of a dataset of crimes.

    key: the field that names a row. has_stable_keys: a changed row keeps its key, so a key that is gone is a crime that
    was withdrawn; otherwise a changed case comes again under another key. edited: the field that says, on the wall
    clock, when the City last changed a row; None: there is no such field.
    retention: how long before a load a row may have occurred; older ones leave the dataset. None: rows stay for ever.
    proof: whether the audit compares every key and version, or sums of them by month first (docs/decisions/0012).
    """

    dataset: str
    title: str
    fields: tuple[Field, ...]
    ignored: frozenset[str]
    ignored_prefixes: tuple[str, ...]
    key: str
    has_stable_keys: bool
    version: str
    occurrence: str
    updated: str
    edited: str | None
    case: str
    retention: timedelta | None
    proof: Proof

    @property
    def columns_by_field(self) -> dict[str, str]:
        """Return our column for each mapped field of the source, in the source's order."""
        return {field.name: field.column for field in self.fields}

    @property
    def has_numeric_keys(self) -> bool:
        """Return whether keys compare as numbers at the source, and not as text."""
        return any(field.name == self.key and field.type == "number" for field in self.fields)


@dataclass(frozen=True)
class ListProfile:
    """What is known of a small list of the source's, which is read whole; key: the field that orders it.

    Which values a column may have is in tasks/contract/reference.py.
    """

    dataset: str
    title: str
    fields: tuple[Field, ...]
    ignored: frozenset[str]
    key: str
    # The portal's own: system fields, and regions that it computes.
    ignored_prefixes: tuple[str, ...] = (":",)

    @property
    def columns_by_field(self) -> dict[str, str]:
        """Return our name for each mapped field of the source."""
        return {field.name: field.column for field in self.fields}


@dataclass(frozen=True)
class SourceState:
    """What the source says of itself; two equal states mean that it did not move in between.

    last_modified: its header, as sent. newest_update: instant, of the stamps that count. oldest/newest_occurrence:
    Chicago wall clock, its first or last moment for a year that no calendar has. All None when it is empty.
    stamps_ahead: rows with a stamp beyond the database's clock, which counts for nothing.
    """

    last_modified: str | None
    row_count: int
    newest_update: datetime | None
    oldest_occurrence: datetime | None
    newest_occurrence: datetime | None
    stamps_ahead: int = 0


_ONE_YEAR = DatasetProfile(
    dataset="x2n5-8w5q",
    title="Crimes - One year prior to present",
    fields=(
        Field(":id", "row_identifier", "crime_id", required=True),
        Field(":created_at", "fixed_timestamp", "created_at", required=True),
        Field(":updated_at", "fixed_timestamp", "updated_at", required=True),
        Field(":version", "row_version", "version", required=True),
        Field("case_", "text", "case_number", required=True),
        Field("date_of_occurrence", "floating_timestamp", "date_of_occurrence", required=True),
        Field("block", "text", "block"),
        Field("_iucr", "text", "iucr", required=True),
        Field("_primary_decsription", "text", "primary_description", required=True),
        Field("_secondary_description", "text", "secondary_description"),
        Field("_location_description", "text", "location_description"),
        Field("arrest", "text", "arrest", required=True),
        Field("domestic", "text", "domestic", required=True),
        Field("beat", "number", "beat"),
        Field("ward", "number", "ward"),
        Field("fbi_cd", "text", "fbi_code"),
        Field("x_coordinate", "text", "x_coordinate"),
        Field("y_coordinate", "text", "y_coordinate"),
        Field("latitude", "number", "latitude"),
        Field("longitude", "number", "longitude"),
    ),
    # `location` repeats latitude and longitude; copies of the data flatten it.
    ignored=frozenset({"location"}),
    ignored_prefixes=("location.", ":@computed_region_"),
    key=":id",
    has_stable_keys=False,
    version=":version",
    occurrence="date_of_occurrence",
    updated=":updated_at",
    edited=None,
    case="case_",
    retention=timedelta(days=372),
    proof="census",
)

_WHOLE_HISTORY = DatasetProfile(
    dataset="ijzp-q8t2",
    title="Crimes - 2001 to Present",
    fields=(
        Field("id", "number", "crime_id", required=True),
        Field(":created_at", "fixed_timestamp", "created_at", required=True),
        Field(":updated_at", "fixed_timestamp", "updated_at", required=True),
        Field(":version", "row_version", "version", required=True),
        Field("case_number", "text", "case_number", required=True),
        Field("date", "floating_timestamp", "date_of_occurrence", required=True),
        Field("block", "text", "block"),
        Field("iucr", "text", "iucr", required=True),
        Field("primary_type", "text", "primary_description", required=True),
        Field("description", "text", "secondary_description"),
        Field("location_description", "text", "location_description"),
        Field("arrest", "checkbox", "arrest", required=True),
        Field("domestic", "checkbox", "domestic", required=True),
        Field("beat", "text", "beat"),
        Field("district", "text", "district"),
        Field("ward", "number", "ward"),
        Field("community_area", "text", "community_area"),
        Field("fbi_code", "text", "fbi_code"),
        Field("x_coordinate", "number", "x_coordinate"),
        Field("y_coordinate", "number", "y_coordinate"),
        Field("latitude", "number", "latitude"),
        Field("longitude", "number", "longitude"),
        Field("updated_on", "floating_timestamp", "updated_on"),
    ),
    # `:id` is the portal's key of a row; the City's is `id`. `year` repeats a part of `date`, `location` the point.
    ignored=frozenset({":id", "year", "location"}),
    ignored_prefixes=("location.", ":@computed_region_"),
    key="id",
    has_stable_keys=True,
    version=":version",
    occurrence="date",
    updated=":updated_at",
    edited="updated_on",
    case="case_number",
    retention=None,
    proof="fingerprint",
)

DATASETS = {profile.dataset: profile for profile in (_ONE_YEAR, _WHOLE_HISTORY)}


def _texts(names: str) -> tuple[Field, ...]:
    return tuple(Field(name, "text", name) for name in names.split())


_STATIONS = ListProfile(
    dataset="z8bn-74gv",
    title="Police Stations",
    fields=_texts(
        "district district_name address city state zip website phone fax tty "
        "x_coordinate y_coordinate latitude longitude"
    ),
    # It repeats latitude and longitude.
    ignored=frozenset({"location"}),
    key="district",
)

_WARD_OFFICES = ListProfile(
    dataset="htai-wnw4",
    title="Ward Offices",
    fields=(
        *_texts(
            "ward alderman address city state ward_phone ward_fax email website city_hall_address city_hall_phone"
        ),
        Field("zipcode", "text", "zip"),
        Field("location", "location", "location"),
    ),
    # City Hall is in Chicago, whatever the list says of it (one row has a zip code of elsewhere); photos: no use.
    ignored=frozenset({"city_hall_city", "city_hall_state", "city_hall_zipcode", "photo_link"}),
    key="ward",
)

_IUCR = ListProfile(
    dataset="c7ck-438e",
    title="Illinois Uniform Crime Reporting (IUCR) Codes",
    fields=_texts("iucr primary_description secondary_description index_code active"),
    ignored=frozenset(),
    key="iucr",
)

# The lists at the portal, by the table that each is stored in; one of them has rows of two tables.
LISTS = {
    "police_stations": _STATIONS,
    "police_headquarters": _STATIONS,
    "ward_offices": _WARD_OFFICES,
    "iucr_codes": _IUCR,
}
