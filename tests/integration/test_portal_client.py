"""The client of the portal over real HTTP: what it asks, what it takes for an answer, and how long it tries."""

import email.utils
import json
import logging
import re
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import pytest
from pydantic import SecretStr

from demo.portal_faults import Fault
from demo.shapes import ONE_YEAR
from tasks.datasets import DATASETS, SourceState
from tasks.errors import SourceError
from tasks.source import portal as client
from tasks.source.portal import PageFailedError, Portal, PortalOptions, RefusedError
from tasks.source.whole_read import MAX_READS, ReadAgainError, SteadySource, read_ids_still_held, read_rows
from tests.integration.conftest import FIRST_LOAD, crime

pytestmark = pytest.mark.filterwarnings("error::DeprecationWarning")

CRIMES = ONE_YEAR.id
PROFILE = DATASETS[CRIMES]
TOKEN = "tok3n-that-nobody-may-see"
PAGES = r"\$order=:id"


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch):
    monkeypatch.setattr(client, "FIRST_WAIT_SECONDS", 0.01)
    monkeypatch.setattr(client, "JITTER_SECONDS", 0.01)


@pytest.fixture
def connect(request):
    """Give a function that opens a client, on the stand-in portal where no other address is given."""
    opened = []

    def connect(url=None, *, token=TOKEN, page_rows=50, timeout=2.0, patience=2.0, windows_in_flight=4):
        options = PortalOptions(
            url=url or request.getfixturevalue("portal").url,
            app_token=SecretStr(token) if token else None,
            page_rows=page_rows,
            timeout_seconds=timeout,
            patience_seconds=patience,
            windows_in_flight=windows_in_flight,
        )
        opened.append(Portal(options, PROFILE))
        return opened[-1]

    yield connect
    for one in opened:
        one.__exit__(None, None, None)


@pytest.fixture
def waits(monkeypatch):
    """Give the waits between two tries, which are not waited for."""
    made = []
    monkeypatch.setattr("tenacity.nap.time", SimpleNamespace(sleep=made.append))
    return made


@contextmanager
def answering(answer):
    """Serve what a function of a request (its parameters) gives: status, headers, body. Gives address and requests."""
    requests = []

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def do_GET(self):
            parameters = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
            requests.append(
                SimpleNamespace(target=self.path, headers=dict(self.headers), parameters=parameters)
            )
            status, headers, body = answer(parameters)
            body = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", **headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield SimpleNamespace(url=f"http://127.0.0.1:{server.server_port}", requests=requests)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def rows_of(number):
    return [crime(f"JH{each:06}", f"2024-01-{each % 28 + 1:02}T10:00:00.000") for each in range(number)]


def fill(store, number):
    return store.insert(CRIMES, rows_of(number), at=FIRST_LOAD + timedelta(days=1))


def read(opened, where=None):
    """Return the rows of a filter, whole."""
    return read_rows(opened, where, ":*,*").rows


# What is asked.


def test_every_request_has_a_limit_and_pages_have_an_order(connect, store, portal):
    """B01, B02: the server's own limit is 1,000, and it has no order."""
    fill(store, 7)
    opened = connect(page_rows=3)
    opened.fetch_state()
    read(opened, "arrest = 'N'")
    read_ids_still_held(opened, ["row-a", "row-b"])
    asked = Counter((seen.params["$limit"], seen.params.get("$order")) for seen in portal.requests)
    # The state and the count of each read; three pages of seven rows, and one of those asked for by id.
    assert asked == {("1", None): 3, ("3", ":id"): 4}
    assert all("$offset" not in seen.params for seen in portal.requests)


