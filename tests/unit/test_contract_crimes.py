"""The contract of crimes: what becomes of every kind of value that the City publishes, or might."""

import json
from datetime import UTC, datetime
from functools import cache
from operator import attrgetter

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from tasks.contract import crimes
from tasks.contract.crimes import CRIMES_COLUMNS, REJECTED_COLUMNS, Crimes, to_crimes, to_raw_frame
from tasks.datasets import DATASETS
from tasks.errors import ContractError

# What pandas warns of today, it refuses tomorrow.
pytestmark = pytest.mark.filterwarnings("error")

PROFILE = DATASETS["x2n5-8w5q"]
FIELDS = [field.name for field in PROFILE.fields]
GOOD = {
    ":id": "row-n56f.jhj4-rhq4",
    ":created_at": "2023-11-14T11:02:01.256Z",
    ":updated_at": "2023-11-14T11:02:09.300Z",
    ":version": "rv-wqug~aini.ma3c",
    "case_": "JG495930",
    "date_of_occurrence": "2023-11-06T00:00:00.000",
    "block": "023XX W LELAND AVE",
    "_iucr": "0820",
    "_primary_decsription": "THEFT",
    "_secondary_description": "$500 AND UNDER",
    "_location_description": "STREET",
    "arrest": "N",
    "domestic": "Y",
    "beat": "1911",
    "ward": "47",
    "fbi_cd": "06",
    "x_coordinate": "1159788",
    "y_coordinate": "1931320",
    "latitude": "41.96671217",
    "longitude": "-87.68800452",
}
COORDINATES = ("x_coordinate", "y_coordinate", "latitude", "longitude")


def published(number=0, **changed):
    """Return a published row and what differs from a good one; None leaves a field out, as JSON does with nulls."""
    row = (
        GOOD
        | {":id": f"row-{number}"}
        | {name.replace("sys_", ":"): value for name, value in changed.items()}
    )
    return {name: value for name, value in row.items() if value is not None}


def transformed(*rows):
    return to_crimes(to_raw_frame(rows, PROFILE), PROFILE)


@cache
def full_frame():
    """Return the frame of one good row: what all others have the types of."""
    return transformed(GOOD).accepted


def values_of(field, *values):
    """Return what is stored of rows that have these values in a field; fail where one is rejected."""
    result = transformed(*(published(number, **{field: value}) for number, value in enumerate(values)))
    assert result.rejected["reasons"].tolist() == []
    column = result.accepted[PROFILE.columns_by_field[field]]
    return column.astype(object).where(column.notna(), None).tolist()


def reasons_of(*changes, **changed):
    """Return the reasons for which rows with these values are rejected; fail where one is accepted."""
    rows = [published(number, **change) for number, change in enumerate(changes or [changed])]
    result = transformed(*rows)
    assert result.accepted["crime_id"].tolist() == []
    return result.rejected["reasons"].tolist()


def assert_rejected(field, values, reason):
    """Assert that each row that has one of these values in a field is rejected, for this reason alone."""
    assert reasons_of(*({field: value} for value in values)) == [[reason]] * len(values)


def test_a_good_row_is_stored_as_published():
    result = transformed(GOOD)
    expected = pd.DataFrame(
        {
            "crime_id": "row-n56f.jhj4-rhq4",
            "case_number": "JG495930",
            "date_of_occurrence": datetime(2023, 11, 6),
            "block": "023XX W LELAND AVE",
            "iucr": "0820",
            "primary_description": "THEFT",
            "secondary_description": "$500 AND UNDER",
            "location_description": "STREET",
            "arrest": False,
            "domestic": True,
            "beat": "1911",
            "district": 19,
            "ward": 47,
            "community_area": None,
            "fbi_code": "06",
            "x_coordinate": 1159788,
            "y_coordinate": 1931320,
            "latitude": 41.96671217,
            "longitude": -87.68800452,
            "created_at": datetime(2023, 11, 14, 11, 2, 1, 256000, tzinfo=UTC),
            "updated_at": datetime(2023, 11, 14, 11, 2, 9, 300000, tzinfo=UTC),
            "version": "rv-wqug~aini.ma3c",
            "updated_on": pd.NaT,
        },
        index=[0],
    )
    assert_frame_equal(result.accepted, expected, check_dtype=False)
    assert (len(result.rejected), result.bad_coordinates) == (0, 0)


