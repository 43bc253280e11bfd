"""The lists keep their contracts, and the City's rows become them."""

import pandas as pd
import pytest

from tasks.contract.reference import (
    BUNDLED,
    DISTRICTS,
    WARDS,
    checked,
    read_bundled,
    table_columns,
    to_iucr_codes,
    to_police_headquarters,
    to_police_stations,
    to_ward_offices,
)
from tasks.errors import ContractError


def station_rows():
    """Return the stations as the portal gives them: text, nulls left out, headquarters among them."""
    stations = read_bundled("police_stations").astype("str")
    rows = [
        {field: value for field, value in row.items() if value != "nan"}
        for row in stations.to_dict("records")
    ]
    for row in rows:
        row["location"] = {"latitude": row["latitude"], "longitude": row["longitude"]}
        row["website"] = {"url": row["website"]}
        row[":@computed_region_awaf_s7ux"] = "12"
    headquarters = {
        "district": "Headquarters",
        "district_name": "Headquarters",
        "address": "3510 S Michigan Ave",
        "city": "Chicago",
        "state": "IL",
        "zip": "60653",
    }
    return [*rows, headquarters]


def ward_rows():
    offices = read_bundled("ward_offices").astype("str").rename(columns={"zip": "zipcode"})
    rows = []
    for row in offices.to_dict("records"):
        latitude, longitude = row.pop("latitude"), row.pop("longitude")
        rows.append({field: value for field, value in row.items() if value != "nan"})
        if latitude != "nan":
            rows[-1]["location"] = {"latitude": latitude, "longitude": longitude, "human_address": "{}"}
    return rows


def iucr_rows():
    codes = read_bundled("iucr_codes")
    index_codes = codes["is_index"].map({True: "I", False: "N"}).fillna("D")
    rows = (
        codes.drop(columns="is_index").rename(columns={"is_active": "active"}).assign(index_code=index_codes)
    )
    return rows.to_dict("records")


@pytest.mark.parametrize("name", sorted(BUNDLED))
def test_every_bundled_list_keeps_its_contract_and_has_its_columns(name):
    frame = read_bundled(name)
    assert list(frame.columns) == table_columns(name)
    texts = frame.select_dtypes("str")
    assert not texts.apply(lambda column: column.str.contains(r"^\s|\s$|\s\s|^$")).any(axis=None)


def test_stations_are_the_22_districts_without_headquarters():
    stations = read_bundled("police_stations")
    assert set(stations["district"]) == DISTRICTS
    assert len(stations) == 22
    assert stations.loc[stations["district"] == 12, "address"].item() == "1412 S Blue Island Ave"
    assert read_bundled("police_headquarters")["address"].item() == "3510 S Michigan Ave"


def test_wards_are_1_to_50_with_the_changes_of_2026():
    offices = read_bundled("ward_offices").set_index("ward")
    assert set(offices.index) == WARDS
    assert offices.loc[35, "alderman"] == "Quezada, Anthony J."
    assert offices.loc[27, "alderman"] == "Burnett, Walter R."
    assert pd.isna(offices.loc[6, "latitude"])
    assert offices.loc[36, "zip"] == "60707; 60622"


def test_codes_keep_their_leading_zeros():
    assert "0110" in set(read_bundled("iucr_codes")["iucr"])
    assert "0111" in set(read_bundled("beats")["beat"])
    assert len(read_bundled("beats")) == 275


def test_the_fbi_code_says_what_is_violent_and_what_is_of_property():
    codes = read_bundled("fbi_codes").set_index("fbi_code")
    assert set(codes.index[codes["is_violent"]]) == {"01A", "02", "03", "04A", "04B"}
    assert set(codes.index[codes["is_property"]]) == {"05", "06", "07", "09"}
    assert not codes.loc["01B", "is_index"]


def test_the_portals_rows_become_the_bundled_lists():
    pd.testing.assert_frame_equal(to_police_stations(station_rows()), read_bundled("police_stations"))
    pd.testing.assert_frame_equal(to_ward_offices(ward_rows()), read_bundled("ward_offices"))
    pd.testing.assert_frame_equal(to_iucr_codes(iucr_rows()), read_bundled("iucr_codes"))


def test_headquarters_come_from_the_stations_list():
    headquarters = to_police_headquarters(station_rows())
    assert headquarters["office"].item() == "Headquarters"
    assert pd.isna(headquarters["phone"].item())


def test_a_frame_of_text_is_read_like_the_rows():
    pd.testing.assert_frame_equal(
        to_police_stations(pd.DataFrame(station_rows())), read_bundled("police_stations")
    )


def test_a_line_break_and_a_lost_zero_are_mended():
    rows = station_rows()
    rows[11]["address"] = "1412 S Blue Island Ave\n"
    assert to_police_stations(rows)["address"].tolist() == read_bundled("police_stations")["address"].tolist()
    codes = iucr_rows()
    codes[0]["iucr"] = "110"
    assert to_iucr_codes(codes)["iucr"].iloc[0] == "0110"


def test_a_point_is_read_from_text_too():
    rows = ward_rows()
    rows[0]["location"] = "(41.91693959, -87.68782832)"
    pd.testing.assert_frame_equal(to_ward_offices(rows), read_bundled("ward_offices"))


@pytest.mark.parametrize(
    ("convert", "rows", "change", "complaint"),
    [
        (to_police_stations, station_rows, lambda rows: rows.pop(3), "exactly the 22 districts"),
        (to_police_stations, station_rows, lambda rows: rows.append(rows[0]), "unique"),
        (to_police_stations, station_rows, lambda rows: rows[0].pop("district_name"), "district_name"),
        (to_police_stations, station_rows, lambda rows: rows[0].update(latitude="0"), "latitude"),
        (to_police_headquarters, station_rows, lambda rows: rows.pop(), "exactly one headquarters"),
        (to_ward_offices, ward_rows, lambda rows: rows.pop(), "exactly the wards"),
        (to_ward_offices, ward_rows, lambda rows: rows[0].update(ward="51"), "exactly the wards"),
        (to_ward_offices, ward_rows, lambda rows: rows[0].update(email="none"), "email"),
        (to_iucr_codes, iucr_rows, lambda rows: rows[0].update(index_code="Q"), "unknown to us.*Q"),
        (to_iucr_codes, iucr_rows, lambda rows: rows[0].update(iucr="11000"), "iucr"),
        (to_iucr_codes, iucr_rows, lambda rows: rows.__delitem__(slice(100, None)), "at least 400"),
    ],
)
def test_a_list_that_breaks_its_contract_is_refused_by_name(convert, rows, change, complaint):
    changed = rows()
    change(changed)
    with pytest.raises(ContractError, match=complaint):
        convert(changed)


def test_a_new_column_of_a_list_is_left_out():
    rows = station_rows()
    rows[0]["sheriff"] = "x"
    pd.testing.assert_frame_equal(to_police_stations(rows), read_bundled("police_stations"))


def test_no_rows_are_no_list():
    with pytest.raises(ContractError):
        to_ward_offices([])


def test_a_beat_has_the_district_and_sector_of_its_digits():
    beats = read_bundled("beats")
    beats.loc[0, "district"] = 2
    with pytest.raises(ContractError, match="digits"):
        checked("beats", beats)


def test_a_list_that_is_not_bundled_is_named():
    with pytest.raises(ContractError, match="No list 'dates'"):
        read_bundled("dates")