def test_no_more_requests_are_at_the_portal_at_a_time_than_it_is_told(connect, store, portal):
    fill(store, 40)
    opened = connect(page_rows=2, windows_in_flight=2)
    opened.allow_windows(1)
    lock, now, most = threading.Lock(), [0], [0]
    answer = portal.answer

    def counted(seen):
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        time.sleep(0.01)
        try:
            return answer(seen)
        finally:
            with lock:
                now[0] -= 1

    portal.answer = counted
    with ThreadPoolExecutor(6) as pool:
        assert [len(rows) for rows in pool.map(lambda _: read(opened), range(6))] == [40] * 6
    assert most == [2]
    opened.allow_windows(2)
    with ThreadPoolExecutor(6) as pool:
        assert [len(rows) for rows in pool.map(lambda _: read(opened), range(6))] == [40] * 6
    assert most == [4], "a run that is asked for more windows lets more requests through"


def test_every_request_has_a_timeout_and_takes_no_redirect(connect, monkeypatch):
    opened, sent = connect(timeout=1.5), []
    request = opened._client.session.request
    monkeypatch.setattr(
        opened._client.session,
        "request",
        lambda *a, **options: sent.append(options) or request(*a, **options),
    )
    opened.fetch_state()
    read(opened)
    assert {options["timeout"] for options in sent} == {(client.CONNECT_TIMEOUT_SECONDS, 1.5)}
    assert {options["allow_redirects"] for options in sent} == {False}


def test_the_token_travels_in_its_header_and_nowhere_else(connect, portal, caplog):
    caplog.set_level(logging.DEBUG)
    connect().fetch_state()
    (seen,) = portal.requests
    assert seen.headers.pop("X-App-Token") == TOKEN
    assert TOKEN not in f"{seen.target}{seen.headers}{caplog.text}"


def test_without_a_token_none_is_sent(connect, portal):
    connect(token=None).fetch_state()
    (seen,) = portal.requests
    assert "X-App-Token" not in seen.headers


def test_no_password_of_this_machine_is_sent(connect, portal, monkeypatch, tmp_path):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    connect().fetch_state()
    assert "Authorization" not in portal.requests[0].headers


@pytest.mark.parametrize(
    ("status", "location", "said"),
    [
        (301, "https://data.chicago.gov/resource/x.json", r"set PORTAL_URL=https://data\.chicago\.gov$"),
        (
            302,
            "/resource/aaaa-bbbb.json",
            r"sends us to http://127.*/aaaa-bbbb\.json: .* mend it in tasks/datasets",
        ),
        (308, "", "sends us to nowhere: .* look at the dataset's page there"),
        (
            404,
            "",
            r"Look at http://127\.0\.0\.1:\d+/d/x2n5-8w5q: .* set PORTAL_URL; .* mend it in tasks/datasets",
        ),
        (410, "", r"Look at http://127\.0\.0\.1:\d+/d/x2n5-8w5q: "),
    ],
)
def test_of_a_portal_that_moved_it_is_said_what_to_do(connect, status, location, said):
    """The address changed, the host, or the dataset's id; Socrata's own words for it are quoted."""
    words = b'{"code": "dataset.missing", "error": true, "message": "Not found"}'
    headers = {"Content-Type": "application/json"} | ({"Location": location} if location else {})
    with answering(lambda _: (status, headers, words)) as moved, pytest.raises(RefusedError) as caught:
        connect(moved.url).fetch_count(None)
    assert f"HTTP {status}" in str(caught.value)
    assert ": Not found (" in str(caught.value)
    assert re.search(said, str(caught.value))


def test_a_redirect_is_refused_and_the_token_goes_nowhere(connect):
    with answering(lambda _: (200, {}, [])) as elsewhere:
        moved = {"Location": f"{elsewhere.url}/resource/{CRIMES}.json"}
        with answering(lambda _: (302, moved, b"")) as moving, pytest.raises(RefusedError, match="HTTP 302"):
            connect(moving.url).fetch_count(None)
        assert elsewhere.requests == []
        assert len(moving.requests) == 1