def test_the_types_are_those_of_the_table():
    types = {name: str(dtype) for name, dtype in full_frame().dtypes.items()}
    assert types == {
        **dict.fromkeys(CRIMES_COLUMNS, "string"),
        **dict.fromkeys(("date_of_occurrence", "updated_on"), "datetime64[us]"),
        **dict.fromkeys(("arrest", "domestic"), "boolean"),
        **dict.fromkeys(("district", "ward", "community_area"), "Int16"),
        **dict.fromkeys(("x_coordinate", "y_coordinate"), "Int32"),
        **dict.fromkeys(("latitude", "longitude"), "Float64"),
        **dict.fromkeys(("created_at", "updated_at"), "datetime64[us, UTC]"),
    }


# Times: B08.


def test_an_occurrence_is_the_wall_clock_as_published():
    """B08: no hour is shifted, not even one that a clock change skips or repeats."""
    moments = {
        "2023-11-06T00:00:00": datetime(2023, 11, 6),
        "2024-07-01T23:30:00.000": datetime(2024, 7, 1, 23, 30),
        "2024-03-10T02:30:00.000": datetime(2024, 3, 10, 2, 30),
        "2024-11-03T01:30:00.000": datetime(2024, 11, 3, 1, 30),
        "2024-02-29T23:59:59.999": datetime(2024, 2, 29, 23, 59, 59, 999000),
        "2024-01-02T10:00:00.1": datetime(2024, 1, 2, 10, 0, 0, 100000),
        "2024-01-02T10:00:00.123456": datetime(2024, 1, 2, 10, 0, 0, 123456),
        "0001-01-01T00:00:00.000": datetime(1, 1, 1),
        "9999-12-31T23:59:59.999999": datetime(9999, 12, 31, 23, 59, 59, 999999),
    }
    assert values_of("date_of_occurrence", *moments) == list(moments.values())


def test_nanoseconds_are_cut_off():
    assert values_of("date_of_occurrence", "2024-01-02T10:00:00.123456789") == [
        datetime(2024, 1, 2, 10, 0, 0, 123456)
    ]


@pytest.mark.parametrize("zone", ["UTC", "America/Chicago", "Asia/Kolkata"])
def test_the_zone_of_the_container_changes_nothing(monkeypatch, zone):
    import time

    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        rows = [published(), published(1, date_of_occurrence="2024-03-10T02:30:00.123456789")]
        accepted = transformed(*rows).accepted
    finally:
        monkeypatch.undo()
        time.tzset()
    assert accepted["date_of_occurrence"].tolist() == [
        datetime(2023, 11, 6),
        datetime(2024, 3, 10, 2, 30, 0, 123456),
    ]
    assert accepted["updated_at"].tolist() == [datetime(2023, 11, 14, 11, 2, 9, 300000, tzinfo=UTC)] * 2


def test_what_is_no_time_rejects_its_row():
    texts = [
        "not a date", "2023-02-30T00:00:00.000", "2023-13-01T00:00:00.000", "2024-01-02T24:00:00", "2024-01-02",
        "2024-01-02T23:59:60", "2024-01-02T10:00:00Z", "2024-01-02T10:00:00+00:00", "2024-01-02 10:00:00",
        "0000-01-01T00:00:00.000", "10000-01-01T00:00:00.000", "-0001-01-01T00:00:00", "01/02/2024 10:00:00 AM",
        "2024-01-02T10:00:00.000\n", " 2024-01-02T10:00:00.000", "1704189600",
    ]  # fmt: skip
    assert_rejected("date_of_occurrence", texts, "date_of_occurrence: not a time")


def test_a_day_that_is_in_no_calendar_rejects_no_other_row():
    result = transformed(
        published(1), published(2, date_of_occurrence="2023-02-30T00:00:00.000"), published(3)
    )
    assert result.accepted["crime_id"].tolist() == ["row-1", "row-3"]
    assert result.rejected["date_of_occurrence"].isna().all()


