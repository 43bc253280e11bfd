"""Drift: a field that is new, gone, renamed or of another type stops a run and is named; a null is none of these."""

import pytest

from tasks.contract.drift import check_drift
from tasks.datasets import DATASETS
from tasks.errors import ContractError

PROFILE = DATASETS["x2n5-8w5q"]
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


def test_the_declared_columns_are_no_drift():
    check_drift(PROFILE, STATED, [*ROW, "location"], 2)


def test_a_renamed_column_is_named_by_both_names():
    """B05: null must never be stored for a renamed required field."""
    stated = without(STATED, "_primary_decsription") | {"primary_description": "text"}
    message = message_of(stated)
    assert "'primary_description' is new" in message
    assert "'_primary_decsription' is gone" in message


def test_a_renamed_column_is_seen_without_headers_too():
    seen = [name for name in ROW if name != "_primary_decsription"] + ["primary_description"]
    message = message_of({}, seen)
    assert "'primary_description' is new" in message
    assert "'_primary_decsription' is in no row" in message


@pytest.mark.parametrize("name", ["block", "case_"])
def test_a_column_that_the_headers_lack_is_gone_required_or_not(name):
    assert f"{name!r} is gone" in message_of(without(STATED, name))


def test_a_new_column_is_named():
    assert "'zone' is new" in message_of(STATED | {"zone": "text"})
    assert "'zone' is new" in message_of(STATED, [*ROW, "zone"])
    assert "'zone' is new" in message_of({}, [*ROW, "zone"])


def test_a_new_computed_region_and_a_flattened_location_are_ignored_by_name():
    check_drift(PROFILE, STATED | {":@computed_region_new": "number"}, [*ROW, "location.latitude"], 1)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("arrest", "checkbox"),
        ("beat", "text"),
        ("x_coordinate", "number"),
        ("date_of_occurrence", "fixed_timestamp"),
    ],
)
def test_a_column_of_another_type_is_named_with_both_types(name, kind):
    message = message_of(STATED | {name: kind})
    assert f"{name!r} became {kind}, it was {STATED[name]}" in message


def test_sodas_other_names_for_a_type_are_the_same_type():
    check_drift(PROFILE, STATED | {"date_of_occurrence": "calendar_date", "latitude": "double"}, ROW, 1)


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


def test_names_without_types_are_judged_by_the_names():
    names = dict.fromkeys(STATED, "")
    check_drift(PROFILE, names, ROW, 2)
    assert "'ward' is gone" in message_of(without(names, "ward"))