def test_ids_are_asked_for_in_chunks_of_a_short_address(connect, store, portal):
    """Servers refuse addresses longer than 8 KiB; the stand-in does too."""
    held = fill(store, 300)
    gone = [f"row-~~~~.____-{number:04}" for number in range(10)]
    ids = sorted([*held[:290], *gone])
    assert read_ids_still_held(connect(page_rows=1000), ids) == set(held[:290])
    assert len(portal.requests) == 4  # a count and a page for each chunk
    assert max(len(seen.target) for seen in portal.requests) < 8192


def test_no_ids_are_no_request(connect, portal):
    assert read_ids_still_held(connect(), []) == set()
    assert portal.requests == []


# What comes.


@pytest.mark.parametrize("limit", [1, 5])
def test_every_row_comes_once_whether_the_last_page_is_full_short_or_empty(connect, store, limit):
    opened, held = connect(page_rows=limit), 0
    for number in sorted({0, 1, limit, limit + 1, 2 * limit, 2 * limit + 1}):
        fill(store, number - held)
        held = number
        rows = read(opened)
        assert len(rows) == number
        assert rows == store.rows(CRIMES)


def test_a_thousand_and_one_rows_come(connect, store):
    """B02: one more than the server gives where no limit is asked."""
    fill(store, 1001)
    opened = connect(page_rows=50_000)
    assert read(opened) == store.rows(CRIMES)
    assert [len(page.rows) for page in opened.fetch_pages(None, ":id")] == [1001]


def test_rows_that_share_one_stamp_are_paged_whole(connect, store):
    """B09"""
    store.insert(CRIMES, rows_of(60), at=FIRST_LOAD, updated_at="2024-01-14T11:02:21.000Z")
    assert len(read(connect(page_rows=7), ":updated_at >= '2024-01-14T11:02:21.000Z'")) == 60


def test_the_state_of_a_source(connect, store):
    store.insert(
        CRIMES,
        [crime("JH1", "2024-01-02T10:00:00.000"), crime("JH2", "2024-01-09T23:30:00.000")],
        at=FIRST_LOAD,
    )
    assert connect().fetch_state() == SourceState(
        last_modified=email.utils.formatdate(store.state(CRIMES).rows_updated_at, usegmt=True),
        row_count=2,
        newest_update=FIRST_LOAD,
        oldest_occurrence=datetime(2024, 1, 2, 10),
        newest_occurrence=datetime(2024, 1, 9, 23, 30),
    )


def test_the_state_of_an_empty_source_has_no_times(connect):
    state = connect().fetch_state()
    assert (state.row_count, state.newest_update, state.oldest_occurrence) == (0, None, None)


def test_headers_say_which_fields_there_are_even_of_no_rows(connect):
    (answer,) = connect().fetch_pages(None, ":*,*")
    assert answer.rows == []
    assert {field.name: field.type for field in PROFILE.fields}.items() <= answer.fields.items()


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-SODA2-Fields": "no json"},
        {"X-SODA2-Fields": '{"a": 1}', "X-SODA2-Types": "[]"},
        {"X-SODA2-Types": '["text"]'},
    ],
)
def test_headers_that_say_nothing_of_fields_are_no_fault(connect, headers):
    with answering(lambda _: (200, headers, [])) as scripted:
        (answer,) = connect(scripted.url).fetch_pages(None, "*")
    assert answer.fields == {}


def test_half_a_character_is_one_bad_row_and_not_a_bad_page(connect):
    body = b'[{":id":"row-1","block":"A\\ud800B"},{":id":"row-2"}]'
    with answering(lambda _: (200, {}, body)) as scripted:
        (answer,) = connect(scripted.url).fetch_pages(None, "*")
    assert [row[":id"] for row in answer.rows] == ["row-1", "row-2"]


def test_a_list_comes_whole_or_fails(connect, store, portal):
    fill(store, 4)
    assert len(connect(page_rows=5).fetch_list(CRIMES, "case_").rows) == 4
    with pytest.raises(SourceError, match="4 rows or more"):
        connect(page_rows=4).fetch_list(CRIMES, "case_")
    portal.answers.page_cap = 3
    with pytest.raises(SourceError, match="came with 3 rows where the source counts 4"):
        connect(page_rows=5).fetch_list(CRIMES, "case_")