def test_a_row_without_an_occurrence_is_rejected_for_that_alone():
    assert_rejected("date_of_occurrence", [None, ""], "date_of_occurrence: missing")


def test_times_of_all_ages_and_precisions_are_read_together():
    texts = [
        "0001-01-01T00:00:00",
        "2024-01-02T10:00:00.123456789",
        "9999-12-31T00:00:00.000",
        "2023-02-30T00:00:00",
    ]
    result = transformed(*(published(n, date_of_occurrence=text) for n, text in enumerate(texts)))
    assert result.accepted["date_of_occurrence"].tolist() == [
        datetime(1, 1, 1),
        datetime(2024, 1, 2, 10, 0, 0, 123456),
        datetime(9999, 12, 31),
    ]
    assert result.rejected["crime_id"].tolist() == ["row-3"]


@pytest.mark.parametrize("field", [":created_at", ":updated_at"])
def test_a_stamp_that_is_no_instant_in_utc_rejects_its_row(field):
    texts = [
        "2023-11-14T11:02:01.256",
        "2023-11-14T11:02:01-06:00",
        "2023-02-30T00:00:00Z",
        "0000-01-01T00:00:00Z",
        "x",
    ]
    assert_rejected(field, texts, f"{field[1:]}: not an instant in UTC")


# Coordinates: B13.


def coordinates(**changed):
    """Return the four coordinates that are stored, None for null, and how many points were bad."""
    result = transformed(published(**changed))
    assert len(result.accepted) == 1
    row = result.accepted.iloc[0]
    return [None if pd.isna(row[column]) else row[column] for column in COORDINATES], result.bad_coordinates


def test_numbers_come_as_text_and_the_location_object_is_ignored():
    """B13 (a)"""
    location = {"latitude": "41.92", "longitude": "-87.67", "human_address": '{"address": ""}'}
    assert coordinates(location=location, **{"location.latitude": "41.92"}) == coordinates()
    assert coordinates()[0] == [1159788, 1931320, 41.96671217, -87.68800452]


def test_feet_without_degrees_are_kept_and_degrees_are_null():
    """B13 (b)"""
    assert coordinates(latitude=None, longitude=None) == ([1159788, 1931320, None, None], 0)


def test_a_point_outside_the_city_or_half_a_point_is_null_and_counted():
    """B13 (c), (d): the row is kept."""
    points = [
        {"latitude": "0.0", "longitude": "0.0"},
        {"latitude": "36.6", "longitude": "-91.7"},
        {"x_coordinate": "0", "y_coordinate": "0", "latitude": "36.6194464", "longitude": "-91.6865657"},
        {"x_coordinate": "0", "y_coordinate": "0"},
        {"x_coordinate": "0", "y_coordinate": "0", "latitude": None, "longitude": None},
        {"x_coordinate": None},
        {"y_coordinate": None},
        {"latitude": None},
        {"longitude": None},
        {"latitude": "-87.68800452", "longitude": "41.96671217"},
        {"latitude": "1e99"},
        {"x_coordinate": "-1159788"},
        {"x_coordinate": "2147483647"},
    ]
    result = transformed(*(published(number, **point) for number, point in enumerate(points)))
    assert len(result.accepted) == result.bad_coordinates == len(points)
    assert result.accepted[list(COORDINATES)].isna().all(axis=None)


def test_a_row_without_coordinates_is_no_bad_point():
    assert coordinates(**dict.fromkeys(COORDINATES)) == ([None] * 4, 0)


def test_bad_points_of_rejected_rows_are_not_counted():
    result = transformed(published(1, latitude="0.0"), published(2, latitude="0.0", arrest="U"), published(3))
    assert (result.bad_coordinates, len(result.rejected)) == (1, 1)


def test_feet_that_no_column_can_hold_reject_the_row():
    """B18"""
    texts = ["99999999999", "2147483648", "-2147483649"]
    assert_rejected("x_coordinate", texts, "x_coordinate: not within -2147483648 to 2147483647")


