"""The contract for rows of the whole history: other names and types, the same crimes."""

from datetime import UTC, datetime

import pandas as pd

from tasks.contract.crimes import to_census_frame, to_crimes, to_raw_frame
from tasks.contract.drift import check_drift, drift_of, to_columns
from tasks.datasets import DATASETS

PROFILE = DATASETS["ijzp-q8t2"]
GOOD = {
    ":id": "row-n56f.jhj4-rhq4",
    ":created_at": "2018-02-10T22:50:01.256Z",
    ":updated_at": "2018-02-10T22:50:09.300Z",
    ":version": "rv-wqug~aini.ma3c",
    ":@computed_region_awaf_s7ux": "25",
    "id": "1324343",
    "case_number": "G001079",
    "date": "2001-01-01T00:01:00.000",
    "block": "052XX W race AVE",
    "iucr": "0486",
    "primary_type": "NON - CRIMINAL",
    "description": "DOMESTIC BATTERY SIMPLE",
    "location_description": "APARTMENT",
    "arrest": True,
    "domestic": False,
    "beat": "0733",
    "district": "011",
    "community_area": "25",
    "fbi_code": "08B",
    "x_coordinate": "1159788",
    "y_coordinate": "1931320",
    "year": "2001",
    "updated_on": "2018-02-10T15:50:01.000",
    "latitude": "41.96671217",
    "longitude": "-87.68800452",
    "location": {"latitude": "41.96671217", "longitude": "-87.68800452"},
}


def transformed(*changes):
    """Return what becomes of good rows with these changes; None leaves a field out."""
    rows = [
        {field: value for field, value in (GOOD | {"id": str(number)} | changed).items() if value is not None}
        for number, changed in enumerate(changes, 1)
    ]
    return to_crimes(to_raw_frame(rows, PROFILE), PROFILE)


def test_a_good_row_is_stored_as_published():
    (said,) = to_crimes(to_raw_frame([GOOD], PROFILE), PROFILE).accepted.to_dict("records")
    # Old years have no ward, and the spelling is the City's of then.
    assert pd.isna(said.pop("ward"))
    assert said == {
        "crime_id": "1324343",
        "case_number": "G001079",
        "date_of_occurrence": datetime(2001, 1, 1, 0, 1),
        "block": "052XX W RACE AVE",
        "iucr": "0486",
        "primary_description": "NON - CRIMINAL",
        "secondary_description": "DOMESTIC BATTERY SIMPLE",
        "location_description": "APARTMENT",
        "arrest": True,
        "domestic": False,
        "beat": "0733",
        "district": 11,
        "community_area": 25,
        "fbi_code": "08B",
        "x_coordinate": 1159788,
        "y_coordinate": 1931320,
        "latitude": 41.96671217,
        "longitude": -87.68800452,
        "created_at": datetime(2018, 2, 10, 22, 50, 1, 256000, tzinfo=UTC),
        "updated_at": datetime(2018, 2, 10, 22, 50, 9, 300000, tzinfo=UTC),
        "version": "rv-wqug~aini.ma3c",
        "updated_on": datetime(2018, 2, 10, 15, 50, 1),
    }


def test_the_district_is_the_published_one_and_the_beats_where_there_is_none():
    accepted = transformed({"district": "011"}, {"district": "007"}, {"district": None}).accepted
    assert accepted["district"].tolist() == [11, 7, 7]


def test_truth_is_read_from_booleans_and_from_their_text():
    accepted = transformed({"arrest": True}, {"arrest": False}, {"arrest": "true"}).accepted
    assert accepted["arrest"].tolist() == [True, False, True]
    assert transformed({"arrest": False}, {"arrest": True}).accepted["arrest"].tolist() == [False, True]
    rejected = transformed({"arrest": None}, {"domestic": 1}).rejected
    assert rejected["reasons"].tolist() == [["arrest: missing"], ["domestic: neither Y nor N"]]


def test_a_rejected_row_keeps_the_citys_own_stamp_and_its_published_names():
    rejected = transformed({"community_area": "99"}).rejected
    assert rejected["updated_on"].tolist() == [datetime(2018, 2, 10, 15, 50, 1)]
    assert '"primary_type": "NON - CRIMINAL"' in rejected["raw"].iloc[0]
    assert transformed({"updated_on": "yesterday"}).rejected["reasons"].tolist() == [
        ["updated_on: not a time"]
    ]


def test_a_census_names_rows_by_their_own_id():
    census = to_census_frame([{"id": "12", ":version": "rv-1", "date": "2001-01-01T00:00:00.000"}], PROFILE)
    assert census.to_dict("records") == [
        {"crime_id": "12", "version": "rv-1", "date_of_occurrence": datetime(2001, 1, 1)}
    ]


def test_every_field_is_known_and_a_truth_may_be_called_boolean():
    stated = {field.name: field.type for field in PROFILE.fields} | {
        "year": "number",
        ":id": "row_identifier",
    }
    check_drift(PROFILE, stated, GOOD, 1)

    def said_of(**otherwise):
        columns = to_columns(PROFILE, stated | otherwise, [GOOD])
        return [said for column in columns if (said := drift_of(PROFILE, column)) is not None]

    assert said_of() == said_of(arrest="boolean", domestic="boolean") == []
    assert said_of(arrest="text") == ["'arrest' became text, it was checkbox"]
