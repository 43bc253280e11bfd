"""What a crime's content is, held to the catalogue: a change of any column is a change, of a later one too."""

from dataclasses import dataclass

import psycopg
import pytest

from demo.shapes import HISTORY, ONE_YEAR
from demo.store import Store
from tasks.contract.crimes import NO_CONTENT
from tasks.datasets import DATASETS
from tests.integration.conftest import FIRST_LOAD, crime
from tests.integration.test_whole_history import row

pytestmark = pytest.mark.usefixtures("views_left")

# What the source and we say about a row; all other columns are what the row says.
STAMPS = {"crime_id", "created_at", "updated_at", "version", "updated_on", "loaded_at"}
ONLY_IN_HISTORY = {"retired_at", "reason", "replaced_by", "run_id"}

# Another good value of each column that does not take any text.
OTHER = {
    "case_number": "JZ999999",
    "date_of_occurrence": "2024-01-03T11:30:00.000",
    "iucr": "0110",
    "beat": "0112",
    "district": "002",
    "fbi_code": "05",
    "x_coordinate": "1176370",
    "y_coordinate": "1900928",
    "latitude": "41.883496",
    "longitude": "-87.627874",
}


@dataclass(frozen=True)
class Source:
    """A dataset, how it writes a crime by its number, and how it says yes."""

    shape: object
    published: object
    yes: object

    @property
    def fields(self):
        return {column: name for name, column in DATASETS[self.shape.id].columns_by_field.items()}

    def changes(self):
        """Return of each content column that it publishes the change of a row that changes this column alone."""
        yes = dict.fromkeys(("arrest", "domestic"), self.yes)
        return {
            column: {field: (OTHER | yes).get(column, "1")}
            for column, field in self.fields.items()
            if column not in STAMPS
        }


SOURCES = {
    "one year": Source(ONE_YEAR, lambda number: crime(f"JH{number:06}"), "Y"),
    "whole history": Source(HISTORY, lambda number: row(number, "2024-01-02T10:00:00.000"), True),
}


@pytest.fixture(params=SOURCES.values(), ids=SOURCES)
def source(request):
    """Give each of the datasets."""
    return request.param


@pytest.fixture
def store(source):
    """Give it, empty."""
    with Store.temporary() as made:
        made.create(source.shape, at=FIRST_LOAD)
        yield made


@pytest.fixture
def environment(environment, source, monkeypatch):
    """Set what a run reads from its environment, for this dataset."""
    monkeypatch.setenv("CRIMES_DATASET", source.shape.id)
    return environment | {"CRIMES_DATASET": source.shape.id}


@pytest.fixture
def warehouse(postgres, database):
    """Give a connection to a warehouse with one crime, whose columns are not null, each with a value of its own."""
    with psycopg.connect(postgres.conninfo(database)) as connection:
        connection.execute(
            "insert into chicago.crimes select (json_populate_record(null::chicago.crimes, (select"
            " json_object_agg(column_name, case data_type when 'boolean' then to_json(column_name = 'arrest')"
            " when 'timestamp without time zone' then to_json(timestamp '2024-01-01' + nth * interval '1 day')"
            " when 'timestamp with time zone' then to_json(timestamptz '2024-01-01Z' + nth * interval '1 day')"
            " else to_json(lpad(nth::text, 4, '0')) end)"
            " from (select *, ordinal_position as nth from information_schema.columns"
            " where table_schema = 'chicago' and table_name = 'crimes') as columns))).*"
        )
        yield connection
        connection.rollback()


def columns(connection, table):
    found = connection.execute(
        "select column_name from information_schema.columns where table_schema = 'chicago' and table_name = %s",
        [table],
    )
    return {name for (name,) in found}


def test_the_content_is_every_column_but_the_id_and_the_stamps(warehouse):
    content = {
        column
        for column in columns(warehouse, "crimes")
        for (is_same,) in warehouse.execute(
            "select pipeline.crime_content(crimes)"
            " = pipeline.crime_content(jsonb_populate_record(crimes, jsonb_build_object(%s::text, null)))"
            " from chicago.crimes",
            [column],
        )
        if not is_same
    }
    assert content == columns(warehouse, "crimes") - STAMPS
    assert columns(warehouse, "crime_history") == columns(warehouse, "crimes") | ONLY_IN_HISTORY


