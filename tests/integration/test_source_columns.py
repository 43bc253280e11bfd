"""What is written down of the source's columns: once a run, with a sample, and what stands is what was seen last."""

from uuid import uuid4

import pytest

from tasks.contract.drift import SourceColumn, to_columns
from tasks.datasets import DATASETS
from tasks.warehouse.source_columns import read_drift, record_columns

PROFILE = DATASETS["x2n5-8w5q"]


@pytest.fixture
def see(engine):
    """Give a function that writes down what a run saw, in a transaction of its own; it returns what is to be said."""

    def see(run_id, *columns):
        with engine.begin() as connection:
            return record_columns(connection, PROFILE, run_id, columns)

    return see


def named(engine):
    with engine.connect() as connection:
        return [(each.name, each.said) for each in read_drift(connection)]


def test_a_run_says_a_column_once_and_takes_the_first_sample_that_there_is(see, engine):
    run, later = uuid4(), uuid4()
    assert see(run, SourceColumn("beat", "number"), SourceColumn("zone", "text")) == ["'zone' is new (text)"]
    assert see(run, SourceColumn("zone", "text")) == []
    assert see(run, SourceColumn("zone", "text", ("A",))) == ["'zone' is new (text), such as 'A'"]
    assert see(run, SourceColumn("zone", "text", ("B",))) == []
    assert see(later, SourceColumn("zone", "text", ("B",))) == ["'zone' is new (text), such as 'A'"]
    assert named(engine) == [("zone", "'zone' is new (text), such as 'A'")]


def test_what_the_last_run_did_not_see_any_more_is_not_named_and_a_read_without_headers_forgets_nothing(
    see, engine
):
    see(uuid4(), SourceColumn("beat", "text"), SourceColumn("zone", "text"))
    see(uuid4())
    assert [name for name, _ in named(engine)] == ["beat", "zone"]
    see(uuid4(), SourceColumn("beat", "number"), SourceColumn("zone", "text"))
    assert [name for name, _ in named(engine)] == ["zone"]


def test_a_column_that_one_answer_stated_and_another_only_sent_is_named_once(see, engine):
    run = uuid4()
    see(run, SourceColumn("zone", "", ("A",)))
    see(run, SourceColumn("zone", "text", ("A",)))
    assert named(engine) == [("zone", "'zone' is new (text), such as 'A'")]


def test_hostile_names_and_values_are_stored_as_text(see, engine):
    rows = [{"x" * 200 + "1": "a", "x" * 200 + "2": "b", "'; drop table x; --\x00": "\x00\ud800 :name {}"}]
    see(uuid4(), *to_columns(PROFILE, {}, rows))
    assert [name for name, _ in named(engine)] == ["'; drop table x; --?", "x" * 100]
    assert "?? :name {}" in named(engine)[0][1]
