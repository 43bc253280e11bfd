"""What a query means and what SODA refuses, asked of the stand-in's answers without a network."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import urlencode

import pytest

from demo.answers import Answers, HttpAnswer
from demo.shapes import HISTORY, ONE_YEAR
from demo.store import Store

AT = datetime(2024, 1, 14, 11, 2, 21, tzinfo=UTC)
ROWS = [
    {":id": "row-aaaa-aaaa-aaaa", ":updated_at": "2024-01-10T11:02:03.100Z", "case_": "JG1", "beat": "511",
     "date_of_occurrence": "2023-11-06T00:00:00.000",
     "block": "001XX W O'HARE ST", "_iucr": "0820", "arrest": "Y",
     "ward": "9", "latitude": "41.5", "location": {"latitude": "41.5", "longitude": "-87.5"}},
    {":id": "row-bbbb-bbbb-bbbb", ":updated_at": "2024-01-11T11:02:03.100Z", "case_": "JG2", "beat": "1834",
     "date_of_occurrence": "2023-11-06T23:59:00.000",
     "block": "002XX N CLARK ST", "_iucr": "031A", "arrest": "N",
     "ward": "42", "latitude": "41.96671217"},
    {":id": "row-Cccc-cccc-cccc", ":updated_at": "2024-01-11T11:02:03.100Z", "case_": "JG2", "beat": "99",
     "date_of_occurrence": "2023-11-07T10:00:00.000", "block": "100% _ [x]", "_iucr": "0820", "arrest": "N"},
    {":id": "row-dddd-dddd-dddd", ":updated_at": "2024-01-12T11:02:03.100Z", "case_": "JG4", "beat": "511",
     "block": "lower case", "_iucr": "0110", "arrest": "N"},
]  # fmt: skip


@pytest.fixture(scope="module")
def answers() -> Iterator[Answers]:
    with Store.temporary() as store:
        store.create(ONE_YEAR, ROWS, at=AT)
        store.create(
            HISTORY,
            [{"id": "5", "case_number": "JG1", "arrest": True}, {"id": "7", "arrest": False}],
            at=AT,
        )
        yield Answers(store)


def ask(answers: Answers, dataset: str = ONE_YEAR.id, **clauses: str) -> HttpAnswer:
    params = {f"${name}": value for name, value in clauses.items()}
    return answers.get(f"/resource/{dataset}.json?{urlencode(params)}")


def rows_of(answers: Answers, dataset: str = ONE_YEAR.id, **clauses: str) -> list[dict[str, object]]:
    answer = ask(answers, dataset, **clauses)
    assert answer.status == 200, answer.body
    return list(json.loads(answer.body))


def cases(answers: Answers, where: str) -> str:
    found = rows_of(answers, select="case_,:id", where=where, order=":id")
    return " ".join(str(row[":id"])[4] for row in found)


@pytest.mark.parametrize(
    ("where", "wanted"),
    [
        ("beat = 511", "a d"),
        ("beat = '511'", "a d"),
        ("beat > 100 and beat < 1000", "a d"),  # numbers compare as numbers: "99" is not above "1834"
        ("beat >= 1834 or beat <= 99", "C b"),
        ("_iucr > '0820'", ""),
        ("_iucr >= '031A' and _iucr < '0820'", "b"),
        ("block >= 'l'", "d"),  # bytewise: capitals before small letters
        (":id > 'row-aaaa-aaaa-aaaa'", "b d"),
        ("date_of_occurrence = '2023-11-06'", "a"),
        ("date_of_occurrence >= '2023-11-06T00:00:00' and date_of_occurrence < '2023-11-07'", "a b"),
        ("date_of_occurrence between '2023-11-06T23:59:00.000' and '2023-11-07T10:00:00'", "C b"),
        ("date_of_occurrence not between '2023-11-06' and '2023-11-07'", "C"),
        (":updated_at >= '2024-01-11T11:02:03.100Z'", "C b d"),
        (":updated_at > '2024-01-11T11:02:03.1Z'", "d"),
        (
            ":updated_at > '2024-01-11T11:02:03.099999Z' and :updated_at < '2024-01-11T11:02:03.100001Z'",
            "C b",
        ),
        (":updated_at > '2024-01-11'", "C b d"),
        ("ward is null", "C d"),
        ("ward is not null", "a b"),
        ("ward != 9", "b"),  # a comparison with null is not true
        ("not (ward = 9)", "b"),
        ("ward = null", ""),
        ("ward in (9, '42', 7)", "a b"),
        ("case_ not in ('JG1', 'JG4')", "C b"),
        ("location is null", "C b d"),
        ("block = '001XX W O''HARE ST'", "a"),
        ("block like '%O''HARE%'", "a"),
        ("block like '00_XX%'", "a b"),
        ("block like '100\\% \\_ [x]'", "C"),
        ("block like '1__% _ [x]'", "C"),
        ("block not like '0%'", "C d"),
        ("block like 'LOWER%'", ""),
        ("upper(block) like 'LOWER%'", "d"),
        ("starts_with(block, '00') and lower(arrest) = 'y'", "a"),
        ("contains(block, '[x]')", "C"),
        ("`case_` = 'JG2' and `beat`<>99", "b"),
        ("latitude > 41.5", "b"),
        ("latitude * 2 - 1 = 82", "a"),
        ("beat / 2 = 255.5", "a d"),
        ("-latitude < -41.6", "b"),
        ("arrest = 'Y' or arrest = 'N' and ward = 42", "a b"),
        ("(arrest = 'Y' or arrest = 'N') and ward = 42", "b"),
        ("case_ || arrest = 'JG1Y'", "a"),
        ("true and not false", "C a b d"),
        ("WARD IS NOT NULL AND Beat IN(511)", "a"),
        ("date_trunc_ymd(date_of_occurrence) = '2023-11-06'", "a b"),
        ("date_extract_hh(date_of_occurrence) = 23", "b"),
        ("date_extract_dow(date_of_occurrence) = 2", "C"),
    ],
)
def test_a_condition_keeps_the_rows_it_says(answers, where, wanted):
    assert cases(answers, where) == wanted


def test_checkboxes_are_true_or_false(answers):
    assert rows_of(answers, HISTORY.id, select="id,arrest", where="arrest") == [{"id": "5", "arrest": True}]
    assert rows_of(answers, HISTORY.id, select="id", where="arrest = false") == [{"id": "7"}]


@pytest.mark.parametrize(
    ("clauses", "code"),
    [
        ({"where": "nope = 1"}, "query.soql.no-such-column"),
        ({"select": "nope"}, "query.soql.no-such-column"),
        ({"order": "nope"}, "query.soql.no-such-column"),
        ({"where": "_iucr = 820"}, "query.soql.type-mismatch"),
        ({"where": "beat = 'x'"}, "query.soql.type-mismatch"),
        ({"where": "date_of_occurrence > 'not a date'"}, "query.soql.type-mismatch"),
        ({"where": "date_of_occurrence > '2023-13-01'"}, "query.soql.type-mismatch"),
        ({"where": "date_of_occurrence > '2023-11-06T00:00:00Z'"}, "query.soql.type-mismatch"),
        ({"where": "date_of_occurrence > 2023"}, "query.soql.type-mismatch"),
        ({"where": ":id > ''"}, "query.soql.type-mismatch"),
        ({"where": "beat like '5%'"}, "query.soql.type-mismatch"),
        ({"where": "starts_with(beat, '5')"}, "query.soql.type-mismatch"),
        ({"where": "upper(case_, 'x') = 'x'"}, "query.soql.type-mismatch"),
        ({"where": "beat"}, "query.soql.type-mismatch"),
        ({"where": "location = 'x'"}, "query.soql.type-mismatch"),
        ({"select": "sum(case_)"}, "query.soql.type-mismatch"),
        ({"where": "soundex(case_) = 'x'"}, "query.soql.no-such-function"),
        ({"where": "block = 'O'HARE'"}, "query.compiler.malformed"),
        ({"where": "beat = "}, "query.compiler.malformed"),
        ({"where": "group = 1"}, "query.compiler.malformed"),
        ({"where": "1 = 1; drop table x"}, "query.compiler.malformed"),
        ({"select": "*,"}, "query.compiler.malformed"),
        ({"limit": "-1"}, "query.compiler.malformed"),
        ({"limit": "1.5"}, "query.compiler.malformed"),
        ({"limit": "ten"}, "query.compiler.malformed"),
        ({"offset": "-1"}, "query.compiler.malformed"),
        ({"select": "beat, count(*)"}, "query.soql.column-not-in-group-bys"),
        ({"select": "count(*)", "group": "beat", "order": "ward"}, "query.soql.column-not-in-group-bys"),
        ({"select": "*", "group": "beat"}, "query.soql.column-not-in-group-bys"),
        ({"where": "count(*) > 1"}, "query.soql.aggregate-in-ungrouped-context"),
        ({"select": "avg(latitude) as latitude", "where": "latitude > 0"},
         "query.soql.aggregate-in-ungrouped-context"),
        ({"select": "max(min(beat))"}, "query.soql.aggregate-in-ungrouped-context"),
        ({"select": "beat", "order": "count(*)"}, "query.soql.aggregate-in-ungrouped-context"),
        ({"select": "beat as x, ward as x"}, "query.soql.duplicate-alias"),
        ({"nonsense": "1"}, "invalid_request"),
        ({"query": "select *", "limit": "1"}, "invalid_request"),
    ],
)  # fmt: skip
def test_soda_refuses_with_its_json_object(answers, clauses, code):
    answer = ask(answers, **clauses)
    body = json.loads(answer.body)
    assert answer.status == 400
    assert (body["code"], body["error"]) == (code, True)
    assert body["message"]
    assert isinstance(body["data"], dict)


def test_numbers_too_large_for_the_store_are_still_numbers(answers):
    assert cases(answers, "beat < 99999999999999999999999999") == "C a b d"


def test_a_limit_may_be_capped_as_on_older_endpoints(answers):
    strict = Answers(answers.store, max_limit=50_000)
    assert ask(strict, limit="50000").status == 200
    assert ask(strict, limit="50001").status == 400
    assert ask(answers, limit="50001").status == 200


def test_a_limit_of_nothing_is_allowed(answers):
    assert rows_of(answers, limit="0") == []


def test_aggregates_are_text_under_sodas_own_names(answers):
    assert rows_of(answers, select="count(*), max(:updated_at), min(date_of_occurrence)") == [
        {
            "count": "4",
            "max_updated_at": "2024-01-12T11:02:03.100Z",
            "min_date_of_occurrence": "2023-11-06T00:00:00.000",
        }
    ]
    assert rows_of(answers, select="count(ward), count(distinct case_) as n, sum(beat), avg(beat)") == [
        {"count_ward": "2", "n": "3", "sum_beat": "2955", "avg_beat": "738.75"}
    ]


def test_aggregates_over_nothing_are_zero_or_left_out(answers):
    assert rows_of(answers, select="count(*), max(beat) as m", where="beat = 0") == [{"count": "0"}]


def test_groups_are_counted_filtered_and_ordered(answers):
    assert rows_of(
        answers,
        select="date_trunc_ymd(date_of_occurrence) as day, count(*)",
        group="day",
        order="count desc, day",
    ) == [
        {"day": "2023-11-06T00:00:00.000", "count": "2"},
        {"day": "2023-11-07T00:00:00.000", "count": "1"},
        {"count": "1"},
    ]
    assert rows_of(
        answers, select="_iucr, count(*) as n", group="_iucr", having="n > 1 or _iucr = '0110'", order="_iucr"
    ) == [{"_iucr": "0110", "n": "1"}, {"_iucr": "0820", "n": "2"}]
    assert rows_of(answers, select="date_trunc_ym(date_of_occurrence) as m", group="m", order="m desc") == [
        {},
        {"m": "2023-11-01T00:00:00.000"},
    ]
    years = rows_of(answers, select="date_trunc_y(date_of_occurrence) as y", group="y", order="y")
    assert years == [{"y": "2023-01-01T00:00:00.000"}, {}]


def test_nulls_come_last_going_up_and_first_going_down(answers):
    up = [row.get("ward") for row in rows_of(answers, select="ward", order="ward,:id")]
    down = [row.get("ward") for row in rows_of(answers, select="ward", order="ward desc, :id")]
    assert (up, down) == (["9", "42", None, None], [None, None, "42", "9"])


def test_an_expression_orders_and_an_alias_names(answers):
    found = rows_of(answers, select="upper(block) as shout, case_", order="lower(block) desc, :id", limit="1")
    assert found == [{"shout": "LOWER CASE", "case_": "JG4"}]
    assert rows_of(answers, select="case_ as c, case_", where="beat = 99") == [{"c": "JG2", "case_": "JG2"}]


def test_null_fields_are_left_out_key_and_all(answers):
    (whole,) = rows_of(answers, select=":*,*", where="case_ = 'JG4'")
    (plain,) = rows_of(answers, where="case_ = 'JG4'")
    (chosen,) = rows_of(answers, select="case_,ward,latitude,location", where="case_ = 'JG4'")
    assert set(plain) == {"case_", "beat", "block", "_iucr", "arrest"}
    assert set(whole) == set(plain) | {":id", ":created_at", ":updated_at", ":version"}
    assert chosen == {"case_": "JG4"}


def test_every_way_to_a_value_gives_the_same_value(answers):
    names = [field.name for field in ONE_YEAR.all_fields]
    quick = rows_of(answers, select=":*,*", order=":id")
    slow = rows_of(answers, select="*,:*", order=":id")
    listed = rows_of(answers, select=",".join(reversed(names)), order=":id")
    assert quick == slow == listed
    assert quick[1]["location"] == {"latitude": "41.5", "longitude": "-87.5"}
    assert quick[2]["latitude"] == "41.96671217"
    assert [row["case_"] for row in rows_of(answers, order=":id")] == [row["case_"] for row in quick]


def test_text_only_results_are_valid_json_whatever_the_text(answers):
    assert rows_of(answers, select="case_ as `it's`, block", where="beat=99 or beat=1834", order=":id") == [
        {"it's": "JG2", "block": "100% _ [x]"},
        {"it's": "JG2", "block": "002XX N CLARK ST"},
    ]


def test_a_whole_statement_does_what_its_parts_do(answers):
    text = (
        "select case_, count(*) as n where beat > 99 group by case_ having n > 0 "
        "order by case_ limit 2 offset 1"
    )
    assert rows_of(answers, query=text) == [{"case_": "JG2", "n": "1"}, {"case_": "JG4", "n": "1"}]


def test_a_bare_parameter_is_an_equality_filter(answers):
    found = json.loads(answers.get("/resource/x2n5-8w5q.json?beat=511&_iucr=0820").body)
    assert [row["case_"] for row in found] == ["JG1"]
    assert answers.get("/resource/x2n5-8w5q.json?nope=1").status == 400