@pytest.mark.parametrize("stamp", ["2099-01-01T00:00:00.000Z", "20205-01-01T00:00:00.000Z"])
def test_a_stamp_after_the_latest_that_counts_is_counted_and_left_out(connect, store, stamp):
    fill(store, 4)
    store.insert(CRIMES, [crime("JH900000")], at=FIRST_LOAD + timedelta(days=2), updated_at=stamp)
    state = connect().fetch_state(datetime(2024, 2, 1, tzinfo=UTC))
    assert (state.stamps_ahead, state.newest_update) == (1, FIRST_LOAD + timedelta(days=1))
    assert connect().fetch_state().newest_update > datetime(2098, 1, 1, tzinfo=UTC)


# What goes wrong, and passes.

PASSING = [
    *(Fault("status", status=500, body=body) for body in ("object", "list", "none", "html")),
    Fault("status", status=500, body="list", no_reason_phrase=True),
    Fault("status", status=408),
    Fault("status", status=429),
    Fault("status", status=502, body="html"),
    Fault("status", status=503, retry_after="0"),
    Fault("accepted_202"),
    Fault("html_200"),
    Fault("json_object_200"),
    Fault("no_content_type"),
    Fault("cut_body"),
    Fault("cut_body_declared"),
    Fault("reset"),
    Fault("slow", seconds=0.4),
]


def named(fault):
    return f"{fault.kind}-{fault.status}-{fault.body}" if fault.kind == "status" else fault.kind


@pytest.mark.parametrize("fault", PASSING, ids=named)
def test_a_fault_that_passes_costs_one_request_more(connect, store, portal, fault):
    """B02, B03, B04: the same page is asked for again, and nothing of the failed one is kept."""
    fill(store, 5)
    portal.faults.add(Fault(**{**vars(fault), "match": PAGES, "skip": 1}))
    assert read(connect(page_rows=3, timeout=0.2)) == store.rows(CRIMES)
    assert len(portal.requests) == 1 + 2 + 1
    # The count is asked beside the pages, before or after any of them.
    first, again = [seen for seen in portal.requests if "count" not in seen.params["$select"]][-2:]
    assert first.params == again.params
    assert ":id > " in again.params["$where"]


@pytest.mark.parametrize("fault", PASSING, ids=named)
def test_a_fault_that_stays_is_an_error_that_names_status_and_request(connect, store, portal, fault):
    fill(store, 5)
    portal.faults.add(Fault(**{**vars(fault), "match": PAGES, "times": None}))
    began = time.monotonic()
    with pytest.raises(PageFailedError) as caught:
        read(connect(timeout=0.1, patience=0.2))
    assert time.monotonic() - began < 1
    assert len(portal.faults.met) >= 2
    message = str(caught.value)
    assert f"/resource/{CRIMES}.json?%24select=" in message
    if fault.kind in ("status", "accepted_202"):
        assert f"HTTP {202 if fault.kind == 'accepted_202' else fault.status}" in message
    elif fault.kind in ("cut_body", "reset", "slow"):
        assert "the portal did not answer: " in message
    else:
        assert "HTTP 200 with" in message
    assert TOKEN not in message


def test_no_patience_is_one_request(connect, portal):
    portal.faults.add(Fault("status", status=503, times=None))
    with pytest.raises(PageFailedError):
        connect(patience=0).fetch_count(None)
    assert len(portal.requests) == 1


def test_waits_grow_and_end_with_the_patience(connect, portal):
    portal.faults.add(Fault("status", status=503, times=None))
    began = time.monotonic()
    with pytest.raises(PageFailedError):
        connect(patience=0.5).fetch_count(None)
    assert 0.5 <= time.monotonic() - began < 1
    assert 4 <= len(portal.requests) <= 8


