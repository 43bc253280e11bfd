"""Drift: values decide, not words. What is gone stops a read; what is new or of another type is named, and loads on."""

import pytest

from tasks.contract.crimes import to_crimes, to_raw_frame
from tasks.contract.drift import (
    SourceColumn,
    check_drift,
    check_objects,
    check_values,
    drift_of,
    to_columns,
)
from tasks.datasets import DATASETS, LISTS
from tasks.errors import ContractError
from tests.unit.test_contract_crimes import published

PROFILE = DATASETS["x2n5-8w5q"]
HISTORY = DATASETS["ijzp-q8t2"]
STATED = {
    **{field.name: field.type for field in PROFILE.fields},
    "location": "location",
    ":@computed_region_awaf_s7ux": "number",
}
ROW = [field.name for field in PROFILE.fields]


def message_of(stated, seen=ROW, row_count=2):
    with pytest.raises(ContractError) as caught:
        check_drift(PROFILE, stated, seen, row_count)
    assert PROFILE.dataset in str(caught.value)
    assert "Nothing was stored" in str(caught.value)
    return str(caught.value)


def without(fields, *names):
    return {name: kind for name, kind in fields.items() if name not in names}


def said_of(stated, rows=(), profile=PROFILE):
    """Return what is said of the columns of a read."""
    lines = (drift_of(profile, column) for column in to_columns(profile, stated, rows))
    return [line for line in lines if line is not None]


def judge(stated, rows):
    """Judge rows as a window does: by the contract, then by the columns that are stated otherwise."""
    check_drift(PROFILE, stated, set().union(*rows), len(rows))
    columns = to_columns(PROFILE, stated, rows)
    check_objects(PROFILE, columns, rows)
    raw = to_raw_frame(rows, PROFILE)
    transformed = to_crimes(raw, PROFILE)
    check_values(PROFILE, columns, raw.count().to_dict(), transformed.rejected["reasons"])
    return transformed


def rows_with(**changed):
    return [published(number, **changed) for number in range(3)]


def test_the_declared_columns_are_no_drift():
    check_drift(PROFILE, STATED, [*ROW, "location"], 2)
    assert said_of(STATED) == []


def test_a_renamed_column_is_named_by_both_names():
    """B05: null must never be stored for a renamed required field."""
    stated = without(STATED, "_primary_decsription") | {"primary_description": "text"}
    message = message_of(stated)
    assert "'primary_description' is new" in message
    assert "'_primary_decsription' is gone" in message


@pytest.mark.parametrize("name", ["_primary_decsription", "ward"])
def test_a_renamed_column_is_seen_without_headers_too_required_or_not(name):
    """Null must not be stored for it: a name that nobody knows stands in place of one that no row has."""
    message = message_of({}, [*(one for one in ROW if one != name), "renamed"])
    assert "'renamed' is new" in message
    assert f"{name!r} is in no row" in message


@pytest.mark.parametrize("name", ["block", "case_"])
def test_a_column_that_the_headers_lack_is_gone_required_or_not(name):
    assert f"{name!r} is gone" in message_of(without(STATED, name))


@pytest.mark.parametrize(
    ("stated", "seen"), [(STATED | {"zone": "text"}, ROW), (STATED, [*ROW, "zone"]), ({}, [*ROW, "zone"])]
)
def test_a_new_column_stops_nothing_and_is_named_with_some_of_its_values(stated, seen):
    rows = [dict.fromkeys(seen, "x") | ({"zone": zone} if "zone" in seen else {}) for zone in ("A", "B", "A")]
    check_drift(PROFILE, stated, seen, 3)
    kind = " (text)" if "zone" in stated else ""
    sample = ", such as 'A', 'B'" if "zone" in seen else ""
    assert said_of(stated, rows) == [f"'zone' is new{kind}{sample}"]


def test_a_new_computed_region_and_a_flattened_location_are_ignored_by_name():
    check_drift(PROFILE, STATED | {":@computed_region_new": "number"}, [*ROW, "location.latitude"], 1)
    assert said_of(STATED | {":@computed_region_new": "number"}, [{"location.latitude": "1"}]) == []


def test_what_is_kept_of_new_columns_is_bounded_and_can_be_printed_and_stored():
    rows = [{f"new\x00\n{number}": f"{'é' * 500}{row}\ud800"} for row in range(9) for number in range(80)]
    columns = to_columns(PROFILE, {}, [*rows, {"n" * 500: {"a": [1, None]}, "odd": 2**70}])
    assert len(columns) == 50
    assert {len(column.name) for column in columns} <= {6, 7, 100, 3}
    assert all(column.name.isprintable() for column in columns)
    values = [value for column in columns for value in column.sample]
    assert values
    assert all(value.isprintable() and len(value) <= 60 for value in values)
    assert all(len(column.sample) <= 5 for column in columns)


def test_what_an_error_says_can_be_stored_too():
    """It goes to the ledger."""
    message = message_of(without(STATED, "ward") | {"ne\x00w" * 99: "text", "beat": "te\x00xt\n" * 99})
    assert message.isprintable()
    assert len(message) < 600