def test_what_is_no_number_rejects_its_row():
    texts = [
        "NaN",
        "nan",
        "inf",
        "-Infinity",
        "41,9",
        "forty",
        "0x29",
        "41.9 ",
        "41.9\n",
        "4_1",
        "\u0664\u0661",
    ]
    assert_rejected("latitude", texts, "latitude: not a number")


def test_degrees_are_read_in_every_spelling_of_a_number():
    texts = ["41.9", "+41.9", "4.19e1", "419E-1", "41.900000000000000000000000"]
    assert values_of("latitude", *texts) == [41.9] * len(texts)


# Yes and no: B14.


@pytest.mark.parametrize("field", ["arrest", "domestic"])
def test_y_is_true_and_n_is_false(field):
    assert values_of(field, "Y", "N", "Y") == [True, False, True]


@pytest.mark.parametrize("field", ["arrest", "domestic"])
def test_anything_else_than_y_and_n_rejects_its_row(field):
    texts = ["y ", "y", "n", "U", "Yes", "YN", " ", "0", "1", "NaN", "Y\n"]
    assert_rejected(field, texts, f"{field}: neither Y nor N")


def test_the_share_of_true_is_that_of_the_source():
    """B14: `astype(bool)` makes everything true."""
    accepted = transformed(*(published(n, arrest="YNNN"[n % 4]) for n in range(40))).accepted
    assert accepted["arrest"].sum() == 10


# Whole numbers with gaps: B15.


def test_a_ward_is_a_whole_number_or_null():
    assert values_of("ward", "6", None, "6.0", "", "06", "50", 6, 6.0) == [6, None, 6, None, 6, 50, 6, 6]


def test_a_ward_of_another_kind_rejects_its_row():
    kinds = ["6.5", "six", "6 ", "6e0", "9" * 30, True, {"ward": 6}, [6], float("nan"), "6\n"]
    assert reasons_of(*({"ward": ward} for ward in kinds)) == [["ward: not a whole number"]] * len(kinds)
    sizes = ["0", "51", "-1", "40000"]
    assert reasons_of(*({"ward": ward} for ward in sizes)) == [["ward: not within 1 to 50"]] * len(sizes)


def test_a_gap_in_a_column_changes_no_type_and_makes_no_nan():
    wards, latitudes = ["6", None, "6.0", ""], [None, "41.8", None, "41.9"]
    rows = [
        published(n, ward=w, latitude=a, longitude=a and "-87.6")
        for n, (w, a) in enumerate(zip(wards, latitudes, strict=True))
    ]
    accepted = transformed(*rows).accepted
    assert accepted["ward"].astype(object).tolist() == [6, pd.NA, 6, pd.NA]
    assert accepted["latitude"].astype(object).tolist() == [pd.NA, 41.8, pd.NA, 41.9]
    assert str(accepted["ward"].dtype) == "Int16"


@pytest.mark.parametrize(
    "field",
    ["block", "_secondary_description", "_location_description", "fbi_cd", "beat", "ward", ":version"],
)
def test_empty_text_is_null(field):
    assert values_of(field, "", None) == [None, None]


@pytest.mark.parametrize(
    "field", [":id", "case_", "date_of_occurrence", "_iucr", "_primary_decsription", "arrest", "domestic"]
)
def test_a_required_value_that_is_missing_rejects_its_row(field):
    assert reasons_of({field: None}, {field: ""}) == [[f"{PROFILE.columns_by_field[field]}: missing"]] * 2


# Codes are text: B16.


def test_an_iucr_code_is_text_of_four_characters():
    """B16"""
    assert values_of("_iucr", "0486", "031A", "0110", "110", "502R") == [
        "0486",
        "031A",
        "0110",
        "0110",
        "502R",
    ]


def test_another_iucr_code_rejects_its_row():
    """One of five characters would lose the whole COPY; a line end at its end is easily overlooked."""
    reasons = reasons_of(
        *({"_iucr": t} for t in ("00820", "082 ", "0820\n", "031a", "08-0", "\uff10820", "0820\x00"))
    )
    assert all(len(each) == 1 and each[0].startswith("iucr: ") for each in reasons)


