"""The City's own rows: two pulls a day apart, and what has to hold after each.

The oracle (tests/oracle.py) shares no code with the loader.
"""

import csv
import gzip
import json
from datetime import UTC, datetime

import pandas as pd
import pytest

from demo.shapes import ONE_YEAR, rows_of_pull
from tests.oracle import COLUMNS, expected_row

FOURTEENTH = datetime(2024, 1, 14, 11, 2, 21, tzinfo=UTC)
FIFTEENTH = datetime(2024, 1, 15, 11, 2, 27, tzinfo=UTC)


def oracle(folder, day):
    """Return every row that has to be held after the pull of a day, by id."""
    with gzip.open(folder / f"crimes_2024-01-{day}.csv.gz", "rt", encoding="utf-8", newline="") as file:
        return {raw[":id"]: expected_row(raw) for raw in csv.DictReader(file)}


def held(world):
    """Return every row that is held, by id."""
    rows = world.query(f"select {', '.join(COLUMNS)} from chicago.crimes")
    return {row[0]: row for row in rows}


@pytest.fixture
def two_days(world, real_rows):
    """Load the 14th, let the portal change to the 15th, and load again."""
    world.store.replace_all(ONE_YEAR.id, rows_of_pull(real_rows / "crimes_2024-01-14.csv.gz"), at=FOURTEENTH)
    assert world.run(through_prefect=True).is_completed()
    assert held(world) == oracle(real_rows, 14)
    world.store.replace_all(ONE_YEAR.id, rows_of_pull(real_rows / "crimes_2024-01-15.csv.gz"), at=FIFTEENTH)
    assert world.run().is_completed()
    return world


def test_two_real_days_end_equal_and_a_third_run_changes_nothing(two_days, real_rows):
    """One load of both days serves all of these: they read, and the last of them runs again."""
    assert_equal_with_exactly_what_left_in_the_history(two_days, real_rows)
    assert_cases_with_several_rows_keep_them_all(two_days)
    assert_late_coordinates_are_there_and_the_reclassified_case_is_in_the_history(two_days)
    assert_revisions_are_what_differs_between_the_two_pulls(two_days, real_rows)
    assert_a_third_run_changes_nothing_and_says_so(two_days)


def assert_equal_with_exactly_what_left_in_the_history(world, real_rows):
    assert held(world) == oracle(real_rows, 15)
    churn = json.loads((real_rows / "churn_2024-01-14_to_15.json").read_text())
    history = world.frame("select crime_id, reason, replaced_by from chicago.crime_history")
    assert sorted(history["crime_id"]) == sorted(row[":id"] for row in churn["disappeared"])
    assert history["reason"].value_counts().to_dict() == {"revised": 8, "withdrawn": 1}
    # Each revised row names the row that stands in its place: of the same case, and one for each.
    revised = history[history["reason"] == "revised"]
    assert revised["replaced_by"].is_unique
    assert set(revised["replaced_by"]) <= set(oracle(real_rows, 15))
    run = world.last_run()
    assert (run["kind"], run["status"], run["proof"]) == ("incremental", "done", "census")
    assert (run["revised"], run["withdrawn"]) == (8, 1)
    assert world.query(
        "select equal, source_rows, our_rows from pipeline.audits order by audit_id desc limit 1"
    ) == [(True, 9939, 9939)]


def assert_revisions_are_what_differs_between_the_two_pulls(world, real_rows):
    before, after = oracle(real_rows, 14), oracle(real_rows, 15)
    pairs = world.query("select crime_id, replaced_by from chicago.crime_history where reason = 'revised'")
    content = [
        column for column in COLUMNS if column not in {"crime_id", "created_at", "updated_at", "version"}
    ]
    expected = {
        (old, new, column, said(before[old][place]), said(after[new][place]))
        for old, new in pairs
        for place, column in enumerate(COLUMNS)
        if column in content and before[old][place] != after[new][place]
    }
    shown = world.query(
        "select old_crime_id, new_crime_id, column_name, old_value, new_value from chicago.crime_revisions"
    )
    # `district` is ours: the beat's, which the pulls do not publish.
    assert {row for row in shown if row[2] != "district"} == expected
    assert {column for *_, column, _, _ in expected} >= {"arrest", "latitude", "primary_description"}


def said(value):
    """Return a value of a crime as the view of revisions says it: as text, a truth in lower case."""
    return None if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def assert_a_third_run_changes_nothing_and_says_so(world):
    before = world.frame("select * from chicago.crimes order by crime_id")
    assert world.run().is_completed()
    assert world.last_run()["kind"] == "unmoved"
    assert world.run("reconcile").is_completed()
    counts = world.counts()
    assert counts["unchanged"] == counts["source_rows"] == 9939
    pd.testing.assert_frame_equal(world.frame("select * from chicago.crimes order by crime_id"), before)
    assert world.value("select count(*) from chicago.crime_history") == 9


def assert_cases_with_several_rows_keep_them_all(world):
    cases = world.query(
        "select case_number, count(*) from chicago.crimes"
        " where case_number in ('JG499426', 'JG510509') group by case_number order by case_number"
    )
    assert cases == [("JG499426", 3), ("JG510509", 2)]


def assert_late_coordinates_are_there_and_the_reclassified_case_is_in_the_history(world):
    reclassified = world.query(
        "select crimes.primary_description, history.primary_description from chicago.crimes as crimes"
        " join chicago.crime_history as history on history.replaced_by = crimes.crime_id"
        " where crimes.primary_description <> history.primary_description"
    )
    assert reclassified == [("THEFT", "CRIMINAL DAMAGE")]
    arrived = world.value(
        "select count(*) from chicago.crimes as crimes"
        " join chicago.crime_history as history on history.replaced_by = crimes.crime_id"
        " where crimes.latitude is not null and history.latitude is null"
    )
    assert arrived == 5
