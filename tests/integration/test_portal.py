"""The stand-in portal over HTTP: headers, formats, tokens, conditional requests, and a source that moves."""

import csv
import gzip
import io
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
import requests

from demo.lists import PUBLISHED_LISTS, rows_of_list
from demo.portal import PortalServer
from demo.shapes import HISTORY, IUCR, ONE_YEAR, STATIONS, WARD_OFFICES
from demo.store import Store

AT = datetime(2024, 1, 14, 11, 2, 21, 674_000, tzinfo=UTC)
ROWS = [
    {
        "case_": f"JH{i:04}",
        "date_of_occurrence": f"2024-01-{1 + i % 5:02}T{i % 24:02}:00:00.000",
        "block": 'A "quoted", block',
        "beat": "511",
    }
    for i in range(1200)
]
LOCATED = {
    "case_": "JG1",
    "latitude": "41.9",
    "longitude": "-87.6",
    "location": {"latitude": "41.9", "longitude": "-87.6", "human_address": '{"address": ""}'},
}


@pytest.fixture
def store() -> Iterator[Store]:
    with Store.temporary() as made:
        made.create(ONE_YEAR, [*ROWS, LOCATED], at=AT)
        yield made


@pytest.fixture
def portal(store: Store) -> Iterator[PortalServer]:
    with PortalServer(store, tokens={"good"}) as running:
        yield running


def get(portal: PortalServer, suffix: str = "json", headers: dict[str, str] | None = None, **clauses: object):
    params = {f"${name}": str(value) for name, value in clauses.items()}
    address = f"{portal.url}/resource/{ONE_YEAR.id}.{suffix}"
    return requests.get(address, params=params, headers=headers, timeout=10)


def test_headers_name_the_fields_their_types_and_the_state(portal):
    answer = get(portal, select=":*,*")
    fields, types = (json.loads(answer.headers[f"X-SODA2-{name}"]) for name in ("Fields", "Types"))
    assert fields == [field.name for field in ONE_YEAR.all_fields]
    assert types == [field.type for field in ONE_YEAR.all_fields]
    assert answer.headers["Content-Type"] == "application/json;charset=utf-8"
    assert answer.headers["Last-Modified"] == "Sun, 14 Jan 2024 11:02:21 GMT"
    assert int(answer.headers["Content-Length"]) == len(answer.content)
    counted = get(portal, select="count(*), max(:updated_at) as newest")
    assert json.loads(counted.headers["X-SODA2-Fields"]) == ["count", "newest"]
    assert json.loads(counted.headers["X-SODA2-Types"]) == ["number", "fixed_timestamp"]


def test_no_limit_gives_a_thousand_rows(portal):
    assert len(get(portal).json()) == 1000
    assert len(get(portal, limit=5000).json()) == 1201


def test_json_leaves_nulls_out_and_csv_has_every_column(portal):
    (row,) = get(portal, where="case_ = 'JG1'").json()
    assert row == LOCATED
    answer = get(portal, "csv", where="case_ in ('JG1', 'JH0001')", order="case_")
    assert answer.headers["Content-Type"] == "text/csv;charset=utf-8"
    header, located, plain = csv.reader(io.StringIO(answer.text))
    assert header == [field.name for field in ONE_YEAR.fields]
    assert dict(zip(header, located, strict=True))["location"] == "(41.9, -87.6)"
    assert dict(zip(header, plain, strict=True)) | {"location": ""} == dict.fromkeys(header, "") | ROWS[1]
    assert '"JG1",,,,' in answer.text
    assert '"A ""quoted"", block"' in answer.text


def test_csv_takes_any_query(portal):
    answer = get(portal, "csv", select="beat, count(*) as n", group="beat", order="n")
    assert answer.text == '"beat","n"\n,"1"\n"511","1200"\n'


def test_a_good_token_and_none_are_served_and_a_wrong_one_is_refused(portal):
    assert get(portal, limit=1).status_code == 200
    assert get(portal, headers={"X-App-Token": "good"}, limit=1).status_code == 200
    refused = get(portal, headers={"X-App-Token": "wrong"}, limit=1)
    assert (refused.status_code, refused.json()["code"]) == (403, "permission_denied")
    in_address = requests.get(f"{portal.url}/resource/{ONE_YEAR.id}.json?$$app_token=wrong", timeout=10)
    assert in_address.status_code == 403


def test_what_does_not_exist_is_404_with_json(portal):
    for path in ("/resource/abcd-1234.json", "/api/views/abcd-1234.json", "/resource/x2n5-8w5q.xml", "/"):
        answer = requests.get(portal.url + path, timeout=10)
        assert (answer.status_code, answer.json()["error"]) == (404, True)


def test_a_bad_query_is_400_with_json(portal):
    answer = get(portal, where="block = 'O'HARE'")
    assert (answer.status_code, answer.json()["code"]) == (400, "query.compiler.malformed")


def test_an_address_that_is_too_long_is_414(portal):
    ids = ", ".join(["'row-aaaa-aaaa-aaaa'"] * 400)
    assert get(portal, where=f":id in ({ids[:3000].rsplit(',', 1)[0]})").status_code == 200
    assert get(portal, where=f":id in ({ids})").status_code == 414


