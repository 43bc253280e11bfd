"""What goes wrong on demand: broken answers, and columns that drift."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import requests

from demo.portal import PortalServer
from demo.portal_faults import Fault
from demo.shapes import ONE_YEAR
from demo.store import Store

AT = datetime(2024, 1, 14, 11, 2, 21, tzinfo=UTC)
ROWS = [{"case_": f"JH{i}", "beat": "511", "ward": str(i), "arrest": "YN"[i % 2]} for i in range(50)]


@pytest.fixture
def portal() -> Iterator[PortalServer]:
    with Store.temporary() as store:
        store.create(ONE_YEAR, ROWS, at=AT)
        with PortalServer(store) as running:
            yield running


def get(portal: PortalServer, headers: dict[str, str] | None = None, **clauses: object) -> requests.Response:
    params = {f"${name}": str(value) for name, value in clauses.items()}
    return requests.get(
        f"{portal.url}/resource/{ONE_YEAR.id}.json", params=params, headers=headers, timeout=10
    )


def fields_of(answer: requests.Response) -> dict[str, str]:
    names, types = (json.loads(answer.headers[f"X-SODA2-{part}"]) for part in ("Fields", "Types"))
    return dict(zip(names, types, strict=True))


def test_a_fault_meets_the_requests_it_matches_as_often_as_it_says(portal):
    portal.faults.add(Fault("status", match=r"offset=10\b", status=503, skip=1, times=2))
    met = [get(portal, offset=offset).status_code for offset in (10, 0, 10, 100, 10, 10)]
    assert met == [200, 200, 503, 200, 503, 200]
    assert len(portal.faults.met) == 2
    portal.faults.add(Fault("status", times=None))
    assert {get(portal).status_code for _ in range(3)} == {500}
    portal.faults.clear()
    assert get(portal).status_code == 200


def test_error_bodies_come_in_every_kind(portal):
    portal.faults.add(
        Fault("status", status=429, retry_after="2"),
        Fault("status", status=503, body="list", retry_after="Wed, 21 Oct 2026 07:28:00 GMT"),
        Fault("status", status=500, body="none", no_reason_phrase=True),
        Fault("status", status=502, body="html"),
        Fault("status", status=403),
    )
    throttled, listed, bare, page, refused = (get(portal) for _ in range(5))
    assert (throttled.json()["error"], throttled.headers["Retry-After"]) == (True, "2")
    assert isinstance(listed.json(), list)
    assert listed.headers["Retry-After"].endswith("GMT")
    assert (bare.status_code, bare.reason, bare.content) == (500, "", b"")
    assert page.headers["Content-Type"].startswith("text/html")
    assert refused.json()["code"] == "permission_denied"


def test_a_client_without_a_token_can_be_throttled_alone(portal):
    portal.faults.add(Fault("status", status=429, only_without_token=True, times=None))
    assert get(portal).status_code == 429
    assert get(portal, headers={"X-App-Token": "any"}).status_code == 200


def test_try_later_and_two_hundreds_that_are_no_rows(portal):
    portal.faults.add(
        Fault("accepted_202"), Fault("html_200"), Fault("json_object_200"), Fault("no_content_type")
    )
    later, page, thing, untyped = (get(portal) for _ in range(4))
    assert later.status_code == 202
    assert (page.status_code, page.text[:9]) == (200, "<!DOCTYPE")
    assert isinstance(thing.json(), dict)
    assert "Content-Type" not in untyped.headers
    assert len(untyped.json()) == 50


@pytest.mark.parametrize("kind", ["cut_body", "reset"])
def test_a_body_can_end_or_break_half_way(portal, kind):
    portal.faults.add(Fault(kind))
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        get(portal)
    assert len(get(portal).json()) == 50


def test_a_cut_body_can_match_its_declared_length(portal):
    portal.faults.add(Fault("cut_body_declared"))
    answer = get(portal)
    assert int(answer.headers["Content-Length"]) == len(answer.content)
    with pytest.raises(requests.exceptions.JSONDecodeError):
        answer.json()


def test_good_json_can_be_other_rows_than_were_asked_for(portal):
    ids = [row[":id"] for row in get(portal, select=":id", order=":id").json()]
    asked = {"select": ":id", "order": ":id", "limit": 10, "where": f":id > '{ids[9]}'"}

    def answered(kind, **told):
        portal.faults.add(Fault(kind, **told))
        return [row[":id"] for row in get(portal, **asked).json()]

    right = answered("no_fields")
    assert right == ids[10:20]
    assert answered("empty_200") == []
    assert answered("rows_lost") == right[::2]
    assert answered("rows_repeated") == [row_id for row_id in right[:5] for _ in range(2)]
    assert answered("filter_unheeded") == ids[:10]
    assert answered("limit_lowered") == right[:1]
    assert answered("limit_lowered", rows=3) == right[:3]
    assert answered("limit_lowered", rows=30) == right
    shuffled = answered("order_unheeded")
    assert shuffled != right
    assert len(set(shuffled)) == 10
    assert set(shuffled) <= set(ids[10:])


def test_an_answer_can_fail_to_come_and_headers_to_say_which_fields_there_are(portal):
    portal.faults.add(Fault("no_answer"), Fault("no_fields"))
    with pytest.raises(requests.ConnectionError):
        get(portal)
    answer = get(portal)
    assert answer.status_code == 200
    assert not [name for name in answer.headers if name.startswith(("X-SODA2-Fields", "X-SODA2-Types"))]
    assert "X-SODA2-Fields" in get(portal).headers


def test_one_answer_or_all_can_be_slow(portal):
    portal.faults.add(Fault("slow", seconds=0.2))
    start = time.monotonic()
    assert get(portal).ok
    assert time.monotonic() - start >= 0.2
    portal.latency_seconds = 0.1
    start = time.monotonic()
    assert get(portal).ok
    assert time.monotonic() - start >= 0.1


def test_a_renamed_column_is_renamed_everywhere(portal):
    portal.drift.rename(ONE_YEAR.id, "_primary_decsription", "primary_description")
    portal.drift.rename(ONE_YEAR.id, "beat", "beat_number")
    answer = get(portal, where="beat_number = 511")
    assert {"primary_description", "beat_number"} <= fields_of(answer).keys()
    assert not {"_primary_decsription", "beat"} & fields_of(answer).keys()
    assert answer.json()[0]["beat_number"] == "511"
    assert get(portal, where="beat = 511").json()["code"] == "query.soql.no-such-column"
    view = requests.get(f"{portal.url}/api/views/{ONE_YEAR.id}.json", timeout=10).json()
    assert "beat_number" in {column["fieldName"] for column in view["columns"]}


def test_columns_can_go_come_and_change_type(portal):
    etag = get(portal).headers["ETag"]
    portal.drift.remove(ONE_YEAR.id, "case_")
    portal.drift.add(ONE_YEAR.id, "zone", value="it's new")
    portal.drift.retype(ONE_YEAR.id, "beat", "text")
    portal.drift.retype(ONE_YEAR.id, "arrest", "checkbox")
    answer = get(portal, where="beat = '511' and arrest", select="*", order=":id")
    assert "case_" not in fields_of(answer)
    assert (fields_of(answer)["beat"], fields_of(answer)["arrest"]) == ("text", "checkbox")
    assert len(answer.json()) == 25
    assert {(row["arrest"], row["zone"], row["beat"]) for row in answer.json()} == {(True, "it's new", "511")}
    assert get(portal).headers["ETag"] != etag
    portal.drift.clear()
    assert "case_" in get(portal).json()[0]


def test_drift_of_a_column_that_is_not_there_is_a_mistake_of_the_test(portal):
    portal.drift.remove(ONE_YEAR.id, "nope")
    assert get(portal).status_code == 500