def test_a_beat_has_four_digits_and_gives_the_district():
    """B16"""
    accepted = transformed(
        *(published(n, beat=beat) for n, beat in enumerate(["731", "1432", "511.0", "3100", 731, None]))
    ).accepted
    assert accepted["beat"].fillna("none").tolist() == ["0731", "1432", "0511", "3100", "0731", "none"]
    assert accepted["district"].fillna(-1).tolist() == [7, 14, 5, 31, 7, -1]


def test_another_beat_rejects_its_row():
    reasons = reasons_of(*({"beat": text} for text in ("73A", "731\n", "10000", "-731", "7.31")))
    assert all(len(each) == 1 and each[0].startswith("beat: ") for each in reasons)


def test_an_fbi_code_is_stored_as_published():
    assert values_of("fbi_cd", "06", "01A", "26") == ["06", "01A", "26"]


def test_another_fbi_code_rejects_its_row():
    reasons = reasons_of(*({"fbi_cd": text} for text in ("6", "01AA", "06\n", "\u0660\u0666", "1A", "01a")))
    assert all(len(each) == 1 and each[0].startswith("fbi_code: ") for each in reasons)


# Text.


def test_a_block_is_in_upper_case_and_otherwise_as_published():
    given = ["001xx N State St", "  001XX  W ST ", 'O\'HARE "FIELD", T\\1\t\r\n\\.', "CAF\u00e9 😀"]
    stored = ["001XX N STATE ST", given[1], given[2], "CAF\u00c9 😀"]
    assert values_of("block", *given) == stored


@pytest.mark.parametrize(
    "field", ["case_", "_primary_decsription", "_secondary_description", "_location_description", ":version"]
)
def test_text_is_untouched(field):
    texts = [" Theft ", 'It\'s "so", \\N\t\n', "\\.", "None", "nan", "NULL", "😀", "\u00e9", "\ufeff", " "]
    assert values_of(field, *texts) == texts


# Nothing, and columns of nothing: B17.


def test_no_row_gives_no_row_with_the_types_of_a_full_frame():
    empty = transformed()
    assert len(empty.accepted) == len(empty.rejected) == empty.bad_coordinates == 0
    assert_frame_equal(empty.accepted, full_frame().iloc[:0])
    assert tuple(empty.rejected.columns) == REJECTED_COLUMNS


def test_types_are_the_same_for_one_row_and_for_many_with_rejected_ones_among_them():
    many = transformed(*(published(n, arrest="NYU"[n % 3]) for n in range(300)))
    assert len(many.rejected) == 100
    assert_frame_equal(full_frame().iloc[:0], many.accepted.iloc[:0])


def test_a_column_that_is_null_in_every_row_is_a_column():
    """B05, B17: JSON leaves nulls out, key and all."""
    nulls = {field.name: None for field in PROFILE.fields if not field.required}
    result = transformed(published(1, **nulls), published(2, **nulls))
    assert len(result.accepted) == 2
    assert result.accepted[[PROFILE.columns_by_field[name] for name in nulls]].isna().all(axis=None)
    assert_frame_equal(result.accepted.iloc[:0], full_frame().iloc[:0])


# A quarantine: B18.


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"date_of_occurrence": "not a date"}, "date_of_occurrence: not a time"),
        ({"x_coordinate": "99999999999"}, "x_coordinate: not within -2147483648 to 2147483647"),
        ({"block": "001XX\u0000W ST"}, "block: has a character that cannot be stored"),
        ({"ward": "40000"}, "ward: not within 1 to 50"),
    ],
)
def test_one_bad_row_of_a_thousand_is_set_aside_and_the_others_are_stored(changed, reason):
    rows = [published(number) for number in range(1000)]
    rows[500] = published(500, **changed)
    result = transformed(*rows)
    assert result.accepted["crime_id"].tolist() == [
        f"row-{number}" for number in range(1000) if number != 500
    ]
    assert result.rejected[["crime_id", "case_number", "version"]].to_numpy().tolist() == [
        ["row-500", GOOD["case_"], GOOD[":version"]]
    ]
    assert result.rejected["reasons"].tolist() == [[reason]]


