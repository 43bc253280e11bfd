"""A source that misbehaves, in whole runs: what passes is healed, what stays fails its window and nothing else.

Each fault of the portal that was seen in the wild comes in three doses: once, often (at every kind of request), always
(for one window). What one request does about it is told in test_portal_client.py.
"""

import re

import pytest

from demo.lists import PUBLISHED_LISTS, rows_of_list
from demo.portal_faults import Fault
from demo.shapes import IUCR, ONE_YEAR, STATIONS, WARD_OFFICES
from tasks.source import portal as client
from tests.chaos import oracle
from tests.integration.conftest import crime
from tests.integration.main_here import run_main_here

pytestmark = pytest.mark.usefixtures("views_left")

CRIMES = ONE_YEAR.id
SECOND = "2023-12-18..2023-12-25"
# Requests: of the source's state, of a count, of rows; those that a window sends carry its first day.
STATE, COUNT, ROWS = r"max\(:updated_at\)", r"\$select=count\(\*\) as row_count&", r"\$select=:\*,\*"
OF_FIRST = r"\$select=:\*,\*.*>= '2023-12-11T"
OF_SECOND = r"\$select=:\*,\*.*>= '2023-12-18T"

PASSING = {
    "500 with an object": Fault("status"),
    "500 with a list": Fault("status", body="list"),
    "500 without a reason": Fault("status", body="none", no_reason_phrase=True),
    "503 with a page": Fault("status", status=503, body="html"),
    "429 with seconds": Fault("status", status=429, retry_after="0"),
    "429 with a date": Fault("status", status=429, retry_after="Wed, 21 Oct 2015 07:28:00 GMT"),
    "202": Fault("accepted_202"),
    "a page with 200": Fault("html_200"),
    "an object with 200": Fault("json_object_200"),
    "no content type": Fault("no_content_type"),
    "cut body": Fault("cut_body"),
    "cut body of the declared length": Fault("cut_body_declared"),
    "reset half way": Fault("reset"),
    "no answer": Fault("no_answer"),
    "too slow": Fault("slow", seconds=1),
}
# Good JSON, and not what was asked for: only the count of the same filter tells.
NOT_WHOLE = {
    "no rows": Fault("empty_200"),
    "rows lost": Fault("rows_lost"),
    "rows repeated": Fault("rows_repeated"),
    "filter unheeded": Fault("filter_unheeded"),
}
SAID = {
    "status": "HTTP {status}",
    "accepted_202": "HTTP 202",
    "html_200": "HTTP 200 with text/html",
    "json_object_200": "HTTP 200 without a list of rows",
    "no_content_type": "HTTP 200 with no content type",
    "cut_body": "the portal did not answer: ",
    "cut_body_declared": "HTTP 200 with a broken body",
    "reset": "the portal did not answer: ",
    "no_answer": "the portal did not answer: ",
    "slow": "Read timed out",
}


@pytest.fixture(autouse=True)
def _in_little_time(monkeypatch):
    monkeypatch.setattr(client, "FIRST_WAIT_SECONDS", 0.01)
    monkeypatch.setattr(client, "JITTER_SECONDS", 0.01)
    monkeypatch.setenv("PORTAL_PAGE_ROWS", "3")
    monkeypatch.setenv("MAX_CONCURRENCY", "2")


@pytest.fixture
def three_weeks(world):
    """A source of three weeks, two pages each."""
    rows = [
        crime(f"JH{day:02}{number:04}", f"2023-12-{day:02}T1{number}:00:00.000")
        for day in (11, 18, 25, 29)
        for number in range(4 if day < 25 else 2)
    ]
    world.store.insert(CRIMES, rows, at=world.now())
    return world


def is_equal(world):
    """The tables hold what the source holds, by an oracle that shares no code with the loader; nothing is open."""
    world.assert_holds_source()
    oracle.assert_ledger_is_closed(world.query)


def add(world, fault, *matches, **changed):
    world.portal.faults.add(*(Fault(**{**vars(fault), "match": match, **changed}) for match in matches))


