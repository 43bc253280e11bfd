"""`check-source`: the first contact with a portal, without a database and without Prefect."""

import re
import subprocess
import sys
from datetime import date

import pytest

from demo.city import City, build_history
from demo.portal import PortalServer
from demo.portal_faults import Fault
from demo.shapes import HISTORY, IUCR, ONE_YEAR, WARD_OFFICES
from demo.store import Store
from tasks.commands.command_line import run_flowless_command
from tasks.run import connections
from tasks.source import portal as client
from tests.integration.conftest import FIRST_LOAD, PROJECT, crime

CRIMES = ONE_YEAR.id


@pytest.fixture(scope="module")
def city():
    """Give a city with its lists, and its whole history of two years."""
    with Store.temporary() as store:
        City(rows=1_500).build(store, date(2026, 11, 27))
        build_history(City(rows=1_200, days=365), store, date(2024, 11, 1), date(2026, 11, 27))
        yield store


@pytest.fixture
def portal(city):
    """Give a portal of this test over the city of the module, which no test changes."""
    with PortalServer(city) as served:
        yield served


@pytest.fixture
def check(portal, monkeypatch, capsys):
    """Give what the command says, and its exit code, with a warehouse that nobody could reach."""
    monkeypatch.setattr(client, "FIRST_WAIT_SECONDS", 0.01)
    monkeypatch.setattr(client, "JITTER_SECONDS", 0.01)
    for name, value in {
        "ENV_FILE": "",
        "SERVER_NAME": "nowhere.invalid",
        "DB_USERNAME": "nobody",
        "PORTAL_URL": portal.url,
        "PORTAL_PATIENCE_SECONDS": "0.05",
    }.items():
        monkeypatch.setenv(name, value)

    def check(**environment):
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        connections.close()
        code = run_flowless_command(["check-source", "--quiet"])
        return code, capsys.readouterr().out.splitlines()

    yield check
    connections.close()


def said(lines, of):
    return [line[11:] for line in lines if line.startswith(of)]


def test_a_portal_that_is_as_known_is_good_and_everything_that_a_run_asks_is_asked(portal, check):
    code, lines = check()
    assert code == 0, lines
    assert [line.split()[0] for line in lines] == [
        "portal", "dataset", "pages", "columns", "rows", "published", "window", "census", "keys", "increment",
        "undated", "judged", *["list"] * 4, "good",
    ]  # fmt: skip
    (held,) = {int(words.split(",")[0] + words.split(",")[1][:3]) for words in said(lines, "rows")}
    assert held == portal.store.count(CRIMES)
    assert said(lines, "columns") == ["27 stated, 20 of them mapped; all as known"]
    assert int(re.match(r"[\d,]+", said(lines, "judged")[0])[0].replace(",", "")) >= 1_000
    wheres = [seen.params.get("$where", "") for seen in portal.requests]
    for asked in (":id > 'row-", ":id in ('row-", "date_of_occurrence >= '", ":updated_at >= '", "is null"):
        assert any(asked in where for where in wheres), asked


def test_the_whole_history_is_asked_for_its_sums_too(portal, check):
    code, lines = check(CRIMES_DATASET=HISTORY.id)
    assert code == 0, lines
    assert re.match(r"2\d months and \d+ days, of [\d,]+ rows$", said(lines, "sums")[0])
    assert any("date_trunc_ymd(date)" in seen.params.get("$group", "") for seen in portal.requests)
    assert any(re.match(r"id > \d+$", seen.params.get("$where", "")) for seen in portal.requests)


def test_a_new_column_and_a_type_whose_values_pass_are_named_and_no_problem(portal, check):
    portal.drift.retype(CRIMES, "beat", "text")
    portal.drift.add(CRIMES, "zone", value="north")
    portal.drift.retype(IUCR.id, "active", "checkbox")
    code, lines = check()
    assert code == 0, lines
    assert said(lines, "drift") == [
        "'beat' became text, it was number",
        "'zone' is new (text), such as 'north'",
        "a run names what is said above and loads on, since the values pass",
        "'active' became checkbox, it was text; the list is taken, since its values pass",
    ]