def test_a_row_is_rejected_with_all_its_reasons():
    (reasons,) = reasons_of(
        arrest="U", ward="6.5", date_of_occurrence="2023-02-30T00:00:00", _iucr=None, case_=None
    )
    assert sorted(reasons) == [
        "arrest: neither Y nor N",
        "case_number: missing",
        "date_of_occurrence: not a time",
        "iucr: missing",
        "ward: not a whole number",
    ]


def test_a_rejected_row_keeps_what_was_published_and_what_could_be_read():
    row = published(7, arrest="U", ward="6.0", latitude=None)
    rejected = transformed(published(1), row).rejected
    assert tuple(rejected.columns) == REJECTED_COLUMNS
    assert json.loads(rejected["raw"].iloc[0]) == row
    assert rejected["date_of_occurrence"].iloc[0] == datetime(2023, 11, 6)
    assert rejected["updated_at"].iloc[0] == datetime(2023, 11, 14, 11, 2, 9, 300000, tzinfo=UTC)


def test_rows_stay_in_the_order_in_which_they_came():
    order = [5, 3, 9, 1, 7, 2]
    result = transformed(*(published(n, arrest="U" if n in (3, 7) else "N") for n in order))
    assert result.accepted["crime_id"].tolist() == ["row-5", "row-9", "row-1", "row-2"]
    assert result.rejected["crime_id"].tolist() == ["row-3", "row-7"]
    assert result.accepted.index.tolist() == [0, 1, 2, 3]
    assert result.rejected.index.tolist() == [0, 1]


def test_a_frame_whose_index_does_not_count_from_zero_is_read_row_by_row():
    raw = to_raw_frame([published(n, arrest="NU"[n % 2]) for n in range(6)], PROFILE).iloc[2:5]
    result = to_crimes(raw, PROFILE)
    assert result.accepted["crime_id"].tolist() == ["row-2", "row-4"]
    assert result.rejected["crime_id"].tolist() == ["row-3"]
    assert json.loads(result.rejected["raw"].iloc[0])[":id"] == "row-3"


def test_the_same_id_twice_is_stored_by_neither_row():
    result = transformed(published(1), published(1), published(2))
    assert result.accepted["crime_id"].tolist() == ["row-2"]
    assert len(result.rejected) == 2


@pytest.mark.parametrize("field", ["block", "case_", "ward", "_iucr", "arrest"])
def test_a_character_that_no_text_can_hold_rejects_its_row_and_keeps_it_readable(field):
    """B18: one such value loses a whole COPY; jsonb refuses it too, so its escape stands in the raw row."""
    escapes = {
        "A\x00B": "A\\u0000B", "A\ud800B": "A\\ud800B", "\udfff": "\\udfff", "\x00": "\\u0000",
        "😀\x00\udc00": "😀\\u0000\\udc00",
    }  # fmt: skip
    rows = [published(number, **{field: text}) for number, text in enumerate(escapes)]
    result = transformed(*rows, published(99))
    assert result.accepted["crime_id"].tolist() == ["row-99"]
    for reasons, raw, escape in zip(
        result.rejected["reasons"], result.rejected["raw"], escapes.values(), strict=True
    ):
        assert f"{PROFILE.columns_by_field[field]}: has a character that cannot be stored" in reasons
        assert json.loads(raw)[field] == escape


@pytest.mark.parametrize("text", ["A\x00B", "A\ud800B"])
def test_a_row_set_aside_for_its_characters_is_rejected_again_when_it_is_read_again(text):
    (raw,) = transformed(published(block=text)).rejected["raw"]
    again = transformed(json.loads(raw))
    assert again.rejected["reasons"].tolist() == [["block: has a character that cannot be stored"]]
    assert again.rejected["raw"].tolist() == [raw]


def test_half_a_character_in_one_row_leaves_whole_ones_in_the_others():
    result = transformed(published(1, block="😀 É"), published(2, block="\ud83d"))
    assert result.accepted["block"].tolist() == ["😀 É"]


# Any value at all