def test_a_portal_that_is_not_there_is_tried_again_and_named(connect, portal):
    portal.stop()
    with pytest.raises(PageFailedError, match="did not answer: ConnectionError") as caught:
        connect(patience=0.1).fetch_count(None)
    assert portal.url in str(caught.value)
    assert TOKEN not in str(caught.value)


# Retry-After.


@pytest.mark.parametrize("status", [429, 503, 202])
def test_the_portal_is_asked_again_after_the_seconds_that_it_asks_for(connect, store, waits, status):
    """B03"""
    answers = iter([(status, {"Retry-After": "2"}, {}), (status, {}, {}), (200, {}, [{"row_count": "3"}])])
    with answering(lambda _: next(answers)) as scripted:
        assert connect(scripted.url, patience=5).fetch_count(None) == 3
    assert waits[0] == 2
    assert 0 < waits[1] < 0.1


def once(retry_after):
    """Answer once that it is too much, then rightly."""
    answers = iter([(429, {"Retry-After": retry_after}, {}), (200, {}, [{"row_count": "3"}])])
    return lambda _: next(answers)


def test_a_date_to_come_back_at_is_waited_for(connect, waits):
    later = email.utils.format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    with answering(once(later)) as scripted:
        assert connect(scripted.url, patience=60).fetch_count(None) == 3
    assert 25 < waits[0] <= 30


@pytest.mark.parametrize(
    "value", ["0", "soon", "-5", "1.5", "Wed, 21 Oct 2015 07:28:00 GMT", "Wed, 99 Foo 2026", "9" * 5000]
)
def test_a_retry_after_that_says_nothing_leaves_our_own_wait(connect, waits, value):
    """A wait of 0 would be a storm of requests."""
    with answering(once(value)) as scripted:
        assert connect(scripted.url).fetch_count(None) == 3
    assert 0 < waits[0] < 0.1


@pytest.mark.parametrize("value", ["3", "86400", "9" * 400, "Wed, 21 Oct 2099 07:28:00 GMT"])
def test_a_longer_wait_than_the_patience_fails_at_once_and_says_so(connect, waits, value):
    with answering(once(value)) as scripted, pytest.raises(SourceError) as caught:
        connect(scripted.url, patience=2).fetch_count(None)
    assert "HTTP 429" in str(caught.value)
    assert "PORTAL_PATIENCE_SECONDS" in str(caught.value)
    assert waits == []
    assert len(scripted.requests) == 1


# What goes wrong, and stays.


@pytest.mark.parametrize("status", [400, 401, 403, 404, 414])
def test_a_refusal_is_not_asked_again_and_carries_the_portals_words(connect, portal, status):
    """B03"""
    portal.faults.add(Fault("status", status=status, times=None))
    with pytest.raises(RefusedError) as caught:
        connect().fetch_count("ward = 1")
    assert str(caught.value).startswith(f"HTTP {status} ")
    assert f"A scripted {status}" in str(caught.value)
    assert "ward+%3D+1" in str(caught.value)
    assert len(portal.requests) == 1


def test_a_wrong_token_is_refused_with_the_portals_words(connect, portal):
    portal.answers.tokens = {"another"}
    with pytest.raises(RefusedError, match="403 Forbidden: Invalid app_token specified"):
        connect().fetch_state()


def test_a_query_that_the_portal_does_not_understand_is_refused(connect):
    with pytest.raises(RefusedError, match="HTTP 400"):
        connect().fetch_count("nope = 1")


def test_a_token_that_the_portal_repeats_is_not_repeated_by_us(connect):
    said = {"message": f"Invalid app_token {TOKEN}"}
    with answering(lambda _: (403, {}, said)) as scripted, pytest.raises(RefusedError) as caught:
        connect(scripted.url).fetch_state()
    assert "Invalid app_token ***" in str(caught.value)
    assert TOKEN not in str(caught.value)