@pytest.mark.parametrize("kind", [*PASSING, *NOT_WHOLE])
def test_a_fault_that_passes_is_healed_and_one_that_stays_fails_its_window_alone(
    three_weeks, kind, monkeypatch
):
    """B01 to B04 and B12: once for one window and always for another, then often for a whole run."""
    world, fault = three_weeks, {**PASSING, **NOT_WHOLE}[kind]
    if fault.kind == "slow":
        monkeypatch.setenv("PORTAL_TIMEOUT_SECONDS", "0.5")
    monkeypatch.setenv("PORTAL_PATIENCE_SECONDS", "0.02")
    add(world, fault, OF_FIRST, times=1)
    add(world, fault, OF_SECOND, times=None)
    ended = run_main_here(world)
    assert ended.code == 1, ended.said
    assert "Traceback" not in ended.said
    (why,) = ended.why
    assert f"window {SECOND}: " in why
    if kind in PASSING:
        assert SAID[fault.kind].format(status=fault.status) in why
        assert f"({world.portal.url}/resource/{CRIMES}.json?%24select=%3A%2A%2C%2A" in why, "the request"
    elif fault.kind == "filter_unheeded":
        assert "pages do not move on after :id " in why
    else:
        assert re.search(r"never whole \(\d+ rows with \d+ ids came where the source counts 4\)", why)
    # Nothing of the window where it stayed, all of the one where it passed.
    in_second = "date_of_occurrence >= '2023-12-18' and date_of_occurrence < '2023-12-25'"
    assert world.query(f"select crime_id from chicago.crimes where {in_second}") == []
    assert world.value("select count(*) from chicago.crimes") == 8
    assert sorted(world.query('select status, "start"::date::text from pipeline.windows')) == [
        ("done", "2023-12-11"),
        ("done", "2023-12-25"),
        ("failed", "2023-12-18"),
    ]
    # Often: three times at each kind of request, as the run goes on.
    monkeypatch.setenv("PORTAL_PATIENCE_SECONDS", "5")
    world.portal.faults.clear()
    world.portal.faults.met.clear()
    often = [STATE, COUNT, ROWS] if kind in PASSING and fault.kind != "slow" else [ROWS]
    add(world, fault, *often, times=3)
    ended = run_main_here(world)
    assert ended.code == 0, ended.said
    assert len(world.portal.faults.met) == 3 * len(often)
    is_equal(world)


@pytest.mark.parametrize("cap", [1, 2])
def test_a_server_that_caps_its_pages_is_read_on_until_its_count_is_reached(three_weeks, cap):
    """Below our page of 3: a short page is not the last one, as long as there are rows to come."""
    world = three_weeks
    world.portal.answers.page_cap = cap
    assert run_main_here(world).code == 0
    is_equal(world)
    world.portal.answers.page_cap = None
    assert run_main_here(world).code == 0
    is_equal(world)


def test_a_page_that_is_cut_short_once_is_gone_on_from(three_weeks):
    world = three_weeks
    add(world, Fault("limit_lowered"), ROWS, times=3)
    assert run_main_here(world).code == 0
    assert len(world.portal.faults.met) == 3
    is_equal(world)


def test_a_source_that_stands_still_is_not_said_to_be_loading(three_weeks):
    world = three_weeks
    add(world, Fault("rows_lost"), OF_SECOND, times=None)
    (why,) = run_main_here(world).why
    assert "It did not move meanwhile, so that waiting does not help" in why
    assert "run again in some minutes" not in why


def test_a_server_that_heeds_no_order_cannot_make_a_read_wrong(three_weeks):
    """B01: shuffled pages lose rows and repeat others; the count of ids tells, and the read is done again."""
    world = three_weeks
    # So many pages in one window that it does not come whole by chance; the others may.
    rows = [crime(f"JJ{number:06}", f"2023-12-12T{number:02}:00:00.000") for number in range(24)]
    world.store.insert(CRIMES, rows, at=world.now())
    add(world, Fault("order_unheeded"), ROWS, times=None)
    assert run_main_here(world).code == 1
    held = {row[0] for row in world.query("select crime_id from chicago.crimes")}
    assert held <= set(world.source_ids()), "a window that came whole by chance is stored, and no other"
    world.portal.faults.clear()
    assert run_main_here(world).code == 0
    is_equal(world)


