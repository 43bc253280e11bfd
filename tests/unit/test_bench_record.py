"""The record of the job's benchmark: what the pages show is what was measured, and what moved is said."""

from dataclasses import replace

import pytest

from bench.measure import Measured
from bench.record import BACKFILL, PHRASE, README, Record, Spread, moved, pages, table


def record(*walls):
    """Return a record of rounds: seconds of the pipeline and of dlt in each."""
    runs = {
        "pipeline": [Measured(wall, 1.0, 400.0) for wall, _ in walls],
        "dlt": [Measured(wall, 2.0, 500.0, 7) for _, wall in walls],
    }
    return Record("2026-01-01", "2 cores", "Python", 1_000, {BACKFILL: runs}, [1.0 for _ in walls])


THEN = record((50, 100), (52, 100), (54, 100))


@pytest.mark.parametrize(
    ("walls", "found"),
    [
        pytest.param([(51, 100), (53, 100), (55, 100)], [], id="within"),
        pytest.param([(100, 200), (104, 200), (108, 200)], [], id="a machine of half the speed"),
        pytest.param([(54.1, 100), (54.2, 100), (54.3, 100)], [], id="apart, and hardly another"),
        pytest.param(
            [(60, 100), (61, 100), (62, 100)],
            [f"17% worse: {BACKFILL}, pipeline / dlt: 0.52 (0.50 to 0.54) then, 0.61 (0.60 to 0.62) now"],
            id="worse",
        ),
        pytest.param(
            [(40, 100), (40, 100), (40, 100)],
            [f"23% better: {BACKFILL}, pipeline / dlt: 0.52 (0.50 to 0.54) then, 0.40 now"],
            id="better",
        ),
    ],
)
def test_a_ratio_has_moved_where_its_rounds_have_no_value_in_common_with_those_of_then(walls, found):
    head, *said = moved(record(*walls), THEN)
    assert head.startswith(f"Of 1 ratios, {len(found)} moved")
    assert said == found


@pytest.mark.parametrize(
    "now", [record((90, 100), (91, 100)), replace(record((90, 100), (91, 100), (92, 100)), rows=20)]
)
def test_two_rounds_or_other_rows_say_nothing_of_what_moved(now):
    (said,) = moved(now, THEN)
    assert said.startswith("Not held against the last release: it takes 3 rounds of the same rows")


def test_a_ratio_is_of_two_loaders_in_one_round():
    assert record((50, 100), (100, 200), (150, 300)).ratio(BACKFILL, "pipeline", "dlt") == Spread(
        0.5, 0.5, 0.5
    )


def test_what_was_not_measured_then_or_now_has_not_moved():
    unmeasured = replace(THEN, cases={BACKFILL: {"pipeline": THEN.cases[BACKFILL]["pipeline"]}})
    for now, then in ((unmeasured, THEN), (THEN, unmeasured)):
        assert len(moved(now, then)) == 1


def test_what_is_kept_is_read_as_it_was_written(tmp_path):
    THEN.write(tmp_path / "job.json")
    assert Record.read(tmp_path / "job.json") == THEN


def test_the_table_has_medians_spread_ratio_and_ghosts():
    lines = list(table(THEN))
    assert "| First backfill of a year | 52.0 (50.0 to 54.0) | 100.0 | 0.52 (0.50 to 0.54) |" in lines
    assert lines[-1].endswith("dlt up to 7.")


def test_the_pages_show_what_is_kept():
    assert PHRASE.search(README.read_text(encoding="utf-8"))
    for page, text in pages(Record.read()).items():
        assert page.read_text(encoding="utf-8") == text, f"make bench-job ARGS=--keep writes {page.name}"