def test_a_long_answer_is_shown_shortened_on_one_line(connect):
    page = b"<html>\n" + b"<p>down</p>\n" * 10_000
    html = {"Content-Type": "text/html"}
    with answering(lambda _: (404, html, page)) as scripted, pytest.raises(RefusedError) as caught:
        connect(scripted.url).fetch_state()
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 700


@pytest.mark.parametrize(
    "body", [b"", b"null", b"[1, 2]", b'"text"', b"[" * 100_000, b"[{]", b"\xff\xfe", b"[{},null]"]
)
def test_a_body_that_is_no_list_of_rows_is_a_failed_page(connect, body):
    with (
        answering(lambda _: (200, {}, body)) as scripted,
        pytest.raises(PageFailedError, match="HTTP 200 with"),
    ):
        connect(scripted.url, patience=0).fetch_state()


@pytest.mark.parametrize("rows", [[], [{}, {}], [{}], [{"row_count": "many"}], [{"row_count": None}]])
def test_a_count_that_is_none_is_an_error_of_the_source(connect, rows):
    with answering(lambda _: (200, {}, rows)) as scripted, pytest.raises(SourceError):
        connect(scripted.url, patience=0).fetch_count(None)


@pytest.mark.parametrize("stamp", ["2024-01-14T11:02:21.000", "yesterday", 5])
def test_a_stamp_that_is_no_instant_is_an_error_of_the_source(connect, stamp):
    row = {"row_count": "1", "newest_update": stamp}
    with answering(lambda _: (200, {}, [row])) as scripted, pytest.raises(SourceError, match="source"):
        connect(scripted.url, patience=0).fetch_state()


@pytest.mark.parametrize("row", [{}, {":id": None}, {":id": 5}])
def test_a_row_without_an_id_is_an_error_of_the_source(connect, row):
    rows = [{":id": "row-1"}, row]
    with answering(lambda _: (200, {}, rows)) as scripted, pytest.raises(SourceError, match="without :id"):
        list(connect(scripted.url).fetch_pages(None, "*"))


@pytest.mark.parametrize(
    "pages", [[["a", "b"]], [["a", "b"], ["b", "a"]], [["a", "b"], ["c", "d"], ["a", "b"]]]
)
def test_pages_that_do_not_move_on_end_in_an_error(connect, pages):
    """A server that does not heed the filter or the order must not be asked for ever."""
    turns = iter(pages * 100)
    endless = answering(lambda _: (200, {}, [{":id": row_id} for row_id in next(turns)]))
    with endless as scripted, pytest.raises(SourceError, match="do not move on"):
        list(connect(scripted.url, page_rows=2).fetch_pages(None, ":id"))
    assert len(scripted.requests) <= 4


def test_ids_that_were_not_asked_for_are_an_error(connect):
    """A filter that was not heeded would make all others look gone, and retire them."""
    unheeding = answering(scripted_source([{":id": "row-x"}], 1))
    with unheeding as scripted, pytest.raises(SourceError, match="not asked for"):
        read_ids_still_held(connect(scripted.url), ["row-1", "row-2"])


def test_fewer_ids_than_the_source_counts_are_no_answer(connect):
    """A short answer would retire what is there."""
    with answering(scripted_source([{":id": "row-1"}], 2)) as scripted, pytest.raises(ReadAgainError):
        read_ids_still_held(connect(scripted.url), ["row-1", "row-2"])


# Whole reads.


def scripted_source(rows, count):
    """Answer any request for totals with a count, and any for rows with the rows."""

    def answer(parameters):
        if "count(*)" in parameters["$select"]:
            return 200, {"Last-Modified": "Sun, 14 Jan 2024 11:02:21 GMT"}, [{"row_count": str(count)}]
        return 200, {}, rows

    return answer