def test_rows_that_lack_the_same_are_equal_in_content(warehouse):
    """Also all that can be null: null is a value like any other."""
    content = (
        "pipeline.crime_content(jsonb_populate_record(null::chicago.crimes,"
        " jsonb_build_object('case_number', 'JH000001', 'version', %s::text)))"
    )
    found = warehouse.execute(f"select {content} = {content}", ["1", "2"])
    assert found.fetchone() == (True,)


def test_a_crime_comes_back_from_history_as_it_was(warehouse):
    run_id = "00000000-0000-0000-0000-000000000001"
    ((said, was),) = warehouse.execute(
        "select to_jsonb(pipeline.retired_crime(crimes, 'revised', 'new', %s::uuid)), to_jsonb(crimes)"
        " from chicago.crimes",
        [run_id],
    )
    assert all(value is not None for value in was.values())
    assert {name: said[name] for name in was} == was
    assert (said["reason"], said["replaced_by"], said["run_id"]) == ("revised", "new", run_id)
    assert warehouse.execute(
        "select chicago.crime_as_held(pipeline.retired_crime(crimes, null, null, gen_random_uuid())) = crimes"
        " from chicago.crimes"
    ).fetchone() == (True,)


def test_a_column_that_the_functions_do_not_name_stops_every_load(warehouse):
    warehouse.execute("alter table chicago.crimes add column weather text")
    with pytest.raises(psycopg.errors.CannotCoerce, match="cannot cast type record"):
        warehouse.execute("select pipeline.crime_content(crimes) from chicago.crimes")


def test_each_column_of_the_content_is_one_of_a_source(warehouse):
    """So that the test below changes each of them."""
    published = set().union(*(source.changes() for source in SOURCES.values()))
    assert published == columns(warehouse, "crimes") - STAMPS
    assert set(NO_CONTENT) - {"case_number", "date_of_occurrence"} <= STAMPS


def test_a_change_of_any_column_is_stored_and_the_row_before_is_in_the_history(world, source):
    """Where rows keep their id, edited; where they do not, deleted and inserted under another id."""
    shape, changes = source.shape, source.changes()
    inserted = world.store.insert(
        shape.id, [source.published(number) for number in range(len(changes) + 1)], at=world.now()
    )
    assert world.run().is_completed()
    before = world.frame("select * from chicago.crimes")
    old_ids = published_ids(world, source, inserted[1:])
    new_ids = [
        changed(world, source, row_id, change)
        for row_id, change in zip(inserted[1:], changes.values(), strict=True)
    ]
    assert world.run().is_completed()
    assert world.query("select case_number, reasons from pipeline.rejected_rows") == []
    was, now = by_id(before), by_id(world.frame("select * from chicago.crimes"))
    held = by_id(world.frame("select * from chicago.crime_history"))
    assert len(now) == len(was)
    assert held.keys() == set(old_ids)
    content = set(before.columns) - STAMPS
    for column, old_id, new_id in zip(changes, old_ids, new_ids, strict=True):
        assert {name: held[old_id][name] for name in was[old_id]} == was[old_id], column
        differing = {name for name in content if now[new_id][name] != was[old_id][name]}
        assert differing == {column}


def published_ids(world, source, row_ids):
    """Return the ids that we give the rows of these ids of the portal."""
    marks = ", ".join("?" * len(row_ids))
    key = DATASETS[source.shape.id].key
    by_row_id = {
        found[":id"]: found[key]
        for found in world.store.rows(source.shape.id, f'":id" in ({marks})', row_ids)
    }
    return [by_row_id[row_id] for row_id in row_ids]


def changed(world, source, row_id, change):
    """Change a row as its dataset does, and return the id that it then has with us."""
    if DATASETS[source.shape.id].has_stable_keys:
        (key,) = published_ids(world, source, [row_id])
        world.store.edit(source.shape.id, row_id, change, at=world.now())
        return key
    (new,) = world.store.recreate(source.shape.id, [row_id], change, at=world.now())
    return new


def by_id(frame):
    """Return rows by their id, a missing value as None."""
    frame = frame.astype(object).where(frame.notna(), None)
    return {row["crime_id"]: row for row in frame.to_dict("records")}
