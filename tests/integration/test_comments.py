"""Everything that an analyst or operator can name says what it is, and the dictionary made of it is up to date."""

import csv
import re
from itertools import groupby
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import create_engine, text

from tasks.commands.dictionary import DICTIONARY_FILE, read_catalogue, to_markdown, uncommented

OLDER = Path(__file__).parent / "older"


@pytest.fixture
def connection(postgres, database):
    """Give a connection to a warehouse with tables and views and no row."""
    engine = create_engine(
        "postgresql+psycopg://", creator=lambda: psycopg.connect(postgres.conninfo(database))
    )
    with engine.connect() as opened:
        yield opened
    engine.dispose()


def test_every_table_view_column_and_function_has_its_comment(connection):
    catalogue = read_catalogue(connection)
    assert uncommented(catalogue) == []
    assert {relation.schema for relation in catalogue.relations} == {"chicago", "pipeline"}
    kinds = {relation.kind for relation in catalogue.relations}
    assert kinds == {"table", "view", "materialized view"}
    assert [name.split("(")[0] for name, *_ in catalogue.functions] == [
        "chicago.crime_as_held",
        "chicago.crimes_as_of",
        "chicago.is_hour_of_watch",
        "chicago.known_hour",
        "chicago.normal_cdf",
        "chicago.normal_p_value",
        "chicago.normal_quantile",
        "chicago.rank_from",
        "chicago.rank_to",
        "chicago.rate_ratio_bound",
        "chicago.rate_ratio_z",
        "chicago.t_to_z",
        "chicago.wall_clock",
        "chicago.ward_map_since",
        "chicago.warn_before_first_load",
        "chicago.z_to_t",
        "pipeline.crime_content",
        "pipeline.is_in_scope",
        "pipeline.moment",
        "pipeline.next_moment",
        "pipeline.ordered_time",
        "pipeline.placed_day",
        "pipeline.replace_list",
        "pipeline.retired_crime",
        "pipeline.span_reach",
        "pipeline.write_crime_changes",
        "pipeline.write_unplaced_points",
    ]


def test_what_has_no_comment_is_found(connection):
    connection.execute(text("create table pipeline.silent (number integer)"))
    connection.execute(text("create function chicago.silent() returns integer language sql as 'select 1'"))
    assert uncommented(read_catalogue(connection)) == [
        "pipeline.silent",
        "pipeline.silent.number",
        "chicago.silent()",
    ]


def test_the_comment_of_a_column_is_more_than_its_name(connection):
    """A meaning that only repeats the name explains nothing."""
    for relation in read_catalogue(connection).relations:
        for column in relation.columns:
            words = set(re.findall(r"[a-z0-9]+", (column.meaning or "").lower()))
            assert words - set(column.name.split("_")), f"{relation.full_name}.{column.name}"


def test_the_data_dictionary_is_up_to_date(connection):
    assert DICTIONARY_FILE.read_text("utf-8") == to_markdown(read_catalogue(connection)), (
        "docs/data-dictionary.md is out of date: run make dictionary and commit it"
    )


def test_the_columns_of_the_last_release_still_select(connection):
    """Nobody's chart breaks: names, types and order stay, and new columns come after them."""
    with (OLDER / "columns.csv").open(newline="") as file:
        released = list(csv.DictReader(file))
    for relation, columns in groupby(released, key=lambda row: row["relation"]):
        names = [(row["column"], row["type"]) for row in columns]
        found = connection.execute(
            text(
                "select attname, format_type(atttypid, atttypmod) from pg_attribute"
                " where attrelid = cast(:relation as regclass) and attnum > 0 and not attisdropped order by attnum"
            ),
            {"relation": relation},
        ).all()
        assert [tuple(column) for column in found[: len(names)]] == names, relation


# What a view that analysts read says after its first line, and what a view that only others read says.
PARTS = ["One row", "Unit:", "Base:", "Period:", "Chance:", "Lateness:", "Do not"]
PARTS_OF_A_BASE = ["One row", "Base of", "Unit:", "Period:"]


def parts_of(notes):
    """Return how each line begins: by its label, else by its first two words."""
    return [re.match(r"\w+:|\S+ \w+", line).group() for line in notes]


@pytest.fixture
def notes_of_views(connection):
    """Give each view and the lines of its comment."""
    return {
        relation: relation.meaning.splitlines()
        for relation in read_catalogue(connection).relations
        if "view" in relation.kind
    }


def test_each_view_says_how_to_read_it(notes_of_views):
    """Its unit, definition, base and period, what chance and lateness do to it, and how not to read it."""
    for relation, notes in notes_of_views.items():
        parts = parts_of(notes)
        if "Base of" in parts:
            assert parts == PARTS_OF_A_BASE, relation.full_name
        else:
            assert [part for part in parts if part != "Definition:"] == PARTS, relation.full_name
            assert "Definition:" not in parts or parts.index("Definition:") == 2, relation.full_name


def test_a_view_defines_what_it_counts_as_violent_or_of_property(notes_of_views):
    """The summary UCR index, and that NIBRS is another thing; where nothing of the kind is counted, nothing is said."""
    for relation, notes in notes_of_views.items():
        if "Base of" in parts_of(notes):
            continue
        said = " ".join(f"{column.name} {column.meaning}" for column in relation.columns)
        counts_index = re.search(r"violent|property", said) is not None
        definitions = [note for note in notes if note.startswith("Definition:")]
        assert len(definitions) == counts_index, relation.full_name
        assert all("summary UCR" in note and "NIBRS" in note for note in definitions), relation.full_name


def test_notes_are_sentences_and_short_enough_to_be_read(notes_of_views):
    for relation, notes in notes_of_views.items():
        assert all(note.endswith(".") for note in notes), relation.full_name
        assert len("\n".join(notes)) <= 900, relation.full_name


def test_what_notes_name_exists(connection, notes_of_views):
    catalogue = read_catalogue(connection)
    known = {name.split("(")[0].removeprefix("chicago.") for name, *_ in catalogue.functions}
    for relation in catalogue.relations:
        known |= {relation.name, *(column.name for column in relation.columns)}
    # Periods are values of place_periods.
    known |= {"last_year", "year_before", "year_to_date", "year_to_date_before"}
    for relation, notes in notes_of_views.items():
        named = set(re.findall(r"\w*_\w+", " ".join(notes)))
        assert named <= known, relation.full_name


def test_the_dictionary_lists_the_notes_of_a_view(connection):
    connection.execute(text("create view chicago.memo as select 1 as number"))
    connection.execute(
        text("comment on view chicago.memo is E'One row is a memo.\\nUnit\\: memos.\\nDo not add them.'")
    )
    page = to_markdown(read_catalogue(connection))
    assert "| [memo](#chicagomemo) | One row is a memo. |" in page
    assert "View. One row is a memo.\n\n- Unit: memos.\n- Do not add them.\n\n| Column |" in page