FAULTS = {
    "renamed": (
        lambda portal: portal.drift.rename(CRIMES, "ward", "ward_no"),
        "'ward_no' is new; 'ward' is gone.*map or ignore the field",
    ),
    "renamed, and asked for": (
        lambda portal: portal.drift.rename(CRIMES, "date_of_occurrence", "date"),
        "HTTP 400 .*No such column: date_of_occurrence.*map it in tasks/datasets.py",
    ),
    "retyped": (
        lambda portal: portal.drift.retype(CRIMES, "arrest", "number"),
        "'arrest' became number, it was text, and [0-9]+ of its values do not pass",
    ),
    "a page for JSON": (
        lambda portal: portal.faults.add(Fault("html_200", times=None)),
        "HTTP 200 with text/html.*Open PORTAL_URL in a browser",
    ),
    "capped pages": (
        lambda portal: portal.faults.add(Fault("limit_lowered", times=None, match=r"\$select=:\*,\*")),
        "sends fewer than it is asked for.*Set PORTAL_PAGE_ROWS",
    ),
    "an unheeded filter": (
        lambda portal: portal.faults.add(Fault("filter_unheeded", times=None, match="updated_at >=")),
        "the filter is not heeded.*Try again in some minutes",
    ),
    "no such dataset": (
        lambda portal: portal.faults.add(Fault("status", status=404, times=None, match=CRIMES)),
        "HTTP 404.*mend PORTAL_URL or CRIMES_DATASET",
    ),
    "moved": (
        lambda portal: portal.faults.add(Fault("status", status=301, times=None, match=CRIMES)),
        "HTTP 301.*mend PORTAL_URL or CRIMES_DATASET",
    ),
    "throttled": (
        lambda portal: portal.faults.add(Fault("status", status=429, times=None, retry_after="60")),
        "asks to wait 60 s.*Set APP_TOKEN",
    ),
    "gone after the first page": (
        lambda portal: portal.faults.add(Fault("status", times=None, match="count")),
        "HTTP 500.*Try again",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_where_a_run_would_fail_it_says_why_and_what_to_do_and_exits_with_1(portal, check, fault):
    change, words = FAULTS[fault]
    change(portal)
    code, lines = check()
    assert code == 1
    assert re.search(words, " ".join(lines)), lines
    assert lines[-1].startswith("failed     ")
    assert lines[-1].endswith(": a run would fail")
    assert not any("%24" in line for line in lines), "a request that a person can read"


def test_a_token_that_is_refused_is_said_once_and_not_shown(portal, check):
    portal.answers.tokens = {"another"}
    code, lines = check(APP_TOKEN="a-token-of-nobody")
    assert code == 1
    assert said(lines, "problem") == ["HTTP 403 Forbidden: Invalid app_token specified"]
    assert said(lines, "do") == [
        "Mend APP_TOKEN in .env, or leave it empty: without one, calls are throttled and not refused."
    ]
    assert "a-token-of-nobody" not in "".join(lines)


def test_a_portal_that_nobody_answers_at_is_one_problem(check):
    code, lines = check(PORTAL_URL="http://127.0.0.1:9")
    assert code == 1
    assert len(said(lines, "problem")) == 1
    assert "Look whether this machine reaches PORTAL_URL" in said(lines, "do")[0]


def test_a_list_that_is_broken_is_a_warning_since_a_run_goes_on_without_it(portal, check):
    portal.drift.rename(WARD_OFFICES.id, "alderman", "alderperson")
    portal.faults.add(Fault("status", times=None, match=IUCR.id))
    code, lines = check()
    assert code == 0, lines
    gone, down = said(lines, "warning")
    assert "'alderperson' is new; 'alderman' is gone" in gone
    assert "HTTP 500" in down
    assert lines[-1] == "good       a run finds all that it needs, with the warnings above"


def test_too_many_rows_that_break_the_contract_are_a_problem_with_their_reasons(portal, check):
    portal.drift.remove(CRIMES, "ward")
    portal.drift.add(CRIMES, "ward", "number", "4711")
    code, lines = check()
    assert code == 1
    assert re.match(r"ward: not within 1 to 50 \([\d,]+\)$", said(lines, "reason")[0])
    assert "more than MAX_REJECT_SHARE 0.01" in said(lines, "problem")[0]


@pytest.mark.parametrize("shape", [ONE_YEAR, HISTORY])
def test_an_empty_dataset_is_a_problem_and_years_that_no_calendar_has_are_read(check, shape):
    with Store.temporary() as store, PortalServer(store) as portal:
        store.create(shape, at=FIRST_LOAD)
        code, lines = check(PORTAL_URL=portal.url, CRIMES_DATASET=shape.id)
        assert code == 1
        assert said(lines, "problem") == ["it holds no row, or a date in none"]
        if shape is ONE_YEAR:
            odd = [
                crime(f"JH{year}", f"{year}-12-31T23:00:00.000") for year in ("0000", "0205", "2024", "9999")
            ]
            store.insert(shape.id, odd, at=FIRST_LOAD)
            code, lines = check()
            assert said(lines, "window") == ["9999-12-25..later: 1 row, as many as the source counts"]
            assert said(lines, "reason") == ["date_of_occurrence: not a time (1)"]
            assert code == 0, lines


def test_it_starts_neither_a_service_nor_prefect(portal):
    """As a script, where nothing of either could be found."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "flows/main.py", "check-source"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "", "ENV_FILE": "", "PORTAL_URL": portal.url},
    )
    assert done.returncode == 0, done.stdout
    assert done.stdout.splitlines()[-1].startswith("good ")
    assert not re.search(r"\| +prefect", done.stderr)