@pytest.mark.parametrize("ids", [["a", "b"], ["a", "b", "b"], ["a", "b", "c", "d"], []])
def test_as_many_distinct_ids_as_the_source_counts_or_it_is_no_read(connect, ids):
    """B01: a body cut between two rows is good JSON; copies make up for what is missing."""
    rows = [{":id": row_id} for row_id in ids]
    with answering(scripted_source(rows, 3)) as scripted:
        opened = connect(scripted.url)
        with pytest.raises(ReadAgainError, match="where the source counts 3"):
            read(opened)
        steady = SteadySource(opened)
        with pytest.raises(SourceError) as caught:
            steady.read("window 2024-01-01..2024-01-08", lambda: read(opened))
    message = str(caught.value)
    assert message.startswith("window 2024-01-01..2024-01-08: ")
    assert f"read {MAX_READS} times and never whole" in message
    assert "Nothing of it was stored" in message


@contextmanager
def moving(portal, store, times):
    """Move the source as often as this, each time while a page is asked for."""
    moved = []
    one_at_a_time = threading.Lock()  # the portal answers each request in a thread of its own

    def move(seen):
        with one_at_a_time:
            if len(moved) < times and seen.params.get("$order") == ":id":
                at = FIRST_LOAD + timedelta(days=2 + len(moved))
                moved.append(store.insert(CRIMES, [crime("JH999999")], at=at))

    portal.before_answer = move
    yield moved


@pytest.mark.parametrize("times", [1, 3])
def test_a_source_that_moves_while_it_is_read_is_read_again(connect, store, portal, times):
    fill(store, 6)
    opened = connect(page_rows=4)
    steady = SteadySource(opened)
    with moving(portal, store, times) as moved:
        rows, state = steady.read("all", lambda: read(opened))
    assert len(moved) == times
    assert rows == store.rows(CRIMES)
    assert state == opened.fetch_state() == steady.last_seen()


def test_a_change_that_leaves_the_count_alone_is_seen(connect, store, portal):
    """One row withdrawn and one inserted after the read: the count under the filter is what it was."""
    ids = fill(store, 6)
    opened, reads = connect(), []

    def read_then_move():
        reads.append(read(opened))
        if len(reads) == 1:
            store.recreate(CRIMES, ids[:1], {"arrest": "Y"}, at=FIRST_LOAD + timedelta(days=2))
        return reads[-1]

    rows, _ = SteadySource(opened).read("all", read_then_move)
    assert len(reads) == 2
    assert rows == store.rows(CRIMES)


def test_a_source_that_always_moves_fails_after_a_bounded_number_of_reads(connect, store, portal):
    fill(store, 6)
    opened, reads = connect(), []

    def counted():
        reads.append(1)
        return read(opened)

    with moving(portal, store, 1000), pytest.raises(SourceError, match="never whole") as caught:
        SteadySource(opened).read("all", counted)
    assert len(reads) == MAX_READS
    assert "run again in some minutes" in str(caught.value)


def test_a_fault_of_the_portal_is_no_reason_to_read_again(connect, portal):
    portal.faults.add(Fault("status", status=403, match=PAGES, times=None))
    opened = connect()
    with pytest.raises(RefusedError):
        SteadySource(opened).read("all", lambda: read(opened))
    assert len(portal.faults.met) == 1


def test_a_read_starts_from_the_state_that_was_seen_last(connect, store, portal):
    """N windows of a source that stands still cost N + 1 requests for its state."""
    fill(store, 6)
    opened = connect()
    steady = SteadySource(opened)
    for _ in range(3):
        steady.read("all", lambda: read(opened))
    states = [seen for seen in portal.requests if "max(:updated_at)" in seen.params["$select"]]
    assert len(states) == 1 + 3


def test_several_threads_read_one_source(connect, store, portal):
    fill(store, 40)
    opened = connect(page_rows=7)
    steady = SteadySource(opened)
    with moving(portal, store, 2), ThreadPoolExecutor(4) as pool:
        reads = list(pool.map(lambda _: steady.read("all", lambda: read(opened)), range(6)))
    last = store.rows(CRIMES)
    assert reads[-1][0] == last
    assert all(len(rows) in (40, 41, 42) for rows, _ in reads)
    assert all(len(rows) == state.row_count for rows, state in reads)