def test_a_server_that_states_no_fields_is_read_all_the_same(three_weeks):
    add(three_weeks, Fault("no_fields"), "", times=None)
    assert run_main_here(three_weeks).code == 0
    is_equal(three_weeks)


def test_a_refusal_is_final_for_its_window_and_the_next_run_resumes(three_weeks, monkeypatch):
    """B03: refused is refused; each window says its own status, and is asked for once."""
    world = three_weeks
    refusals = {"2023-12-11T": 400, "2023-12-18T": 401, "2023-12-25T": 404}
    for start, status in refusals.items():
        add(world, Fault("status", status=status), rf"{ROWS}.*>= '{start}", times=None)
    ended = run_main_here(world)
    assert ended.code == 1
    said = dict(world.query('select "start"::date::text, error from pipeline.windows'))
    for start, status in refusals.items():
        assert re.match(
            rf"window {start[:10]}\.\.[\d-]+: HTTP {status} .*: A scripted {status} \(http.*resource",
            said[start[:10]],
        )
    assert len(world.portal.faults.met) == 3
    assert world.held_ids() == []
    world.portal.faults.clear()
    # A token that the portal does not know: nothing can be asked, and the run says so at its first request.
    world.portal.answers.tokens = {"another"}
    monkeypatch.setenv("APP_TOKEN", "a-token-of-nobody")
    (why,) = run_main_here(world).why
    assert "HTTP 403 Forbidden: Invalid app_token specified" in why
    monkeypatch.delenv("APP_TOKEN")
    assert run_main_here(world).code == 0
    is_equal(world)


DRIFTS = {
    "renamed": (lambda drift: drift.rename(CRIMES, "_primary_decsription", "primary_description"), [
        "'primary_description' is new", "'_primary_decsription' is gone"
    ]),
    "removed": (lambda drift: drift.remove(CRIMES, "ward"), ["'ward' is gone"]),
    "retyped": (lambda drift: drift.retype(CRIMES, "arrest", "number"), [
        "'arrest' became number, it was text", "of its values do not pass (neither Y nor N)"
    ]),
    "emptied": (lambda drift: (drift.remove(CRIMES, "block"), drift.add(CRIMES, "block", "number", None)), [
        "'block' became number, it was text, and no row of the source has a value"
    ]),
}  # fmt: skip


@pytest.mark.parametrize("kind", DRIFTS)
def test_a_column_that_drifts_is_named_before_a_row_is_stored(three_weeks, kind):
    """B05: by the headers, so also of columns that are empty in what was read; and again once rows are held."""
    world, (change, named) = three_weeks, DRIFTS[kind]
    change(world.portal.drift)
    ended = run_main_here(world)
    assert ended.code == 1
    for words in [f"the columns of {CRIMES} have changed: ", *named, "tasks/datasets.py"]:
        assert all(words in error for (error,) in world.query("select error from pipeline.windows")), words
    assert world.held_ids() == []
    assert world.query("select * from pipeline.watermark") == []