TEXT = st.text(st.characters(exclude_categories=())) | st.text("0123456789.-+eTZ:YN \x00\n", max_size=30)
ANY_VALUE = st.none() | TEXT | st.booleans() | st.integers() | st.floats() | st.lists(TEXT, max_size=2)
PLAUSIBLE = {
    "date_of_occurrence": st.from_regex(r"\A\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d(\.\d{1,9})?\Z"),
    ":updated_at": st.from_regex(r"\A\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d(\.\d{1,9})?Z\Z"),
    "latitude": st.from_regex(r"\A[+-]?\d{1,18}(\.\d*)?([eE][+-]?\d{1,2})?\Z"),
    "x_coordinate": st.from_regex(r"\A[+-]?\d{1,18}(\.0*)?\Z"),
    "beat": st.from_regex(r"\A[+-]?\d{1,5}(\.0*)?\Z"),
    "_iucr": st.text("0123456789AR", max_size=5),
}


@st.composite
def any_rows(draw):
    """Draw good rows, in each of which some fields have any value at all."""
    rows = []
    for number in range(draw(st.integers(0, 12))):
        fields = draw(st.lists(st.sampled_from(FIELDS[1:]), max_size=5, unique=True))
        changed = {name: draw(PLAUSIBLE.get(name, ANY_VALUE) | ANY_VALUE) for name in fields}
        rows.append(published(number, **changed))
    return rows


def read_back(row):
    """Return a published row as it is set aside: text, empty text included, nulls left out."""
    (raw,) = to_raw_frame([row], PROFILE).to_dict("records")
    fields = {column: name for name, column in PROFILE.columns_by_field.items()}
    return {fields[c]: v.replace("\x00", "\\u0000") for c, v in raw.items() if not pd.isna(v)}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(any_rows())
def test_every_row_is_accepted_or_rejected_whatever_stands_in_it(rows):
    result = transformed(*rows)
    kept, left = result.accepted["crime_id"].tolist(), result.rejected["crime_id"].tolist()
    assert sorted(kept + left) == sorted(row[":id"] for row in rows)
    Crimes.validate(result.accepted, lazy=True)
    assert_frame_equal(result.accepted.iloc[:0], full_frame().iloc[:0])
    assert (result.rejected["reasons"].map(len) >= 1).all()
    for column in ("latitude", "longitude"):
        assert not result.accepted[column].dropna().isin([float("inf"), float("nan")]).any()
    by_id = {row[":id"]: row for row in rows}
    for _, row in result.rejected.iterrows():
        assert json.loads(row["raw"]) == read_back(by_id[row["crime_id"]])


@settings(max_examples=8, deadline=None)
@given(any_rows())
def test_a_row_set_aside_is_judged_the_same_when_it_is_read_again(rows):
    rejected = transformed(*rows).rejected
    again = transformed(*map(json.loads, rejected["raw"]))
    assert len(again.accepted) == 0
    assert again.rejected["reasons"].tolist() == rejected["reasons"].tolist()


@settings(max_examples=5, deadline=None)
@given(any_rows())
def test_a_row_is_judged_by_itself_alone(rows):
    together = transformed(*rows)
    apart = [transformed(row) for row in rows]
    one_by_one = sum(map(attrgetter("bad_coordinates"), apart)), sum(len(part.rejected) for part in apart)
    assert (together.bad_coordinates, len(together.rejected)) == one_by_one


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(any_rows())
def test_the_rules_of_values_find_what_the_whole_contract_finds(rows):
    typed = crimes._Reading(to_raw_frame(rows, PROFILE)).typed()
    # Else both would be judged by the whole contract.
    assert typed.dtypes.equals(crimes._our_types())
    found = crimes._contract_failures(typed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(crimes, "_rules_of_values", Crimes.to_schema)
        assert found == crimes._contract_failures(typed)


@pytest.mark.parametrize(
    "change",
    [
        lambda frame: frame.astype({"district": "Int32"}),
        lambda frame: frame.drop(columns="block"),
        lambda frame: frame[frame.columns[::-1]],
        lambda frame: frame.assign(more=1),
    ],
    ids=["another type", "a column less", "another order", "a column more"],
)
def test_columns_that_are_not_those_of_the_contract_are_a_fault_of_ours(change):
    with pytest.raises(ContractError, match="the transform broke its own contract"):
        crimes._contract_failures(change(full_frame()))