def test_an_unchanged_answer_is_304_until_the_source_moves(portal, store):
    first = get(portal, order=":id")
    again = get(portal, headers={"If-None-Match": first.headers["ETag"]}, order=":id")
    assert (again.status_code, again.content) == (304, b"")
    assert get(portal, headers={"If-None-Match": first.headers["ETag"]}, order="case_").status_code == 200
    store.withdraw(ONE_YEAR.id, [str(first.json()[0].get(":id")), store.rows(ONE_YEAR.id)[0][":id"]], at=AT)
    moved = get(portal, headers={"If-None-Match": first.headers["ETag"]}, order=":id")
    assert moved.status_code == 200
    assert moved.headers["Last-Modified"] == "Sun, 14 Jan 2024 11:02:22 GMT"


def test_metadata_says_when_the_rows_changed_and_what_the_columns_are(portal, store):
    address = f"{portal.url}/api/views/{ONE_YEAR.id}.json"
    view = requests.get(address, timeout=10).json()
    assert (view["id"], view["name"]) == (ONE_YEAR.id, "Crimes - One year prior to present")
    assert view["rowsUpdatedAt"] == int(AT.timestamp())
    types = {column["fieldName"]: column["dataTypeName"] for column in view["columns"]}
    assert types["date_of_occurrence"] == "calendar_date"
    assert types["beat"] == "number"
    store.touch_all(ONE_YEAR.id, at=AT + timedelta(days=1))
    assert requests.get(address, timeout=10).json()["rowsUpdatedAt"] == view["rowsUpdatedAt"] + 86_400


def test_counts_follow_the_source_and_not_a_cache(portal, store):
    assert get(portal, select="count(*)").json() == [{"count": "1201"}]
    assert get(portal, select="count(*)").json() == [{"count": "1201"}]
    store.insert(ONE_YEAR.id, [{"case_": "JH9"}], at=AT)
    assert get(portal, select="count(*)").json() == [{"count": "1202"}]


def test_the_source_can_move_in_the_middle_of_a_clients_read(portal, store):
    def withdraw_before_the_second(seen):
        if seen.number == 2:
            store.withdraw(ONE_YEAR.id, [store.rows(ONE_YEAR.id)[0][":id"]], at=AT)

    portal.before_answer = withdraw_before_the_second
    first = get(portal, select=":id", order=":id", limit=1000)
    second = get(portal, select=":id", order=":id", limit=1000, offset=1000)
    ids = [row[":id"] for row in first.json() + second.json()]
    assert len(set(ids)) == 1200  # one row slipped between the pages
    assert first.headers["Last-Modified"] != second.headers["Last-Modified"]


def test_requests_are_recorded(portal):
    get(portal, headers={"X-App-Token": "good"}, where="beat = 511", limit=1)
    get(portal, where="nope = 1")
    first, second = portal.requests
    assert (first.number, first.method, first.path) == (1, "GET", f"/resource/{ONE_YEAR.id}.json")
    assert first.params == {"$where": "beat = 511", "$limit": "1"}
    assert first.headers["X-App-Token"] == "good"
    assert "$where=beat = 511" in first.target
    assert (first.status, second.status) == (200, 400)
    portal.forget_requests()
    assert portal.requests == []


def test_a_connection_is_kept_and_many_are_served_at_once(portal):
    with requests.Session() as session:
        for _ in range(20):
            assert session.get(f"{portal.url}/resource/{ONE_YEAR.id}.json?$limit=1", timeout=10).ok
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: get(portal, order=":id", limit=2000).content, range(40)))
    assert len(set(answers)) == 1


def test_head_has_the_headers_and_no_body(portal):
    answer = requests.head(f"{portal.url}/resource/{ONE_YEAR.id}.json", timeout=10)
    assert answer.ok
    assert answer.content == b""
    assert "X-SODA2-Fields" in answer.headers


def test_bodies_are_compressed_only_where_the_portal_is_told_to(store, portal):
    assert "Content-Encoding" not in get(portal).headers
    with PortalServer(store, compress=True) as packing:
        packed = requests.get(f"{packing.url}/resource/{ONE_YEAR.id}.json", stream=True, timeout=10)
        assert packed.headers["Content-Encoding"] == "gzip"
        assert len(json.loads(gzip.decompress(packed.raw.read(decode_content=False)))) == 1000


def test_a_stopped_portal_answers_nobody(store):
    with PortalServer(store) as portal, requests.Session() as session:
        address = f"{portal.url}/resource/{ONE_YEAR.id}.json"
        assert session.get(address, timeout=10).ok
        portal.stop()
        with pytest.raises(requests.ConnectionError):
            session.get(address, timeout=10)


def test_the_lists_and_the_history_have_their_own_shapes(store):
    for source in PUBLISHED_LISTS:
        store.create(source.shape, rows_of_list(source), at=AT)
    store.create(HISTORY, [{"id": "1", "arrest": True, "beat": "0733", "year": "2001"}], at=AT)
    with PortalServer(store) as portal:

        def rows_of(dataset: str) -> list[dict[str, object]]:
            return list(requests.get(f"{portal.url}/resource/{dataset}.json", timeout=10).json())

        assert {"id": "1", "arrest": True, "beat": "0733", "year": "2001"} in rows_of(HISTORY.id)
        stations = {row["district"]: row for row in rows_of(STATIONS.id)}
        assert len(stations) == 23
        assert str(stations["12"]["address"]).endswith("\n")
        assert "Headquarters" in stations
        assert len(rows_of(WARD_OFFICES.id)) == 50
        assert {"ward", "alderman", "zipcode", "location"} <= set(rows_of(WARD_OFFICES.id)[0])
        assert {"I", "N"} <= {row.get("index_code") for row in rows_of(IUCR.id)}
