"""A portal that repeats the token wherever it can: nobody reads it, and no table holds it."""

from dataclasses import replace

import orjson

from demo.answers import HttpAnswer
from demo.shapes import ONE_YEAR
from tests.integration.conftest import crime
from tests.integration.main_here import run_main_here
from tests.integration.test_prefect import rows_that_say

CRIMES = ONE_YEAR.id
TOKEN = "90210777"  # that a count may be


def said_as(field, value):
    """Return a change of an answer: a total of its own is this value."""

    def change(answer):
        rows = orjson.loads(answer.body)
        changed = [row | {field: value} if field in row else row for row in rows]
        return replace(answer, body=orjson.dumps(changed))

    return change


def with_header(name, value):
    return lambda answer: replace(answer, headers={**answer.headers, name: value})


PLACES = {
    "a count": said_as("row_count", TOKEN),
    "a count that is none": said_as("row_count", f"{TOKEN} rows"),
    "a stamp": said_as("newest_update", TOKEN),
    "a date": said_as("oldest_occurrence", TOKEN),
    "when it changed": with_header("Last-Modified", f"Mon, {TOKEN}"),
    "a column": with_header("X-SODA2-Fields", f'[":id", "{TOKEN}"]'),
    "the kind of answer": with_header("Content-Type", f"text/{TOKEN}"),
    "a page": lambda _: HttpAnswer(200, f"<p>{TOKEN}".encode(), {"Content-Type": "text/html"}),
    "an object": lambda _: HttpAnswer.of_json(200, {"message": TOKEN}),
    "a refusal": lambda _: HttpAnswer.of_json(403, {"message": "x" * 197 + TOKEN}),
    "where to": lambda _: HttpAnswer(302, TOKEN.encode(), {"Location": f"http://{TOKEN}/"}),
    "no JSON": lambda _: HttpAnswer(200, f"[{TOKEN}{{".encode(), {"Content-Type": "application/json"}),
}


def test_a_token_that_the_portal_repeats_is_read_nowhere(world, monkeypatch, caplog):
    monkeypatch.setenv("APP_TOKEN", TOKEN)
    monkeypatch.setenv("PORTAL_PATIENCE_SECONDS", "0")
    world.store.insert(CRIMES, [crime("JH000001")], at=world.now())
    right, said = world.portal.answers.answer, []
    for place, change in PLACES.items():
        monkeypatch.setattr(world.portal.answers, "answer", lambda seen, change=change: change(right(seen)))
        for arguments in ((), ("status",), ("plan",)):
            said.append((place, run_main_here(world, *arguments).said, caplog.text))
            caplog.clear()
    assert [place for place, *texts in said if any(TOKEN in text for text in texts)] == []
    assert [place for place, *texts in said if "90210" in "".join(texts)] == [], "nor half of it"
    assert any("***" in text for _, *texts in said for text in texts)
    assert rows_that_say(world.conninfo, TOKEN) == []
    monkeypatch.setattr(world.portal.answers, "answer", right)
    assert world.run().is_completed()