def test_a_new_column_and_a_type_whose_values_pass_load_on_and_are_named(three_weeks, monkeypatch):
    """Values decide: beat was text in 2018. `status` stays 0, so that nobody mutes it, until a value fails."""
    monkeypatch.setenv("FRESHNESS_DAYS", "100000")
    world, drift = three_weeks, three_weeks.portal.drift
    assert run_main_here(world).code == 0
    assert "drift" not in run_main_here(world, "status").said
    drift.retype(CRIMES, "beat", "text")
    drift.add(CRIMES, "zone", value="it's new")
    world.store.insert(CRIMES, [crime("JH990000")], at=world.now())
    ended = run_main_here(world)
    named = ["'beat' became text, it was number", "'zone' is new (text), such as \"it's new\""]
    assert ended.code == 0, ended.said
    is_equal(world)
    for words in named:
        assert len(re.findall(rf"WARNING dataset={CRIMES} drift: {re.escape(words)}", ended.said)) == 1
        assert f"drift      {CRIMES}: {words}, seen since " in ended.said
    # A run that finds nothing to read still names them, as does status, which stays 0.
    for command in ([], ["status"]):
        ended = run_main_here(world, *command)
        assert ended.code == 0, ended.said
        assert all(words in ended.said for words in named)
    seen = world.query(
        "select column_name, stated_type, sample, first_seen_at <= last_seen_at, told_at is null"
        " from pipeline.source_columns where column_name in ('beat', 'zone') order by 1, first_seen_at"
    )
    assert seen == [
        ("beat", "number", [], True, True),
        ("beat", "text", [], True, True),
        ("zone", "text", ["it's new"], True, True),
    ]
    # The next value of the new type that does not pass stops its window, and status is no longer good.
    world.store.insert(CRIMES, [crime("JH990001", beat="LOOP")], at=world.now())
    ended = run_main_here(world)
    assert ended.code == 1
    assert (
        "'beat' became text, it was number, and 1 of its values do not pass (not a whole number)"
        in ended.said
    )
    assert run_main_here(world, "status").code == 1
    assert "JH990001" not in str(world.query("select case_number, raw from pipeline.rejected_rows"))
    # Taken back by the City, it is named no more: what the last run saw counts.
    drift.clear()
    assert run_main_here(world).code == 0
    assert "drift " not in run_main_here(world, "status").said


def test_a_list_loads_on_with_a_new_column_and_stands_where_one_is_gone(three_weeks, monkeypatch):
    """As crimes do, but a list that is not taken fails no run. A column that may be empty would be null ever after."""
    monkeypatch.setenv("PORTAL_PAGE_ROWS", "1000")
    world, drift = three_weeks, three_weeks.portal.drift
    for source in PUBLISHED_LISTS:
        world.store.create(source.shape, rows_of_list(source), at=world.now())
    drift.add(STATIONS.id, "sheriff", value="J. Doe")
    drift.retype(IUCR.id, "active", "checkbox")
    drift.remove(WARD_OFFICES.id, "email")
    world.query("delete from pipeline.reference_loads")
    ended = run_main_here(world)
    assert ended.code == 0, ended.said
    loads = dict(world.query("select list_name, loaded_from from pipeline.reference_loads order by load_id"))
    assert loads["police_stations"] == loads["iucr_codes"] == "portal"
    assert loads["ward_offices"] == "bundled"
    assert world.value("select count(email) from chicago.ward_offices") > 0
    assert (
        "ward_offices: the list stays as it is: the columns of htai-wnw4 have changed: 'email' is gone"
        in (ended.said)
    )
    for words in ("'sheriff' is new (text), such as 'J. Doe'", "'active' became checkbox, it was text"):
        assert ended.said.count(words) == 2, "in the log once, and in the report"


def test_a_column_renamed_while_pages_are_read_is_no_whole_read(three_weeks, monkeypatch):
    """Null would be stored for it in the rows of the second page."""
    world = three_weeks
    monkeypatch.setenv("PORTAL_PATIENCE_SECONDS", "0.02")
    renamed = []

    def rename(seen):
        # The second page of a window is asked for by the last id of the first.
        if ":id >" in seen.params.get("$where", "") and seen.params.get("$select") == ":*,*":
            renamed.append(world.portal.drift.rename(CRIMES, "ward", f"ward_{len(renamed)}"))

    world.portal.before_answer = lambda seen: rename(seen) if not renamed else None
    ended = run_main_here(world)
    assert renamed
    assert ended.code == 1
    assert "again='the columns changed between two pages'" in ended.said
    assert "'ward' is gone" in ended.said
    assert world.query("select * from chicago.crimes where ward is null") == []


def test_the_column_that_is_filtered_by_drifts_and_is_named(three_weeks):
    """No query can be asked then: the portal's own refusal names it."""
    world = three_weeks
    assert run_main_here(world).code == 0
    held = world.held_ids()
    world.store.insert(CRIMES, [crime("JH990000")], at=world.now())
    world.portal.drift.rename(CRIMES, "date_of_occurrence", "date")
    (why,) = run_main_here(world).why
    assert re.search("HTTP 400 .*No such column: date_of_occurrence", why)
    assert world.held_ids() == held
    world.portal.drift.clear()
    assert run_main_here(world).code == 0
    is_equal(world)