def test_a_token_that_the_source_repeats_is_in_no_sample():
    rows = [{"zone": "is secret?"}]
    (column,) = to_columns(PROFILE, {}, rows, lambda text: text.replace("secret", "***"))
    assert column == SourceColumn("zone", "", ("is ***?",))


@pytest.mark.parametrize(
    ("name", "kind", "value"),
    [
        ("arrest", "checkbox", True),
        ("beat", "text", "0423"),
        ("beat", "text", 423),
        ("x_coordinate", "number", "1176369"),
        ("x_coordinate", "number", 1176369.0),
        ("date_of_occurrence", "text", "2023-11-06T00:00:00.000"),
        ("ward", "text", None),
    ],
)
def test_a_column_of_another_type_whose_values_pass_stops_nothing_and_is_named_with_both_types(
    name, kind, value
):
    stated = STATED | {name: kind}
    rows = rows_with(**{name: value})
    assert len(judge(stated, rows).accepted) == 3
    assert said_of(stated, rows) == [f"{name!r} became {kind}, it was {STATED[name]}"]


@pytest.mark.parametrize(
    ("name", "kind", "value", "why"),
    [
        ("ward", "text", "north", "not a whole number"),
        ("arrest", "number", "1", "neither Y nor N"),
        ("date_of_occurrence", "fixed_timestamp", "2023-11-06T00:00:00.000Z", "not a time"),
        ("fbi_cd", "number", "6", "breaks the rule"),
        ("_primary_decsription", "number", None, "missing"),
        ("ward", "text", "4711", "not within 1 to 50"),
        ("block", "location", {"latitude": "41.9"}, "objects"),
    ],
)
def test_a_column_of_another_type_whose_values_do_not_pass_stops_the_read(name, kind, value, why):
    rows = rows_with(**{name: value})
    with pytest.raises(ContractError, match=f"'{name}' became {kind}, it was {STATED[name]}.*{why}.*Nothing"):
        judge(STATED | {name: kind}, rows)


def test_one_value_of_another_kind_stops_a_retyped_column_and_one_out_of_range_waits_in_quarantine():
    one = [*rows_with(), published(9, ward="north")]
    with pytest.raises(ContractError, match="1 of its values do not pass"):
        judge(STATED | {"ward": "text"}, one)
    assert len(judge(STATED, one).rejected) == 1
    assert len(judge(STATED | {"ward": "text"}, [*rows_with(), published(9, ward="99")]).rejected) == 1


def test_another_column_that_fails_does_not_speak_against_a_retyped_one():
    judged = judge(STATED | {"ward": "text"}, [published(1, arrest="perhaps")])
    assert judged.rejected["reasons"].tolist() == [["arrest: neither Y nor N"]]


def test_a_key_that_is_no_number_any_more_stops_the_read_since_pages_are_asked_for_by_it():
    stated = {field.name: field.type for field in HISTORY.fields} | {"id": "text"}
    with pytest.raises(ContractError, match="'id' became text, it was number"):
        check_drift(HISTORY, stated, [], 0)


def test_sodas_other_names_for_a_type_are_the_same_type():
    assert said_of(STATED | {"date_of_occurrence": "calendar_date", "latitude": "double"}) == []


def test_every_change_is_named_at_once():
    message = message_of(without(STATED, "ward") | {"zone": "text", "arrest": "checkbox"})
    assert all(part in message for part in ("'zone' is new", "'ward' is gone", "'arrest' became checkbox"))


@pytest.mark.parametrize("stated", [STATED, {}])
def test_a_nullable_column_that_is_in_no_row_is_no_drift(stated):
    """B05, B17: JSON leaves nulls out, key and all."""
    nullable = {field.name for field in PROFILE.fields if not field.required}
    check_drift(PROFILE, stated, [name for name in ROW if name not in nullable], 2)


def test_a_required_column_that_is_in_no_row_is_drift_only_where_no_header_states_it():
    seen = [name for name in ROW if name != "domestic"]
    assert "'domestic' is in no row" in message_of({}, seen)
    check_drift(PROFILE, STATED, seen, 2)


@pytest.mark.parametrize("stated", [STATED, {}])
def test_no_rows_prove_nothing(stated):
    check_drift(PROFILE, stated, [], 0)
    assert said_of(stated) == []


def test_names_without_types_are_judged_by_the_names():
    names = dict.fromkeys(STATED, "")
    check_drift(PROFILE, names, ROW, 2)
    assert said_of(names) == []
    assert "'ward' is gone" in message_of(without(names, "ward"))


def test_a_list_drifts_as_crimes_do():
    """A column that may be empty is gone all the same; before, null took its place."""
    stations = LISTS["police_stations"]
    stated = {field.name: field.type for field in stations.fields}
    check_drift(stations, stated | {"sheriff": "text"}, [], 22)
    assert said_of(stated | {"sheriff": "text", "district": "number"}, profile=stations) == [
        "'district' became number, it was text",
        "'sheriff' is new (text)",
    ]
    with pytest.raises(ContractError, match="z8bn-74gv have changed: 'phone' is gone"):
        check_drift(stations, without(stated, "phone"), [], 22)
